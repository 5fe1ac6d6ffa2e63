"""Who is at work and with what: runs, marks, rollbacks, leases, hints, the request budget."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from sync_engine.adapters.postgres.tables.schema import AT, KEY, NOW, identity, metadata
from sync_engine.adapters.postgres.types import Snapshot

requests = Table(
    "sync_requests",
    metadata,
    identity(),
    Column("counts_until", AT, nullable=False),
    Column("pause", Boolean, nullable=False, server_default=text("false")),
    comment="Requests to Notion that still count in its budget, of all processes, and pauses that it asked for",
)

runs = Table(
    "sync_runs",
    metadata,
    Column("run_id", KEY, primary_key=True),
    Column("started_at", AT, nullable=False),
    Column("finished_at", AT),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("options", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("summary", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index("sync_runs_started_at_idx", "started_at"),
)

rollbacks = Table(
    "sync_rollbacks",
    metadata,
    Column("rollback_id", KEY, primary_key=True),
    Column("started_at", AT, nullable=False),
    Column("undone", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False),
    Column("selection", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index(
        "sync_rollbacks_unfinished_idx",
        "started_at",
        postgresql_where=text("state IN ('planned', 'rows_done')"),
    ),
    comment="Rollbacks, and how far each has come: one that was killed is finished or given up",
)

rollback_steps = Table(
    "sync_rollback_steps",
    metadata,
    Column("rollback_id", KEY, primary_key=True),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("mapping", Integer, nullable=False),
    Column("remedy", Text, nullable=False),
    comment="What is left to do in Notion for a rollback whose rows are as they should be",
)

marks = Table(
    "sync_marks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", AT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("change_id", BigInteger, nullable=False),
    Column("protected", Boolean, nullable=False, server_default=text("false")),
    Column("snapshot", Snapshot, nullable=False),
)

leases = Table(
    "sync_leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False, autoincrement=False),
    Column("acquired_at", AT, nullable=False),
    Column("renewed_at", AT, nullable=False),
    Column("expires_at", AT, nullable=False),
    Column("holder", Text, nullable=False),
    Column("state", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    comment="Who runs, until when, and what it is doing; a write of a holder with an older token is refused",
)

hints = Table(
    "sync_hints",
    metadata,
    Column("event_id", KEY, primary_key=True),
    Column("occurred_at", AT, nullable=False),
    Column("received_at", AT, nullable=False, server_default=NOW),
    Column("done_at", AT),
    Column("kind", Text, nullable=False),
    Column("entity_id", KEY, nullable=False),
    Column("data_source_id", KEY),
    Column("authors", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Index("sync_hints_waiting_idx", "received_at", postgresql_where=text("done_at IS NULL")),
    comment="Webhook events, each once: reasons to read something earlier, never a truth",
)
