"""Selection: which open records a turn works on, so that a person's edit never waits behind a bulk of others."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.mapping import TableMapping
from sync_engine.ports.database import UnitOfWork

EAGER = 20
"""Fresh changes of one table in Postgres that go before the bulk."""

FRESH = 60.0
"""Seconds for which a change counts as fresh; longer than any ordinary transaction."""

Ids = Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Selection:
    """`whole`: all that is open fits into this turn, and `eager` and `bulk` are empty. Else their ids by mapping.

    `open`: open records in all. `ends_sweep`: with this bulk every open record has had its turn.
    """

    open: int
    whole: bool
    eager: Ids = field(default_factory=dict)
    bulk: Ids = field(default_factory=dict)
    ends_sweep: bool = True


class Selector:
    """Goes round the open records, parents first, a slice a turn; in memory, so a restart begins a new round."""

    def __init__(self, slice_size: int) -> None:
        self._slice = slice_size
        self._table = 0
        self._after = 0
        self._seqs: deque[tuple[float, int]] = deque()

    def select(self, uow: UnitOfWork, mappings: Sequence[TableMapping], now: float) -> Selection:
        """What this turn works on. `now`: monotonic seconds."""
        newer_than = self._fresh_since(uow.events.position()[0], now)
        total = sum(uow.backlog.size(mapping.id) for mapping in mappings)
        if total <= self._slice:
            self._table = self._after = 0
            return Selection(total, whole=True)
        eager = {mapping.id: uow.backlog.eager(mapping.id, newer_than, EAGER) for mapping in mappings}
        bulk, ends = self._next_slice(uow, mappings)
        return Selection(total, False, eager, bulk, ends)

    def _fresh_since(self, seq: int, now: float) -> int:
        """The highest seq of a minute ago (at the beginning: of now, so that nothing is fresh)."""
        self._seqs.append((now, seq))
        while len(self._seqs) > 1 and self._seqs[1][0] <= now - FRESH:
            self._seqs.popleft()
        return self._seqs[0][1]

    def _next_slice(self, uow: UnitOfWork, mappings: Sequence[TableMapping]) -> tuple[Ids, bool]:
        found: dict[int, Sequence[int]] = {}
        room = self._slice
        self._table = min(self._table, len(mappings))
        while room and self._table < len(mappings):
            mapping = mappings[self._table]
            ids = uow.backlog.after(mapping.id, self._after, room)
            found[mapping.id] = ids
            room -= len(ids)
            if room:
                self._table, self._after = self._table + 1, 0
            else:
                self._after = ids[-1]
        ends = self._table >= len(mappings)
        if ends:
            self._table = self._after = 0
        return found, ends
