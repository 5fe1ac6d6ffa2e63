"""What is known of rows and pages, what was done about it, and what waits."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, OID

from sync_engine.adapters.postgres.tables.schema import AT, KEY, NOW, identity, metadata
from sync_engine.adapters.postgres.types import Char, Xid8

mappings = Table(
    "sync_mappings",
    metadata,
    identity(Integer),
    Column("name", Text, nullable=False, unique=True),
    Column("schema", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("oid", OID, nullable=False),
    Column("database_id", Text),
    Column("data_source_id", Text),
    Column("key_property_id", Text),
    Column("fields", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("backfilled", Boolean, nullable=False, server_default=text("false")),
    Column("polled_until", AT),
    Column("last_full_scan", AT),
    Column("last_sync", AT),
    Column("recovering", Boolean, nullable=False, server_default=text("false")),
    Column("row_filter", Text, nullable=False, server_default=text("''::text")),  # as written in sync.toml
    Column("row_filter_sql", Text, nullable=False, server_default=text("''::text")),  # as Postgres printed it
    Column("row_filter_due", Boolean, nullable=False, server_default=text("false")),
    Column("matched", Boolean, nullable=False, server_default=text("false")),
    Column("key_numbers", ARRAY(SmallInteger), nullable=False, server_default=text("'{}'::smallint[]")),
)

records = Table(
    "sync_records",
    metadata,
    identity(),
    Column("postgres_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("postgres_txid", Xid8),
    Column("notion_observed_at", AT),
    Column("notion_edited_at", AT),
    Column("mapping", Integer, nullable=False),
    Column("incarnation", Integer, nullable=False, server_default=text("1")),
    Column("postgres_presence", Char, nullable=False, server_default=text("'a'")),
    Column("notion_presence", Char, nullable=False, server_default=text("'a'")),
    Column("key_on_page", Boolean, nullable=False, server_default=text("false")),
    Column("detached", Boolean, nullable=False, server_default=text("false")),
    Column("quiet", Boolean, nullable=False, server_default=text("false")),
    Column("key", KEY),
    Column("page_id", KEY),
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
    identity(),
    Column("at", AT, nullable=False, server_default=NOW),
    Column("record_id", BigInteger, nullable=False),
    Column("mapping", Integer, nullable=False),
    Column("side", Char, nullable=False),
    Column("run_id", KEY, nullable=False),
    Column("key", KEY),
    Column("page_id", KEY),
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
    identity(),
    Column("record_id", BigInteger, nullable=False),
    Column("detected_at", AT, nullable=False, server_default=NOW),
    Column("resolved_at", AT),
    Column("postgres_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("postgres_since", AT),
    Column("postgres_until", AT),
    Column("notion_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("notion_since", AT),
    Column("notion_until", AT),
    Column("mapping", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False, server_default=text("1")),
    Column("policy_version", Integer, nullable=False, server_default=text("1")),
    Column("key", KEY),
    Column("field", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("winner", Text),
    Column("reason", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("run_id", KEY, nullable=False),
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
    Column("at", AT, nullable=False, server_default=NOW),
    Column("mapping", Integer, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("rules", JSONB, nullable=False),
    comment="The rules that decided conflicts: a version for each time that a conflict found them changed",
)

held = Table(
    "sync_held",
    metadata,
    identity(),
    Column("record_id", BigInteger, ForeignKey(records.c.id, ondelete="CASCADE"), nullable=False, unique=True),
    Column("since", AT, nullable=False, server_default=NOW),
    Column("mapping", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("side", Char, nullable=False),
    Column("key", KEY),
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
    Column("since", AT, nullable=False, server_default=NOW),
    Column("mapping", Integer, nullable=False),
    Column("side", Char, nullable=False),  # the side that would be written
    Column("approved", Boolean, nullable=False, server_default=text("false")),
    Column("kind", Text, nullable=False),
    Column("run_id", KEY, nullable=False),
    Index("sync_braked_mapping_idx", "mapping"),
    comment="Deletes and updates that wait behind the mass-change brake, or that a person let go on",
)

inbox = Table(
    "sync_inbox",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("polled_until", AT),
    Column("scanned_at", AT),
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
    Column("intended_at", AT),
    Column("occurrences", Integer, nullable=False),
    Column("page_id", Text, unique=True),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    comment="Which page of the inbox shows which conflict, and the state of the conflict that it shows",
)
