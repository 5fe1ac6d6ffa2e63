"""Rollbacks as a state machine: how far each has come, and what is left to do in Notion.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261203_rollbacks"
down_revision = "20261202_archives"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sync_engine.sync_rollbacks (
    rollback_id TEXT COLLATE "C" NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    undone BIGINT DEFAULT 0 NOT NULL,
    state TEXT NOT NULL,
    selection JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sync_rollbacks_pkey PRIMARY KEY (rollback_id)
);
CREATE INDEX sync_rollbacks_unfinished_idx ON sync_engine.sync_rollbacks (started_at)
    WHERE state IN ('planned', 'rows_done');
COMMENT ON TABLE sync_engine.sync_rollbacks
    IS 'Rollbacks, and how far each has come: one that was killed is finished or given up';
CREATE TABLE sync_engine.sync_rollback_steps (
    rollback_id TEXT COLLATE "C" NOT NULL,
    record_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    mapping INTEGER NOT NULL,
    remedy TEXT NOT NULL,
    CONSTRAINT sync_rollback_steps_pkey PRIMARY KEY (rollback_id, record_id)
);
COMMENT ON TABLE sync_engine.sync_rollback_steps
    IS 'What is left to do in Notion for a rollback whose rows are as they should be'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_rollbacks, sync_engine.sync_rollback_steps FROM PUBLIC;
ALTER TABLE sync_engine.sync_rollbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_rollback_steps ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_rollback_steps")
    op.execute("DROP TABLE sync_engine.sync_rollbacks")
