"""The carrier: takes open records across in bounded pieces, and knows when going on would move nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.burst import Burst
from sync_engine.engine.context import Context
from sync_engine.engine.continuous.selection import Ids, Selection, Selector
from sync_engine.engine.passes.braking import told
from sync_engine.engine.passes.carry import Pass, SyncOptions, carry
from sync_engine.errors import NotionRejected

RECHECK = 30.0
"""Seconds after which open records that could not be moved are tried again: a person may have decided."""

_log = logging.getLogger(__name__)


@dataclass
class Carrier:
    """`backlog`: open records after the last piece. `settled`: going over them again would move nothing."""

    context: Context
    selector: Selector
    backlog: int = 0
    settled: bool = False
    _moved: int = 0
    _impatient: bool = False
    _recheck_at: float = 0.0
    _refused: dict[str, NotionRejected] = field(default_factory=dict)
    _braked: str = ""

    def unsettle(self) -> None:
        """Something is new."""
        self.settled = self._impatient = False

    def is_wanted(self) -> bool:
        """Whether there is something to carry, or what could not be carried is due for another look."""
        if self.settled and self.backlog and self.context.clock.monotonic() >= self._recheck_at:
            self.unsettle()
        return not self.settled

    def carry(self, burst: Burst, ready: Sequence[TableMapping]) -> Mapping[str, NotionRejected]:
        """Fresh edits first, then a slice of the bulk, in a lane that leaves room in the budget for the former.

        Returns the tables that Notion stopped showing meanwhile.
        """
        self._refused = {}
        with self.context.database.transaction() as uow:
            chosen = self.selector.select(uow, ready, self.context.clock.monotonic())
        if chosen.whole:
            self._whole(burst, ready, chosen)
        else:
            self._piece(burst, ready, chosen)
        self._tell_brake(burst)
        with self.context.database.transaction() as uow:
            self.backlog = sum(uow.backlog.size(mapping.id) for mapping in ready)
        self._recheck_at = self.context.clock.monotonic() + RECHECK
        return self._refused

    def to_postgres(self, burst: Burst, ready: Sequence[TableMapping]) -> None:
        """While Notion cannot be reached: what is known of it already goes to Postgres."""
        self._run(self._pass(burst, ready, SyncOptions(direction="from-notion")))

    def _whole(self, burst: Burst, ready: Sequence[TableMapping], chosen: Selection) -> None:
        if chosen.open:
            work = self._pass(burst, ready, SyncOptions())
            work.waits = len(ready) < len(self.context.mappings)
            self._run(work)
        # Also after the last round of a pass that was not quiet: a ping-pong goes on at the pace of the polls.
        self.settled = True
        self._moved, self._impatient = 0, False

    def _piece(self, burst: Burst, ready: Sequence[TableMapping], chosen: Selection) -> None:
        for among, lane in ((chosen.eager, Lane.INTERACTIVE), (chosen.bulk, Lane.BACKFILL)):
            self._moved += self._some(burst, ready, among, lane)
        if not chosen.ends_sweep:
            return
        # A sweep that moved nothing leaves records that wait for one another (a cycle: broken by not waiting
        # once), and then only those that a person has to decide about.
        self.settled = not self._moved and self._impatient
        self._impatient = not self._moved
        self._moved = 0

    def _some(self, burst: Burst, ready: Sequence[TableMapping], among: Ids, lane: Lane) -> int:
        if not any(among.values()):
            return 0
        work = self._pass(burst, ready, SyncOptions(), lane)
        work.among, work.waits = among, not self._impatient
        return self._run(work)

    def _pass(
        self, burst: Burst, ready: Sequence[TableMapping], options: SyncOptions, lane: Lane = Lane.INTERACTIVE
    ) -> Pass:
        context = replace(self.context, lane=lane)
        return Pass(context, options, burst.run_id, burst.summary, ready, store=burst.store, continuous=True)

    def _run(self, work: Pass) -> int:
        """Run a pass; returns how many operations it applied. Raises the error of Notion that ended it."""
        before = sum(work.summary.total.applied.values())
        work.summary.quiet = True
        work.summary.stops = ()
        carry(work)
        self._refused |= work.refused
        if work.fatal is not None:
            raise work.fatal
        return sum(work.summary.total.applied.values()) - before

    def _tell_brake(self, burst: Burst) -> None:
        waiting = told(burst.summary.stops)
        if waiting and waiting != self._braked:
            message = "the brake stopped %s; everything else goes on"
            _log.warning(message, waiting, extra={"event": "brake", "braked": burst.summary.braked})
        self._braked = waiting
