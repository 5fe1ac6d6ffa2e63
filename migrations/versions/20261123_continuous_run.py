"""The continuous run: its lease, and the hints of webhooks.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_continuous_run"
down_revision = "20261122_engine_schema"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sync_engine.sync_leases (
    name TEXT NOT NULL,
    token BIGINT NOT NULL,
    acquired_at TIMESTAMP WITH TIME ZONE NOT NULL,
    renewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    holder TEXT NOT NULL,
    state JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sync_leases_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE sync_engine.sync_leases
    IS 'Who runs, until when, and what it is doing; a write of a holder with an older token is refused';
CREATE TABLE sync_engine.sync_hints (
    event_id TEXT COLLATE "C" NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    done_at TIMESTAMP WITH TIME ZONE,
    kind TEXT NOT NULL,
    entity_id TEXT COLLATE "C" NOT NULL,
    data_source_id TEXT COLLATE "C",
    authors TEXT[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT sync_hints_pkey PRIMARY KEY (event_id)
);
CREATE INDEX sync_hints_waiting_idx ON sync_engine.sync_hints (received_at) WHERE done_at IS NULL;
COMMENT ON TABLE sync_engine.sync_hints
    IS 'Webhook events, each once: reasons to read something earlier, never a truth'
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS_AND_STORAGE = """
REVOKE ALL ON sync_engine.sync_leases, sync_engine.sync_hints FROM PUBLIC;
ALTER TABLE sync_engine.sync_leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_hints ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_leases SET (fillfactor = 50)
"""

DROP_TABLES = """
DROP TABLE sync_engine.sync_hints;
DROP TABLE sync_engine.sync_leases
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS_AND_STORAGE)


def downgrade() -> None:
    op.execute(DROP_TABLES)
