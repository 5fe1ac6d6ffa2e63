"""The engine's tables, all in the schema `sync_engine` of the user's own database.

Conventions. Codes of one letter are `"char"`: side `p` postgres, `n` notion; op `i` insert, `u` update,
`d` delete, `t` truncate, `s` snapshot, `r` restore; presence `a` absent, `p` present, `g` gone. Optional texts are
NULL where the port has an empty string, so that unique and partial indexes mean what they say. Keys use the
collation "C": compared by bytes, faster, and the same on every server. What metadata cannot hold (row-level
security, rights, storage) is in `sql/engine_schema.sql`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, OID, TIMESTAMP, UUID

from sync_engine.adapters.postgres.types import Char, Snapshot, Xid8

SCHEMA = "sync_engine"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)

_KEY = Text(collation="C")
_AT = TIMESTAMP(timezone=True)
_NOW = text("clock_timestamp()")


def _id(kind: type[Integer] = BigInteger) -> Column[int]:
    # CACHE 1: a cached block of numbers would break the order of the log (3,948 inversions with CACHE 20).
    return Column("id", kind, Identity(always=True, cache=1), primary_key=True)


mappings = Table(
    "sync_mappings",
    metadata,
    _id(Integer),
    Column("name", Text, nullable=False, unique=True),
    Column("schema", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("oid", OID, nullable=False),
    Column("database_id", Text),
    Column("data_source_id", Text),
    Column("key_property_id", Text),
    Column("fields", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("backfilled", Boolean, nullable=False, server_default=text("false")),
    Column("polled_until", _AT),
    Column("last_full_scan", _AT),
    Column("last_sync", _AT),
    Column("recovering", Boolean, nullable=False, server_default=text("false")),
    Column("row_filter", Text, nullable=False, server_default=text("''::text")),  # as written in sync.toml
    Column("row_filter_sql", Text, nullable=False, server_default=text("''::text")),  # as Postgres printed it
    Column("row_filter_due", Boolean, nullable=False, server_default=text("false")),
    Column("matched", Boolean, nullable=False, server_default=text("false")),
    Column("key_numbers", ARRAY(SmallInteger), nullable=False, server_default=text("'{}'::smallint[]")),
)

home = Table(
    "sync_home",
    metadata,
    Column("installation", UUID, nullable=False, server_default=text("gen_random_uuid()")),
    Column("settled_at", _AT, nullable=False, server_default=_NOW),
    Column("rebased", ARRAY(BigInteger), nullable=False, server_default=text("'{}'::bigint[]")),
    Column("database", OID),
    Column("id", SmallInteger, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("system_id", Text),
    Column("timeline", Text),
    CheckConstraint("id = 1", name="only_one"),
    comment="Which database this is, to notice that it was restored, moved or copied",
)

events = Table(
    "sync_events",
    metadata,
    # Fixed-width columns first, by falling alignment: a one-column update must fit in 200 bytes. The transaction
    # id comes before seq: defaults are made in this order, and a number must be drawn under an id.
    Column("txid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("seq", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("occurred", _AT, nullable=False, server_default=_NOW),
    Column("occurred_until", _AT),  # the upper end; NULL: an instant
    Column("recorded_at", _AT),  # NULL: when it occurred
    Column("mapping", Integer, nullable=False),
    Column("schema_version", SmallInteger, nullable=False, server_default=text("1")),
    Column("source", Char, nullable=False),
    Column("op", Char, nullable=False),
    Column("key", _KEY, nullable=False),
    Column("old_key", _KEY),  # the key before an update that changed the primary key
    Column("before", JSONB),
    Column("after", JSONB),
    Column("actor", JSONB),
    Column("origin", Text),  # NULL: a person or an application; else run:<id> or rollback:<id>
    Column("page_id", _KEY),
    Column("snapshot", Snapshot),  # of a snapshot event: what its row was read under
    # No index but the key: each would cost the user's write up to 5 us and 64 to 110 bytes of WAL (ADR 0002).
    # Readers go by seq (tick_bounds.py), histories by sync_history.
    comment="The log: every change of both sides, in the order of seq; append-only",
)

history = Table(
    "sync_history",
    metadata,
    Column("name", _KEY, primary_key=True),  # record key, former key or page id
    Column("mapping", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    comment='Index of the log by record, made by the reader and not by the user\'s write; its cursor is "history"',
)

chain = Table(
    "sync_chain",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("snapshot", Snapshot, nullable=False),  # what the reader had seen
    Column("content", LargeBinary, nullable=False),  # see sql/chain_extend.sql
    Column("hash", LargeBinary, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    comment="The hash chain over the log, made by its reader: each link covers some events and the link before",
)

archives = Table(
    "sync_archives",
    metadata,
    _id(),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("until", _AT, nullable=False),
    Column("first_link", BigInteger, nullable=False, unique=True),
    Column("last_link", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("logged_seq", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("digest", Text, nullable=False),
    comment="Files that hold old events, each some links of the chain as a whole",
)

archived_links = Table(
    "sync_archived_links",
    metadata,
    Column("link", BigInteger, primary_key=True, autoincrement=False),
    Column("archive_id", BigInteger, nullable=False),
    Column("dropped", LargeBinary, nullable=False),
    comment="Which events of an archived link left the log, a bit each; the others still tell what is",
)

redactions = Table(
    "sync_redactions",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("logged_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("was", LargeBinary, nullable=False),
    Column("now", LargeBinary, nullable=False),
    comment="Events whose values were taken out, by the event that tells of it: digests before and after",
)

cursors = Table(
    "sync_cursors",
    metadata,
    Column("consumer", Text, primary_key=True),
    Column("snapshot", Snapshot, nullable=False),
    Column("seq", BigInteger, nullable=False),  # every event that is still to be read has a greater one
    Column("bounds", JSONB, nullable=False),  # see tick_bounds.py
    Column("at", _AT, nullable=False, server_default=_NOW),
)

records = Table(
    "sync_records",
    metadata,
    _id(),
    Column("postgres_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("postgres_txid", Xid8),
    Column("notion_observed_at", _AT),
    Column("notion_edited_at", _AT),
    Column("mapping", Integer, nullable=False),
    Column("incarnation", Integer, nullable=False, server_default=text("1")),
    Column("postgres_presence", Char, nullable=False, server_default=text("'a'")),
    Column("notion_presence", Char, nullable=False, server_default=text("'a'")),
    Column("key_on_page", Boolean, nullable=False, server_default=text("false")),
    Column("detached", Boolean, nullable=False, server_default=text("false")),
    Column("quiet", Boolean, nullable=False, server_default=text("false")),
    Column("key", _KEY),
    Column("page_id", _KEY),
    Column("base", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("postgres", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("notion", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # The live record of a key is the one with the highest incarnation. Checked at the end of each statement, so
    # that rows that swapped their keys can be saved.
    UniqueConstraint("mapping", "key", "incarnation", deferrable=True, initially="IMMEDIATE"),
    UniqueConstraint("page_id"),
    Index("sync_records_open_idx", "mapping", "id", postgresql_where=text("NOT quiet")),
    CheckConstraint("key IS NOT NULL OR page_id IS NOT NULL", name="named"),
    comment="What the engine knows of each record: base, what each side changed since, and where it is",
)

changes = Table(
    "sync_changes",
    metadata,
    _id(),
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("record_id", BigInteger, nullable=False),
    Column("mapping", Integer, nullable=False),
    Column("side", Char, nullable=False),
    Column("run_id", _KEY, nullable=False),
    Column("key", _KEY),
    Column("page_id", _KEY),
    Column("op", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'intent'")),
    Column("cause", Text),
    Column("error", Text),
    Column("seqs", ARRAY(BigInteger), nullable=False, server_default=text("'{}'::bigint[]")),
    Column("before", JSONB),
    Column("after", JSONB),
    Index("sync_changes_run_id_idx", "run_id", "id"),
    Index("sync_changes_mapping_key_id_idx", "mapping", "key", "id"),
    Index("sync_changes_intent_idx", "id", postgresql_where=text("status = 'intent'")),
    comment="The journal: each applied change with its before and after images; the rollback record",
)

conflicts = Table(
    "sync_conflicts",
    metadata,
    _id(),
    Column("record_id", BigInteger, nullable=False),
    Column("detected_at", _AT, nullable=False, server_default=_NOW),
    Column("resolved_at", _AT),
    Column("postgres_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("postgres_since", _AT),
    Column("postgres_until", _AT),
    Column("notion_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("notion_since", _AT),
    Column("notion_until", _AT),
    Column("mapping", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False, server_default=text("1")),
    Column("policy_version", Integer, nullable=False, server_default=text("1")),
    Column("key", _KEY),
    Column("field", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("winner", Text),
    Column("reason", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("run_id", _KEY, nullable=False),
    Column("resolved_by", Text),
    Column("base", JSONB, nullable=False),  # a field value: no value is the JSON null, never SQL NULL
    Column("postgres_value", JSONB, nullable=False),
    Column("postgres_actor", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("notion_value", JSONB, nullable=False),
    Column("notion_actor", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index("sync_conflicts_open_idx", "record_id", "field", unique=True, postgresql_where=text("status = 'open'")),
    Index("sync_conflicts_status_idx", "status", "mapping", "id"),
    Index("sync_conflicts_record_id_idx", "record_id"),
    Index(
        "sync_conflicts_closed_idx",
        text("coalesce(resolved_at, detected_at)"),
        postgresql_where=text("status <> 'open'"),
    ),
    comment="Two different edits of one field, with both values; kept while open, and a while after",
)

policies = Table(
    "sync_policies",
    metadata,
    Column("at", _AT, nullable=False, server_default=_NOW),
    Column("mapping", Integer, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("rules", JSONB, nullable=False),
    comment="The rules that decided conflicts: a version for each time that a conflict found them changed",
)

held = Table(
    "sync_held",
    metadata,
    _id(),
    Column("record_id", BigInteger, ForeignKey(records.c.id, ondelete="CASCADE"), nullable=False, unique=True),
    Column("since", _AT, nullable=False, server_default=_NOW),
    Column("mapping", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("side", Char, nullable=False),
    Column("key", _KEY),
    Column("op", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("constraint", Text),
    Column("waiting_for", Text),
    comment="Records that cannot be applied; their later changes wait behind them",
)

braked = Table(
    "sync_braked",
    metadata,
    Column("record_id", BigInteger, ForeignKey(records.c.id, ondelete="CASCADE"), primary_key=True),
    Column("since", _AT, nullable=False, server_default=_NOW),
    Column("mapping", Integer, nullable=False),
    Column("side", Char, nullable=False),  # the side that would be written
    Column("approved", Boolean, nullable=False, server_default=text("false")),
    Column("kind", Text, nullable=False),
    Column("run_id", _KEY, nullable=False),
    Index("sync_braked_mapping_idx", "mapping"),
    comment="Deletes and updates that wait behind the mass-change brake, or that a person let go on",
)

requests = Table(
    "sync_requests",
    metadata,
    _id(),
    Column("counts_until", _AT, nullable=False),
    Column("pause", Boolean, nullable=False, server_default=text("false")),
    comment="Requests to Notion that still count in its budget, of all processes, and pauses that it asked for",
)

inbox = Table(
    "sync_inbox",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("polled_until", _AT),
    Column("scanned_at", _AT),
    Column("database_id", Text, nullable=False),
    Column("data_source_id", Text, nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("trouble", Text),
    CheckConstraint("id = 1", name="only_one"),
    comment="The database in Notion in which people decide conflicts",
)

inbox_rows = Table(
    "sync_inbox_rows",
    metadata,
    Column("conflict_id", BigInteger, primary_key=True, autoincrement=False),
    Column("intended_at", _AT),
    Column("occurrences", Integer, nullable=False),
    Column("page_id", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    comment="Which page of the inbox shows which conflict, and the state of the conflict that it shows",
)

runs = Table(
    "sync_runs",
    metadata,
    Column("run_id", _KEY, primary_key=True),
    Column("started_at", _AT, nullable=False),
    Column("finished_at", _AT),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("options", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("summary", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index("sync_runs_started_at_idx", "started_at"),
)

rollbacks = Table(
    "sync_rollbacks",
    metadata,
    Column("rollback_id", _KEY, primary_key=True),
    Column("started_at", _AT, nullable=False),
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
    Column("rollback_id", _KEY, primary_key=True),
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
    Column("at", _AT, nullable=False),
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
    Column("acquired_at", _AT, nullable=False),
    Column("renewed_at", _AT, nullable=False),
    Column("expires_at", _AT, nullable=False),
    Column("holder", Text, nullable=False),
    Column("state", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    comment="Who runs, until when, and what it is doing; a write of a holder with an older token is refused",
)

hints = Table(
    "sync_hints",
    metadata,
    Column("event_id", _KEY, primary_key=True),
    Column("occurred_at", _AT, nullable=False),
    Column("received_at", _AT, nullable=False, server_default=_NOW),
    Column("done_at", _AT),
    Column("kind", Text, nullable=False),
    Column("entity_id", _KEY, nullable=False),
    Column("data_source_id", _KEY),
    Column("authors", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Index("sync_hints_waiting_idx", "received_at", postgresql_where=text("done_at IS NULL")),
    comment="Webhook events, each once: reasons to read something earlier, never a truth",
)
