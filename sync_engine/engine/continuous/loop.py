"""The continuous run: one holder of the lease watches both sides, and does a turn when there is something to do.

It asks three things of a job engine (`ports/jobs.py`): `look` is cron, `turn` is a key that is enqueued, and a
worker runs both. On one machine that is `local_jobs.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from sync_engine.domain.schedule import PollRule
from sync_engine.domain.values import JsonObject
from sync_engine.engine.burst import Burst
from sync_engine.engine.context import Context
from sync_engine.engine.continuous.beating import beating
from sync_engine.engine.continuous.carrier import Carrier
from sync_engine.engine.continuous.polls import Polls
from sync_engine.engine.continuous.selection import Selector
from sync_engine.engine.continuous.tenure import Tenure, take_lease
from sync_engine.engine.continuous.trouble import Trouble
from sync_engine.engine.continuous.turn import Turns
from sync_engine.engine.interrupted import close_interrupted_bursts
from sync_engine.engine.life.retain import retain
from sync_engine.engine.passes.closing import forget_closed
from sync_engine.errors import (
    DatabaseBusy,
    DatabaseError,
    LeaseLost,
    LockHeld,
    NotionUnavailable,
    SchemaChanged,
    SyncEngineError,
)
from sync_engine.ports.jobs import Cron, Queue, Worker
from sync_engine.ports.lease import RUN

LOOK, TURN, TIDY = "look", "turn", "tidy"

TIDY_EVERY = 3600.0
TELL_EVERY = 60.0
"""Seconds between two lines of the log about a backlog."""

HINTS_KEPT = timedelta(hours=72)
"""Longer than Notion repeats a delivery (about a day)."""

_ASK_AGAIN = 2.0
"""Seconds between two looks at a lease that another process holds, or a lock."""

_LOOKS_SHARE = 20.0
"""A look that took t seconds is not repeated within 20 t: looking costs a twentieth of the time at most."""

_log = logging.getLogger(__name__)


def slice_of(requests_per_minute: int | None) -> int:
    """Operations of a bulk in one turn: what ten seconds of the budget allow, within bounds."""
    return min(500, max(10, (requests_per_minute or 3000) // 6))


class Jobs(Queue, Cron, Worker, Protocol):
    """The three seams together."""


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """`look`: seconds between looks at the log. `lease`: seconds that the lease outlives its holder. `slice_size`:
    operations of a bulk in one turn. `threads`: renew the lease from a thread of its own (not in staged time)."""

    polls: PollRule = field(default_factory=PollRule)
    look: float = 1.0
    lease: float = 30.0
    slice_size: int = 30
    proof_every: timedelta = timedelta(hours=24)
    threads: bool = True


@dataclass
class Loop:
    """The run of one process.

    `stopped` says whether it was asked to end; `holder` names it to people. `remapped` gives the installation with
    mappings as they are now, after somebody altered a table.
    """

    context: Context
    options: LoopOptions
    jobs: Jobs
    stopped: Callable[[], bool]
    holder: str
    remapped: Callable[[], Context]
    turns: int = 0
    phase: str = "starting"
    run_id: str = ""
    _trouble: Trouble = field(default_factory=Trouble)
    _look_took: float = 0.0
    _told_at: float = float("-inf")
    _turns: Turns | None = None

    def run(self, *, wait: bool = True) -> None:
        """Hold the lease and work, until asked to stop.

        While another process holds the lease: wait for it, or raise LockHeld. Raises what no patience can mend
        (`trouble.py`): Notion blocks the connection, the installation is gone.
        """
        while not self.stopped():
            token = self._take(wait)
            if token is None:
                return
            tenure = Tenure(
                self.context.database, self.context.clock, RUN, token, self.options.lease, self.describe
            )
            try:
                self._serve(tenure)
            except SchemaChanged as changed:
                _log.info("%s: its mapping is made anew", changed, extra={"event": "schema_changed"})
                self.context = self.remapped()
            except LeaseLost as lost:
                _log.error("%s", lost, extra={"event": "lease_lost"})
                if not wait:
                    raise

    # --- the lease

    def _take(self, wait: bool) -> int | None:
        told = False
        while not self.stopped():
            token = self._taken(waiting=told)
            if token is not None:
                _log.info("running as %s", self.holder, extra={"event": "lease_taken", "token": token})
                return token
            if not wait:
                raise LockHeld(
                    f"another `sync-engine run` is at work on this database: {self._other()}",
                    hint="without --no-wait this one waits until that one ends",
                )
            if not told:
                _log.info("waiting for %s to end", self._other(), extra={"event": "lease_waiting"})
                told = True
            self.context.clock.wait(_ASK_AGAIN)
        return None

    def _taken(self, *, waiting: bool) -> int | None:
        """The lease's token, or None; one that stands by also waits out what happens to the database."""
        try:
            return take_lease(self.context.database, RUN, self.holder, self.options.lease)
        except DatabaseError as error:
            patient = waiting or self.turns > 0 or isinstance(error, DatabaseBusy)
            if not error.retryable or not patient:
                raise
            _log.warning("%s; trying again", error, extra={"event": "lease_not_asked"})
            return None

    def _other(self) -> str:
        with self.context.database.transaction() as uow:
            lease = uow.leases.get(RUN)
        return lease.holder if lease is not None else "another process"

    @contextmanager
    def _held(self, tenure: Tenure) -> Iterator[None]:
        """Renew the lease while the block runs, let it go afterwards, and send nothing without it."""

        def allowed() -> None:
            if self.stopped():
                raise NotionUnavailable("not sent: this process was asked to stop")
            tenure.confirm()

        try:
            with self.context.workspace.guarded(allowed), beating(tenure, self.options.threads):
                yield
        finally:
            try:
                self.phase = "stopped"
                tenure.end()
            except DatabaseError as error:
                _log.warning("the lease ends by itself: %s", error, extra={"event": "lease_left"})

    # --- the work

    def _serve(self, tenure: Tenure) -> None:
        with self._held(tenure):
            context = replace(self.context, database=tenure.fenced())
            close_interrupted_bursts(context)
            turns = Turns(
                context=context,
                polls=Polls(context.clock, self.options.polls),
                carrier=Carrier(context, Selector(self.options.slice_size)),
                proof_every=self.options.proof_every,
                burst=Burst.begin(context),
            )
            self._turns = turns
            self.phase = "idle"
            tenure.renew()
            self.jobs.every(LOOK, self._until_next_look)
            self.jobs.every(TIDY, lambda: TIDY_EVERY)
            jobs = {
                LOOK: lambda: self._attempt(tenure, lambda: self._look(tenure, turns)),
                TURN: lambda: self._attempt(tenure, lambda: self._turn(tenure, turns)),
                TIDY: lambda: self._attempt(tenure, lambda: _tidy(context)),
            }
            self.jobs.run(jobs, self.stopped)
            self._attempt(tenure, turns.end)

    def _until_next_look(self) -> float:
        return max(self.options.look, self._look_took * _LOOKS_SHARE)

    def _look(self, tenure: Tenure, turns: Turns) -> None:
        now = self.context.clock.monotonic()
        if self._trouble.pause_left(now) > 0:
            return
        tenure.renew_if_due()
        wanted = turns.is_wanted() or self._trouble.failures > 0
        self._look_took = self.context.clock.monotonic() - now
        if wanted:
            self.jobs.enqueue(TURN)

    def _turn(self, tenure: Tenure, turns: Turns) -> None:
        if self._trouble.pause_left(self.context.clock.monotonic()) > 0:
            return
        tenure.renew_if_due()
        self.phase, self.run_id = "working", turns.burst.run_id
        self._share(tenure)
        try:
            turns.turn()
        except LeaseLost:
            raise
        except SchemaChanged:
            turns.end()
            raise
        except LockHeld as held:
            self.phase = "waiting for a command"
            _log.debug("%s", held)
            self.jobs.enqueue(TURN, _ASK_AGAIN)
            return
        self.turns += 1
        self._trouble.over()
        if turns.has_more:
            self._tell_backlog(turns)
            self.jobs.enqueue(TURN)
            return
        self.phase = "idle"
        self._share(tenure)

    def _tell_backlog(self, turns: Turns) -> None:
        """A line a minute for whoever reads the log of a long first sync."""
        now, backlog = self.context.clock.monotonic(), turns.carrier.backlog
        if not backlog or now - self._told_at < TELL_EVERY:
            return
        self._told_at = now
        fields = {"event": "backlog", "backlog": backlog, "run_id": turns.burst.run_id}
        _log.info("%d records to go", backlog, extra=fields)

    def _attempt(self, tenure: Tenure, work: Callable[[], None]) -> None:
        """Do it; trouble that may pass becomes a pause, and any other ends the run."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the loop's boundary: a defect in one turn must not end a service
            if self.stopped() and isinstance(error, SyncEngineError) and not isinstance(error, LeaseLost):
                _log.debug("while stopping: %s", error)
                return
            self._trouble.met(error, self.context.clock)
            self.phase = "backing off"
            self._share(tenure)

    def _share(self, tenure: Tenure) -> None:
        """Let `status` know at once, if the database can be reached."""
        try:
            tenure.renew()
        except DatabaseError as error:
            _log.debug("not shared: %s", error)

    # --- what it is doing

    def describe(self) -> JsonObject:
        """What `status` shows of this run; also after it has ended."""
        budget = self.context.workspace.budget()
        state: JsonObject = {
            "phase": self.phase,
            "turns": self.turns,
            "run_id": self.run_id,
            "at": self.context.clock.now().isoformat(timespec="seconds"),
            "budget": {"used": budget.used, "limit": budget.limit, "paused_seconds": round(budget.paused, 1)},
            "error": self._trouble.to_json(),
        }
        turns = self._turns
        if turns is not None:
            backlog = turns.carrier.backlog
            eta = backlog * 60.0 / budget.limit if budget.limit else 0.0
            state |= {"backlog": backlog, "eta_seconds": round(eta, 1), **turns.polls.to_json()}
        return state


def _tidy(context: Context) -> None:
    with context.database.transaction() as uow:
        uow.hints.prune(HINTS_KEPT)
    forget_closed(context)
    if context.keep_log is not None:
        with suppress(LockHeld), context.database.lock():  # a command is at work: in an hour, then
            retain(context, context.keep_log)
