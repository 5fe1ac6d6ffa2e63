"""The conflict inbox in Notion: its database, and which page shows which conflict.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261129_conflict_inbox"
down_revision = "20261128_policy_versions"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sync_engine.sync_inbox (
    id SMALLINT NOT NULL,
    polled_until TIMESTAMP WITH TIME ZONE,
    scanned_at TIMESTAMP WITH TIME ZONE,
    database_id TEXT NOT NULL,
    data_source_id TEXT NOT NULL,
    properties JSONB NOT NULL,
    trouble TEXT,
    CONSTRAINT sync_inbox_pkey PRIMARY KEY (id),
    CONSTRAINT sync_inbox_only_one_check CHECK (id = 1)
);
COMMENT ON TABLE sync_engine.sync_inbox IS 'The database in Notion in which people decide conflicts';
CREATE TABLE sync_engine.sync_inbox_rows (
    conflict_id BIGINT NOT NULL,
    intended_at TIMESTAMP WITH TIME ZONE,
    occurrences INTEGER NOT NULL,
    page_id TEXT,
    state TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT sync_inbox_rows_pkey PRIMARY KEY (conflict_id),
    CONSTRAINT sync_inbox_rows_page_id_key UNIQUE (page_id)
);
COMMENT ON TABLE sync_engine.sync_inbox_rows
    IS 'Which page of the inbox shows which conflict, and the state of the conflict that it shows'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_inbox, sync_engine.sync_inbox_rows FROM PUBLIC;
ALTER TABLE sync_engine.sync_inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_inbox_rows ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_inbox_rows, sync_engine.sync_inbox")
