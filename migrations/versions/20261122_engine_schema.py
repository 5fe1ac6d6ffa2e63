"""The engine schema: log, cursors, records, journal, conflicts, held records, runs, marks.

Phase: expand.
"""

from __future__ import annotations

from alembic import op

from sync_engine.adapters.postgres.statements import statement

revision = "20261122_engine_schema"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sync_engine.sync_mappings (
    id INTEGER GENERATED ALWAYS AS IDENTITY (CACHE 1),
    name TEXT NOT NULL,
    schema TEXT NOT NULL,
    "table" TEXT NOT NULL,
    oid OID NOT NULL,
    database_id TEXT,
    data_source_id TEXT,
    key_property_id TEXT,
    fields JSONB DEFAULT '{}'::jsonb NOT NULL,
    backfilled BOOLEAN DEFAULT false NOT NULL,
    polled_until TIMESTAMP WITH TIME ZONE,
    last_full_scan TIMESTAMP WITH TIME ZONE,
    last_sync TIMESTAMP WITH TIME ZONE,
    CONSTRAINT sync_mappings_pkey PRIMARY KEY (id),
    CONSTRAINT sync_mappings_name_key UNIQUE (name)
);
CREATE TABLE sync_engine.sync_events (
    txid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    occurred TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    occurred_until TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE,
    mapping INTEGER NOT NULL,
    schema_version SMALLINT DEFAULT 1 NOT NULL,
    source "char" NOT NULL,
    op "char" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    old_key TEXT COLLATE "C",
    before JSONB,
    after JSONB,
    actor JSONB,
    origin TEXT,
    page_id TEXT COLLATE "C",
    snapshot pg_snapshot,
    CONSTRAINT sync_events_pkey PRIMARY KEY (seq)
);
COMMENT ON TABLE sync_engine.sync_events
    IS 'The log: every change of both sides, in the order of seq; append-only';
CREATE TABLE sync_engine.sync_history (
    name TEXT COLLATE "C" NOT NULL,
    mapping INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    CONSTRAINT sync_history_pkey PRIMARY KEY (name, mapping, seq)
);
COMMENT ON TABLE sync_engine.sync_history
    IS 'Index of the log by record, made by the reader and not by the user''s write; its cursor is "history"';
CREATE TABLE sync_engine.sync_cursors (
    consumer TEXT NOT NULL,
    snapshot pg_snapshot NOT NULL,
    seq BIGINT NOT NULL,
    bounds JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT sync_cursors_pkey PRIMARY KEY (consumer)
);
CREATE TABLE sync_engine.sync_records (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    postgres_seq BIGINT DEFAULT 0 NOT NULL,
    postgres_txid xid8,
    notion_observed_at TIMESTAMP WITH TIME ZONE,
    notion_edited_at TIMESTAMP WITH TIME ZONE,
    mapping INTEGER NOT NULL,
    incarnation INTEGER DEFAULT 1 NOT NULL,
    postgres_presence "char" DEFAULT 'a' NOT NULL,
    notion_presence "char" DEFAULT 'a' NOT NULL,
    key_on_page BOOLEAN DEFAULT false NOT NULL,
    detached BOOLEAN DEFAULT false NOT NULL,
    quiet BOOLEAN DEFAULT false NOT NULL,
    key TEXT COLLATE "C",
    page_id TEXT COLLATE "C",
    base JSONB DEFAULT '{}'::jsonb NOT NULL,
    postgres JSONB DEFAULT '{}'::jsonb NOT NULL,
    notion JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sync_records_pkey PRIMARY KEY (id),
    CONSTRAINT sync_records_mapping_key_incarnation_key
        UNIQUE (mapping, key, incarnation) DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT sync_records_page_id_key UNIQUE (page_id),
    CONSTRAINT sync_records_named_check CHECK (key IS NOT NULL OR page_id IS NOT NULL)
);
CREATE INDEX sync_records_open_idx ON sync_engine.sync_records (mapping, id) WHERE NOT quiet;
COMMENT ON TABLE sync_engine.sync_records
    IS 'What the engine knows of each record: base, what each side changed since, and where it is';
CREATE TABLE sync_engine.sync_changes (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    record_id BIGINT NOT NULL,
    mapping INTEGER NOT NULL,
    side "char" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C",
    page_id TEXT COLLATE "C",
    op TEXT NOT NULL,
    status TEXT DEFAULT 'intent' NOT NULL,
    cause TEXT,
    error TEXT,
    seqs BIGINT[] DEFAULT '{}'::bigint[] NOT NULL,
    before JSONB,
    after JSONB,
    CONSTRAINT sync_changes_pkey PRIMARY KEY (id)
);
CREATE INDEX sync_changes_intent_idx ON sync_engine.sync_changes (id) WHERE status = 'intent';
CREATE INDEX sync_changes_mapping_key_id_idx ON sync_engine.sync_changes (mapping, key, id);
CREATE INDEX sync_changes_run_id_idx ON sync_engine.sync_changes (run_id, id);
COMMENT ON TABLE sync_engine.sync_changes
    IS 'The journal: each applied change with its before and after images; the rollback record';
CREATE TABLE sync_engine.sync_conflicts (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    record_id BIGINT NOT NULL,
    detected_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    postgres_seq BIGINT DEFAULT 0 NOT NULL,
    postgres_since TIMESTAMP WITH TIME ZONE,
    postgres_until TIMESTAMP WITH TIME ZONE,
    notion_seq BIGINT DEFAULT 0 NOT NULL,
    notion_since TIMESTAMP WITH TIME ZONE,
    notion_until TIMESTAMP WITH TIME ZONE,
    mapping INTEGER NOT NULL,
    occurrences INTEGER DEFAULT 1 NOT NULL,
    policy_version INTEGER DEFAULT 1 NOT NULL,
    key TEXT COLLATE "C",
    field TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    winner TEXT,
    reason TEXT NOT NULL,
    policy TEXT NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    resolved_by TEXT,
    base JSONB NOT NULL,
    postgres_value JSONB NOT NULL,
    postgres_actor JSONB DEFAULT '{}'::jsonb NOT NULL,
    notion_value JSONB NOT NULL,
    notion_actor JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sync_conflicts_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX sync_conflicts_open_idx ON sync_engine.sync_conflicts (record_id, field) WHERE status = 'open';
CREATE INDEX sync_conflicts_status_idx ON sync_engine.sync_conflicts (status, mapping, id);
COMMENT ON TABLE sync_engine.sync_conflicts
    IS 'Two different edits of one field, with both values; kept for ever';
CREATE TABLE sync_engine.sync_held (
    id BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
    record_id BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    mapping INTEGER NOT NULL,
    attempts INTEGER DEFAULT 1 NOT NULL,
    side "char" NOT NULL,
    key TEXT COLLATE "C",
    op TEXT NOT NULL,
    reason TEXT NOT NULL,
    "constraint" TEXT,
    waiting_for TEXT,
    CONSTRAINT sync_held_pkey PRIMARY KEY (id),
    CONSTRAINT sync_held_record_id_key UNIQUE (record_id),
    CONSTRAINT sync_held_record_id_fkey FOREIGN KEY (record_id)
        REFERENCES sync_engine.sync_records (id) ON DELETE CASCADE
);
COMMENT ON TABLE sync_engine.sync_held
    IS 'Records that cannot be applied; their later changes wait behind them';
CREATE TABLE sync_engine.sync_runs (
    run_id TEXT COLLATE "C" NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    options JSONB DEFAULT '{}'::jsonb NOT NULL,
    summary JSONB DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT sync_runs_pkey PRIMARY KEY (run_id)
);
CREATE INDEX sync_runs_started_at_idx ON sync_engine.sync_runs (started_at);
CREATE TABLE sync_engine.sync_marks (
    name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    seq BIGINT NOT NULL,
    change_id BIGINT NOT NULL,
    protected BOOLEAN DEFAULT false NOT NULL,
    snapshot pg_snapshot NOT NULL,
    CONSTRAINT sync_marks_pkey PRIMARY KEY (name)
)
"""

# See sync_engine/adapters/postgres/sql/engine_schema.sql for the reasons.
RIGHTS_AND_STORAGE = """
REVOKE ALL ON SCHEMA sync_engine FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA sync_engine FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA sync_engine FROM PUBLIC;
ALTER TABLE sync_engine.sync_mappings ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_history ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_records ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_conflicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_held ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_marks ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_engine.sync_events SET (toast_tuple_target = 8160);
ALTER TABLE sync_engine.sync_events ALTER COLUMN before SET STORAGE EXTERNAL;
ALTER TABLE sync_engine.sync_events ALTER COLUMN after SET STORAGE EXTERNAL;
ALTER TABLE sync_engine.sync_records SET (fillfactor = 80);
ALTER TABLE sync_engine.sync_cursors SET (fillfactor = 50);
ALTER TABLE sync_engine.sync_mappings SET (fillfactor = 50)
"""

# The capture functions first, with their triggers: a trigger left without its table would fail every write.
DROP_CAPTURE = """
DO $$
DECLARE
    capture regprocedure;
BEGIN
    FOR capture IN
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'sync_engine'::regnamespace AND p.prorettype = 'trigger'::regtype
    LOOP
        EXECUTE pg_catalog.format('DROP FUNCTION %s CASCADE', capture);
    END LOOP;
END
$$
"""

DROP_TABLES = """
DROP TABLE sync_engine.sync_marks;
DROP TABLE sync_engine.sync_runs;
DROP TABLE sync_engine.sync_held;
DROP TABLE sync_engine.sync_conflicts;
DROP TABLE sync_engine.sync_changes;
DROP TABLE sync_engine.sync_records;
DROP TABLE sync_engine.sync_cursors;
DROP TABLE sync_engine.sync_history;
DROP TABLE sync_engine.sync_events;
DROP TABLE sync_engine.sync_mappings
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS_AND_STORAGE)
    op.execute(statement("capture_actor_v1"))  # a file with a version in its name never changes


def downgrade() -> None:
    op.execute(DROP_CAPTURE)
    op.execute("DROP FUNCTION IF EXISTS sync_engine.capture_actor_v1()")
    op.execute(DROP_TABLES)
