"""The event log: append what Notion showed, read what both sides did, by snapshot difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class Tick:
    """One reading step: the events that became visible between two snapshots (`pg_snapshot` texts).

    `floor`: every event of the step has a greater seq. `bounds` is what the log remembers to find the next floor.
    """

    previous: str
    current: str
    floor: int = 0
    bounds: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A change that the engine itself observed (Notion), to be appended."""

    source: Side
    mapping: int
    key: str
    op: Op
    before: JsonObject | None
    after: JsonObject | None
    occurred: Interval
    actor: JsonObject
    origin: str = ""
    page_id: str = ""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events `find` returns. Empty or None fields do not filter.

    `field` keeps events that touched it, under this name or `column`. `run` keeps what a run or a rollback of
    that id wrote. `unkeyed` keeps events of pages that had no record key yet, `emptied` those that say that a
    whole table was emptied at once. `seqs` keeps these events, `txid` those of one transaction in Postgres.
    """

    mapping: int | None = None
    key: str = ""
    field: str = ""
    column: str = ""
    actor: str = ""
    source: Side | None = None
    origin: str = ""
    run: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after_seq: int = 0
    limit: int | None = None
    newest_first: bool = False
    page_id: str = ""
    unkeyed: bool = False
    emptied: bool = False
    seqs: tuple[int, ...] = ()
    txid: int = 0


class EventLog(Protocol):
    """Append-only; events are never changed."""

    def tick(self, consumer: str) -> Tick:
        """The step from that consumer's committed cursor to now (first: everything)."""
        ...

    def read(self, tick: Tick, after_seq: int, limit: int) -> Sequence[ChangeEvent]:
        """Postgres events of the tick with `seq > after_seq`, in `seq` order, at most `limit`.

        Notion events are left out: the pull that wrote them has already folded them into the records.
        """
        ...

    def advance(self, consumer: str, tick: Tick) -> None:
        """Move the cursor to the end of the tick, in the caller's transaction; index and seal what it brought."""
        ...

    def seal(self) -> None:
        """Index and seal (`ports/chain.py`) what became visible since the last tick, without reading it."""
        ...

    def append(self, events: Sequence[NewEvent]) -> Sequence[int]:
        """Append, and return the seq of each, in order."""
        ...

    def snapshot_chunk(self, mapping: TableMapping, after_key: tuple[str, ...] | None, limit: int) -> int:
        """Log the next `limit` rows of the table, in key order after `after_key`, as `SNAPSHOT` events.

        Returns how many were logged; each event carries the snapshot it was read under. The chunk's last key
        is `last_snapshot_key`.
        """
        ...

    def log_absences(self, mapping: TableMapping) -> int:
        """Log a delete of every known record whose row is not in the table; returns how many.

        Each carries the snapshot under which the row was missing, so it never undoes a newer insert. Where row
        security hides rows from this role nothing is logged, because a hidden row is not a deleted one.
        """
        ...

    def last_snapshot_key(self) -> tuple[str, ...] | None:
        """Key of the last row logged by `snapshot_chunk` in this transaction."""
        ...

    def find(self, wanted: EventFilter) -> Iterator[ChangeEvent]:
        """Events of both sources that match, in `seq` order (or newest first), streamed."""
        ...

    def position(self) -> tuple[int, str]:
        """The highest seq, and the current snapshot text: what a mark stores."""
        ...
