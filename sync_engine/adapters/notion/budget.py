"""The request budget of one connection: N requests in any 60 s, over all processes, a shared pause, and lanes."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync_engine.domain.lanes import Lane
from sync_engine.errors import NotionUnavailable
from sync_engine.ports.clock import Clock
from sync_engine.ports.ledger import WINDOW, Claim, RequestLedger

_IN_FLIGHT_POLL = 0.05
_PACED_BURST = 10
_SHORTEST = 0.005
_EARLY = 0.5
_WORTH_TELLING = 5.0

_LEFT_TO_OTHERS = 20
"""One request of so many is left to a person's edit in another process by everything else."""

_log = logging.getLogger(__name__)


class Stopped(NotionUnavailable):
    """The process was asked to stop while a call waited for its turn; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("stopped while waiting for Notion", hint="the process was asked to stop")


def wait_or_stop(clock: Clock, seconds: float) -> None:
    """Wait through the clock; raises Stopped when it came back early because the process must stop."""
    seconds = max(seconds, _SHORTEST)
    before = clock.monotonic()
    clock.wait(seconds)
    if clock.monotonic() - before < seconds * _EARLY:
        raise Stopped


@dataclass(frozen=True, slots=True)
class BudgetState:
    """`used` of `limit` requests in the current window (`limit` None: unlimited); `paused` seconds to go."""

    used: int
    limit: int | None
    paused: float


class Budget:
    """Shared by all threads of a connection; a thread holds a slot for as long as its request is in flight.

    A slot comes free one window after its request was *answered*, not sent: Notion counted it somewhere between
    the two, so this order of events can never put N + 1 requests into one of Notion's own windows.

    With a ledger the same holds for all processes of the installation together; without one, or while it cannot be
    asked, for this process.
    """

    def __init__(
        self,
        clock: Clock,
        per_minute: int | None,
        *,
        patience: float = 900.0,
        ledger: RequestLedger | None = None,
    ) -> None:
        """`patience`: a pause longer than so many seconds is an error, not a wait."""
        self._clock = clock
        self._limit = per_minute
        self._patience = patience
        self._lock = threading.Lock()
        self._in_flight = 0
        self._answered: deque[float] = deque()
        self._ledger = ledger if per_minute is not None else None
        self._paused_until = 0.0
        self._waiting: list[tuple[Lane, int]] = []
        self._tickets = 0
        self._paced_at = 0.0

    def pause(self, seconds: float) -> None:
        """No request of any thread starts for the next `seconds`, nor of any process that shares the ledger."""
        self._pause_here(seconds)
        if self._ledger is not None:
            self._ledger.pause(seconds)

    def _pause_here(self, seconds: float) -> None:
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def state(self) -> BudgetState:
        """How full the window is now."""
        with self._lock:
            now = self._clock.monotonic()
            self._forget(now)
            used = len(self._answered) + self._in_flight
            return BudgetState(used, self._limit, max(0.0, self._paused_until - now))

    @contextmanager
    def slot(self, lane: Lane) -> Iterator[None]:
        """Wait for a turn, then hold it for the body. Raises Stopped, or NotionUnavailable in a long pause."""
        claim = self._enter(lane)
        try:
            yield
        finally:
            if self._ledger is not None:
                self._ledger.answered(claim)
            with self._lock:
                self._in_flight -= 1
                self._answered.append(self._clock.monotonic())

    def _enter(self, lane: Lane) -> Claim:
        """A turn in this process, then one among all."""
        while True:
            self._enter_here(lane)
            claim = self._claim_among_all(lane)
            if not claim.wait:
                return claim
            with self._lock:
                self._in_flight -= 1
            if claim.paused:
                self._pause_here(claim.wait)
            else:
                wait_or_stop(self._clock, claim.wait)

    def _claim_among_all(self, lane: Lane) -> Claim:
        if self._ledger is None or self._limit is None:
            return Claim()
        left = 0 if lane is Lane.INTERACTIVE else self._limit // _LEFT_TO_OTHERS
        return self._ledger.claim(self._limit - left)

    def _enter_here(self, lane: Lane) -> None:
        with self._lock:
            self._tickets += 1
            ticket = (lane, self._tickets)
            self._waiting.append(ticket)
        try:
            while (seconds := self._claim(ticket)) > 0:
                if seconds >= _WORTH_TELLING:
                    _log.info("waiting %.0f s for a turn in Notion's request budget", seconds)
                wait_or_stop(self._clock, seconds)
        finally:
            with self._lock:
                self._waiting.remove(ticket)

    def _claim(self, ticket: tuple[Lane, int]) -> float:
        """Take a slot and return 0, or return how long to wait before asking again."""
        with self._lock:
            now = self._clock.monotonic()
            if self._paused_until > now:
                return self._pause_left(now)
            self._forget(now)
            ahead = sum(1 for other in self._waiting if other < ticket)
            delay = max(self._until_free(now, ahead), self._until_paced(now, ticket[0]))
            if delay <= 0:
                self._in_flight += 1
                self._pace(now, ticket[0])
            return delay

    def _pause_left(self, now: float) -> float:
        left = self._paused_until - now
        if left > self._patience:
            raise NotionUnavailable(
                f"Notion asked this connection to send nothing for another {left:.0f} s",
                hint="try again later",
            )
        return left

    def _forget(self, now: float) -> None:
        while self._answered and self._answered[0] + WINDOW <= now:
            self._answered.popleft()

    def _until_free(self, now: float, ahead: int) -> float:
        """Seconds until a slot is left after `ahead` earlier callers have taken theirs."""
        if self._limit is None:
            return 0.0
        missing = self._in_flight + len(self._answered) + ahead + 1 - self._limit
        if missing <= 0:
            return 0.0
        if missing > len(self._answered):
            return _IN_FLIGHT_POLL
        return self._answered[missing - 1] + WINDOW - now

    def _until_paced(self, now: float, lane: Lane) -> float:
        """Backfill goes evenly, a small burst aside (generic cell rate)."""
        if self._limit is None or lane is not Lane.BACKFILL:
            return 0.0
        return self._paced_at - now - _PACED_BURST * 60.0 / self._limit

    def _pace(self, now: float, lane: Lane) -> None:
        if self._limit is not None and lane is Lane.BACKFILL:
            self._paced_at = max(self._paced_at, now) + 60.0 / self._limit
