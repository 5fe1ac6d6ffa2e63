"""The mass-change brake: what it stopped, and what a person let go on.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261124_brake"
down_revision = "20261123_continuous_run"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_braked (
    record_id BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    mapping INTEGER NOT NULL,
    side "char" NOT NULL,
    approved BOOLEAN DEFAULT false NOT NULL,
    kind TEXT NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    CONSTRAINT sync_braked_pkey PRIMARY KEY (record_id),
    CONSTRAINT sync_braked_record_id_fkey FOREIGN KEY (record_id)
        REFERENCES sync_engine.sync_records (id) ON DELETE CASCADE
);
CREATE INDEX sync_braked_mapping_idx ON sync_engine.sync_braked (mapping);
COMMENT ON TABLE sync_engine.sync_braked
    IS 'Deletes and updates that wait behind the mass-change brake, or that a person let go on'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_braked FROM PUBLIC;
ALTER TABLE sync_engine.sync_braked ENABLE ROW LEVEL SECURITY
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_braked")
