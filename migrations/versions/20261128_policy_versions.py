"""Versions of the policies that decide conflicts, and indexes by which closed conflicts are found and forgotten.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261128_policy_versions"
down_revision = "20261127_request_ledger"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_engine.sync_policies (
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    mapping INTEGER NOT NULL,
    version INTEGER NOT NULL,
    rules JSONB NOT NULL,
    CONSTRAINT sync_policies_pkey PRIMARY KEY (mapping, version)
);
COMMENT ON TABLE sync_engine.sync_policies
    IS 'The rules that decided conflicts: a version for each time that a conflict found them changed'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS = """
REVOKE ALL ON sync_engine.sync_policies FROM PUBLIC;
ALTER TABLE sync_engine.sync_policies ENABLE ROW LEVEL SECURITY
"""

# What was decided before versions were kept has none.
CONFLICTS = """
UPDATE sync_engine.sync_conflicts SET policy_version = 0;
CREATE INDEX sync_conflicts_record_id_idx ON sync_engine.sync_conflicts (record_id);
CREATE INDEX sync_conflicts_closed_idx ON sync_engine.sync_conflicts (coalesce(resolved_at, detected_at))
    WHERE status <> 'open';
COMMENT ON TABLE sync_engine.sync_conflicts
    IS 'Two different edits of one field, with both values; kept while open, and a while after'
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(RIGHTS)
    op.execute(CONFLICTS)


def downgrade() -> None:
    op.execute("DROP TABLE sync_engine.sync_policies")
    op.execute("DROP INDEX sync_engine.sync_conflicts_record_id_idx, sync_engine.sync_conflicts_closed_idx")
    told = "Two different edits of one field, with both values; kept for ever"
    op.execute(f"COMMENT ON TABLE sync_engine.sync_conflicts IS '{told}'")
