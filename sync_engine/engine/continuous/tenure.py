"""Tenure: the time in which this process holds the lease, and the fence that its end puts around every write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from sync_engine.domain.values import JsonObject
from sync_engine.errors import LeaseLost
from sync_engine.ports.clock import Clock
from sync_engine.ports.database import Database, UnitOfWork

BEATS = 3
"""Renewals in the time of a lease: two of them may fail before another process can take it."""

SHORTEST_SILENCE = 10.0
"""Seconds that a holder may always be silent: a slow machine is not a frozen one."""

Describe = Callable[[], JsonObject]


def take_lease(database: Database, name: str, holder: str, seconds: float) -> int | None:
    """The token of the lease, or None while another process holds it."""
    with database.transaction() as uow:
        return uow.leases.take(name, holder, seconds)


class Tenure:
    """A lease that was taken. Thread-safe. `describe` tells what the holder is doing, for `status`."""

    def __init__(
        self, database: Database, clock: Clock, name: str, token: int, seconds: float, describe: Describe
    ) -> None:
        self._database = database
        self._clock = clock
        self._name = name
        self._token = token
        self._seconds = seconds
        self._describe = describe
        self._lock = threading.Lock()
        self._renewed = clock.monotonic()
        self._touching = threading.Lock()
        self._touches: list[Callable[[], None]] = []

    @property
    def token(self) -> int:
        """The fencing token."""
        return self._token

    @property
    def beat(self) -> float:
        """Seconds between two renewals."""
        return self._seconds / BEATS

    def renew(self) -> None:
        """Renew now. Raises LeaseLost when another process has taken it, and what the database raises."""
        asked = self._clock.monotonic()
        with self._lock:
            with self._database.transaction() as uow:
                held = uow.leases.renew(self._name, self._token, self._seconds, self._describe())
            if not held:
                raise LeaseLost(self._name)
            self._renewed = asked
        with self._touching:
            for touch in self._touches:
                touch()

    def renew_if_due(self) -> None:
        """Renew when a beat has passed since the last time."""
        if self._clock.monotonic() - self._renewed >= self.beat:
            self.renew()

    def confirm(self) -> None:
        """Before anything leaves this process: the lease is ours, or is confirmed by the server first.

        A process that was frozen for longer than its lease finds out here that another one is at work.
        """
        if self._clock.monotonic() - self._renewed >= self._seconds - self.beat:
            self.renew()

    def end(self) -> None:
        """Let the lease go."""
        with self._database.transaction() as uow:
            uow.leases.release(self._name, self._token, self._describe())

    def fenced(self) -> FencedDatabase:
        """The database for everything that is done in this tenure."""
        return FencedDatabase(self._database, self, self._name, self._token)

    @property
    def idle_limit(self) -> float:
        """Seconds of silence after which the server takes back what a frozen holder keeps from others."""
        return max(2 * self._seconds, SHORTEST_SILENCE)

    @contextmanager
    def touching(self, touch: Callable[[], None]) -> Iterator[None]:
        """Call it at each renewal while the block runs."""
        with self._touching:
            self._touches.append(touch)
        try:
            yield
        finally:
            with self._touching:
                self._touches.remove(touch)


class FencedDatabase:
    """Implements `ports.database.Database`: each transaction first proves that the lease is still held.

    The proof holds to the end of the transaction, because a taker waits for it. So nothing that a late holder
    does can be committed after another process has begun.
    """

    def __init__(self, database: Database, tenure: Tenure, name: str, token: int) -> None:
        self._database = database
        self._tenure = tenure
        self._name = name
        self._token = token

    @contextmanager
    def transaction(self, origin: str = "", actor: str = "") -> Iterator[UnitOfWork]:
        """Begin; raises LeaseLost, with nothing done, when the lease was taken over."""
        with self._database.transaction(origin, actor) as uow:
            if not uow.leases.holds(self._name, self._token, self._tenure.idle_limit):
                raise LeaseLost(self._name)
            yield uow

    @contextmanager
    def lock(self, patience: float = 0.0, idle_limit: float = 0.0) -> Iterator[Callable[[], None]]:
        """The lock of the installation, which a turn holds against commands of people; kept by the heartbeat."""
        limit = idle_limit or self._tenure.idle_limit
        with self._database.lock(patience, limit) as touch, self._tenure.touching(touch):
            yield touch

    def rehearsal(self) -> AbstractContextManager[Database]:
        """As of the database itself: nothing of it is kept."""
        return self._database.rehearsal()

    def now(self) -> datetime:
        """The database's clock."""
        return self._database.now()

    def is_set_up(self) -> bool:
        """Whether the engine schema is current."""
        return self._database.is_set_up()

    def upgrade(self) -> None:
        """Bring the engine schema to the version this code needs."""
        self._database.upgrade()
