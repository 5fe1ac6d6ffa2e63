"""The hash chain over the log, and triggers that keep both append-only.

The cursor of the log's index starts anew, because the chain is made with it: the next pass seals all there is.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

from sync_engine.adapters.postgres.statements import statement

revision = "20261126_hash_chain"
down_revision = "20261125_audit_views"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_chain (
    id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    events INTEGER NOT NULL,
    snapshot pg_snapshot NOT NULL,
    content BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    leaves BYTEA NOT NULL,
    CONSTRAINT sync_chain_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE sync_engine.sync_chain
    IS 'The hash chain over the log, made by its reader: each link covers some events and the link before'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS_AND_STORAGE = """
REVOKE ALL ON sync_engine.sync_chain FROM PUBLIC;
ALTER TABLE sync_engine.sync_chain ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_chain ALTER COLUMN leaves SET STORAGE EXTERNAL
"""

DROP = """
DROP TRIGGER sync_events_append_only ON sync_engine.sync_events;
DROP TRIGGER sync_events_maintained ON sync_engine.sync_events;
DROP TABLE sync_engine.sync_chain;
DROP FUNCTION sync_engine.log_change_v1();
DROP FUNCTION sync_engine.refuse_change_v1()
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS_AND_STORAGE)
    op.execute(statement("append_only_v1"))  # a file with a version in its name never changes
    op.execute("DELETE FROM sync_engine.sync_cursors WHERE consumer = 'history'")


def downgrade() -> None:
    op.execute(DROP)
