"""Redactions: which values were taken out of the log, with the digests that prove that nothing else was changed.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261206_redactions"
down_revision = "20261204_row_filters"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_redactions (
    seq BIGINT NOT NULL,
    logged_seq BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    was BYTEA NOT NULL,
    now BYTEA NOT NULL,
    CONSTRAINT sync_redactions_pkey PRIMARY KEY (seq, logged_seq)
);
COMMENT ON TABLE sync_engine.sync_redactions
    IS 'Events whose values were taken out, by the event that tells of it: digests before and after'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_redactions FROM PUBLIC;
ALTER TABLE sync_engine.sync_redactions ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_redactions")
