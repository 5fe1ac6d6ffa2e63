"""The request ledger: one budget for all processes of an installation.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261127_request_ledger"
down_revision = "20261126_hash_chain"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_requests (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    counts_until TIMESTAMP WITH TIME ZONE NOT NULL,
    pause BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT sync_requests_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE sync_engine.sync_requests
    IS 'Requests to Notion that still count in its budget, of all processes, and pauses that it asked for'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_requests FROM PUBLIC;
REVOKE ALL ON SEQUENCE sync_engine.sync_requests_id_seq FROM PUBLIC;
ALTER TABLE sync_engine.sync_requests ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_requests")
