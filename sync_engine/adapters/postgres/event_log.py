"""The event log in the table `sync_events`: written by triggers and by the engine, read by snapshot difference.

A sequence number says in which order things happened to one record, not what is committed: a reader that goes by
`seq > last` loses what commits late. So a tick is a pair of snapshots, and its events are those that the second
sees and the first did not, ordered by seq (the method of PgQ).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import orjson
import psycopg
from sqlalchemy import Connection

from sync_engine.adapters.postgres import images, introspect, tick_bounds
from sync_engine.adapters.postgres.capture_function import shape_of
from sync_engine.adapters.postgres.chain import LINK, with_digest
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.event_rows import captured_events, change_event, rows_to_append
from sync_engine.adapters.postgres.event_search import Indexed, search
from sync_engine.adapters.postgres.snapshot_chunk import absent_rows, snapshot_chunk
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.events import ChangeEvent
from sync_engine.domain.home import WENT_BACK
from sync_engine.domain.keys import decode_key
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Table
from sync_engine.errors import DatabaseError, DatabaseRestored
from sync_engine.ports.event_log import EventFilter, NewEvent, Tick

BEGINNING = "1:1:"
"""The snapshot before any transaction."""

HISTORY = "history"
"""The reader that indexes the log by record, and seals it."""

_LARGE = 10_000
_APPENDED_AT_ONCE = 1000
_FETCHED_AT_ONCE = 1000


class PostgresEventLog:
    """Implements `ports.event_log.EventLog` inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._tables: dict[tuple[str, str], Table] = {}
        self._last_snapshot_key: tuple[str, ...] | None = None
        self._searches = itertools.count(1)

    def tick(self, consumer: str) -> Tick:
        """The step from the consumer's cursor to now. Raises DatabaseError after a restore from a backup."""
        previous, _, bounds = self._cursor_of(consumer)
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(statement("tick_sequence"))
            last_seq, unassigned, planned = cursor.fetchone() or (0, False, True)
            if last_seq > _LARGE and not planned:
                # Autovacuum was not there yet: without statistics a page would sort all that is left of the log.
                cursor.execute("ANALYZE (SKIP_LOCKED) sync_engine.sync_events")
            cursor.execute(statement("tick_snapshot"))
            xid, current = cursor.fetchone() or (0, BEGINNING)
        _refuse_rewind(previous, current, last_seq, bounds)
        fresh = (xid, last_seq) if unassigned else None
        floor = tick_bounds.floor(previous, current, bounds)
        return Tick(previous, current, floor, tick_bounds.kept(current, bounds, fresh))

    def read(self, tick: Tick, after_seq: int, limit: int) -> Sequence[ChangeEvent]:
        """One page of the tick's Postgres events."""
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(
                statement("events_read"), [max(after_seq, tick.floor), tick.previous, tick.current, limit]
            )
            return captured_events(cursor.fetchall())

    def advance(self, consumer: str, tick: Tick) -> None:
        """Move the cursor; index and seal what the tick brought. Raises DatabaseError when another moved it."""
        self._move(consumer, tick)
        self._know(tick)

    def seal(self) -> None:
        """Index and seal what became visible since the last tick."""
        self._know(self.tick(HISTORY))

    def _know(self, tick: Tick) -> None:
        snapshot, _, bounds = self._cursor_of(HISTORY)
        if not tick_bounds.precedes(snapshot, tick.current):
            return  # a later tick has been here
        floor = tick_bounds.floor(snapshot, tick.current, bounds)
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(statement("history_extend"), [floor, snapshot, tick.current])
            cursor.execute(with_digest("chain_extend"), [floor, snapshot, tick.current, LINK])
        self._move(HISTORY, Tick(snapshot, tick.current, floor, tick.bounds))

    def append(self, events: Sequence[NewEvent]) -> Sequence[int]:
        """Append, and return the seq of each, in order."""
        numbers: list[int] = []
        with psycopg.RawCursor(self._driver) as cursor:
            for start in range(0, len(events), _APPENDED_AT_ONCE):
                batch = rows_to_append(events[start : start + _APPENDED_AT_ONCE])
                numbers += sorted(seq for (seq,) in cursor.execute(statement("events_append"), [batch]))
        return numbers

    def snapshot_chunk(self, mapping: TableMapping, after_key: tuple[str, ...] | None, limit: int) -> int:
        """Log the next rows of the table as snapshot events; returns how many. See `snapshot_chunk.py`."""
        table = self._table(mapping)
        shape = shape_of(mapping.id, table, mapping.key_columns, mapping.captured)
        with psycopg.RawCursor(self._driver) as cursor:
            for name, value in images.settings(shape.captured, shape.key).items():
                cursor.execute("SELECT set_config($1, $2, true)", [name, value])
            statement_ = snapshot_chunk(shape, table, resumed=after_key is not None)
            keys = cursor.execute(statement_, [limit, *(after_key or ())]).fetchall()
        if keys:
            self._last_snapshot_key = decode_key(keys[-1][0], len(mapping.key_columns))
        return len(keys)

    def log_absences(self, mapping: TableMapping) -> int:
        """Log a delete of every known record whose row is not in the table. See `snapshot_chunk.py`."""
        table = self._table(mapping)
        shape = shape_of(mapping.id, table, mapping.key_columns, mapping.captured)
        with psycopg.RawCursor(self._driver) as cursor:
            for name, value in images.settings((), shape.key).items():
                cursor.execute("SELECT set_config($1, $2, true)", [name, value])
            cursor.execute(absent_rows(shape, table))
            return cursor.rowcount

    def last_snapshot_key(self) -> tuple[str, ...] | None:
        """Key of the last row logged by `snapshot_chunk` in this transaction."""
        return self._last_snapshot_key

    def find(self, wanted: EventFilter) -> Iterator[ChangeEvent]:
        """Events that match, streamed through a cursor of the server."""
        snapshot, floor, _ = self._cursor_of(HISTORY)
        if wanted.since is not None:
            wanted = replace(wanted, after_seq=max(wanted.after_seq, self._sealed_before(wanted.since)))
        made = search(wanted, Indexed(snapshot, floor))
        name = f"sync_engine_find_{next(self._searches)}"
        with psycopg.RawServerCursor(self._driver, name) as cursor:
            cursor.itersize = _FETCHED_AT_ONCE
            for row in cursor.execute(made.query, made.parameters):
                yield change_event(row)

    def _sealed_before(self, since: datetime) -> int:
        """A number up to which every event had happened by then: drawn before a link that was made before then.

        A minute is allowed for what lies between drawing a number and reading the clock.
        """
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(
                "SELECT coalesce(max(last_seq), 0) FROM sync_engine.sync_chain"
                " WHERE at < $1::timestamptz - interval '1 minute'",
                [since],
            ).fetchone()
        return int(found[0]) if found else 0

    def position(self) -> tuple[int, str]:
        """The highest seq that this transaction sees, and its snapshot."""
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(
                "SELECT coalesce(max(seq), 0), pg_current_snapshot()::text FROM sync_engine.sync_events"
            )
            return cursor.fetchone() or (0, BEGINNING)

    def _cursor_of(self, consumer: str) -> tuple[str, int, Sequence[tick_bounds.Bound]]:
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(
                "SELECT snapshot::text, seq, bounds::text FROM sync_engine.sync_cursors WHERE consumer = $1",
                [consumer],
            ).fetchone()
        if found is None:
            return BEGINNING, 0, ()
        return found[0], found[1], [(xid, seq) for xid, seq in orjson.loads(found[2])]

    def _move(self, consumer: str, tick: Tick) -> None:
        floor = tick_bounds.floor_after(tick.current, tick.bounds)
        bounds = orjson.dumps(tick.bounds).decode()
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(statement("cursor_advance"), [consumer, tick.previous, tick.current, floor, bounds])
            if cursor.rowcount != 1:
                raise DatabaseError(
                    f"another process moved the log's reader {consumer!r} at the same time",
                    hint="run the command again",
                )

    def _table(self, mapping: TableMapping) -> Table:
        name = (mapping.schema, mapping.table)
        if name not in self._tables:
            self._tables |= {
                (found.schema, found.name): found for found in introspect.tables(self._connection, name[:1])
            }
        if name not in self._tables:
            raise DatabaseError(f"table {name[0]}.{name[1]} is not in the database", hint="see: sync-engine plan")
        return self._tables[name]


def _refuse_rewind(previous: str, current: str, last_seq: int, bounds: Sequence[tick_bounds.Bound]) -> None:
    """Transaction ids that start anew would pass for read ones, and their events would be lost silently."""
    ids_went_back = tick_bounds.parse_snapshot(previous)[1] > tick_bounds.parse_snapshot(current)[1]
    if ids_went_back or any(seq > last_seq for _, seq in bounds):
        raise DatabaseRestored(WENT_BACK)
