"""The log and all that proves it: events, their index, the chain, archives, redactions."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, OID, UUID

from sync_engine.adapters.postgres.tables.schema import AT, KEY, NOW, identity, metadata
from sync_engine.adapters.postgres.types import Char, Snapshot, Xid8

home = Table(
    "sync_home",
    metadata,
    Column("installation", UUID, nullable=False, server_default=text("gen_random_uuid()")),
    Column("settled_at", AT, nullable=False, server_default=NOW),
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
    Column("occurred", AT, nullable=False, server_default=NOW),
    Column("occurred_until", AT),  # the upper end; NULL: an instant
    Column("recorded_at", AT),  # NULL: when it occurred
    Column("mapping", Integer, nullable=False),
    Column("schema_version", SmallInteger, nullable=False, server_default=text("1")),
    Column("source", Char, nullable=False),
    Column("op", Char, nullable=False),
    Column("key", KEY, nullable=False),
    Column("old_key", KEY),  # the key before an update that changed the primary key
    Column("before", JSONB),
    Column("after", JSONB),
    Column("actor", JSONB),
    Column("origin", Text),  # NULL: a person or an application; else run:<id> or rollback:<id>
    Column("page_id", KEY),
    Column("snapshot", Snapshot),  # of a snapshot event: what its row was read under
    # No index but the key: each would cost the user's write up to 5 us and 64 to 110 bytes of WAL (ADR 0002).
    # Readers go by seq (tick_bounds.py), histories by sync_history.
    comment="The log: every change of both sides, in the order of seq; append-only",
)

history = Table(
    "sync_history",
    metadata,
    Column("name", KEY, primary_key=True),  # record key, former key or page id
    Column("mapping", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    comment='Index of the log by record, made by the reader and not by the user\'s write; its cursor is "history"',
)

chain = Table(
    "sync_chain",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", AT, nullable=False, server_default=NOW),
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
    identity(),
    Column("at", AT, nullable=False, server_default=NOW),
    Column("until", AT, nullable=False),
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
    Column("at", AT, nullable=False, server_default=NOW),
)
