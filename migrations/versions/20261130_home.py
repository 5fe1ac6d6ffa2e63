"""Which database this is, so that a restore is noticed; tables that recover from one.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261130_home"
down_revision = "20261129_conflict_inbox"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_home (
    installation UUID DEFAULT gen_random_uuid() NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    rebased BIGINT[] DEFAULT '{}'::bigint[] NOT NULL,
    database OID,
    id SMALLINT DEFAULT 1 NOT NULL,
    system_id TEXT,
    timeline TEXT,
    CONSTRAINT sync_home_pkey PRIMARY KEY (id),
    CONSTRAINT sync_home_only_one_check CHECK (id = 1)
);
COMMENT ON TABLE sync_engine.sync_home
    IS 'Which database this is, to notice that it was restored, moved or copied';
INSERT INTO sync_engine.sync_home DEFAULT VALUES;
ALTER TABLE sync_engine.sync_mappings ADD COLUMN recovering BOOLEAN DEFAULT false NOT NULL
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_home FROM PUBLIC;
ALTER TABLE sync_engine.sync_home ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("ALTER TABLE sync_engine.sync_mappings DROP COLUMN recovering")
    op.execute("DROP TABLE sync_engine.sync_home")
