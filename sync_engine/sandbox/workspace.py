"""A workspace: the store with everything that decides how a request is answered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sync_engine.sandbox.chaos import Chaos
from sync_engine.sandbox.clock import SandboxClock
from sync_engine.sandbox.faults import Faults
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.model import Token
from sync_engine.sandbox.ratelimit import RateLimit
from sync_engine.sandbox.requestlog import RequestLog
from sync_engine.sandbox.seed import Doors
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.webhooks.outbox import Webhooks


@dataclass(slots=True)
class Workspace:
    """Shared by the API, the control endpoints and the page; whoever touches it holds `lock`."""

    store: Store
    ids: IdSource
    clock: SandboxClock
    doors: Doors
    limit: RateLimit
    faults: Faults = field(default_factory=Faults)
    chaos: Chaos | None = None
    webhooks: Webhooks = field(init=False)
    log: RequestLog = field(default_factory=RequestLog)
    revoked: set[str] = field(default_factory=set)
    """Pages and databases that connections lost access to, with all below them."""
    search_lag: int = 0
    """Milliseconds before a change shows in the search."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.webhooks = Webhooks(self.ids)

    def deliver_webhooks(self) -> int:
        """Deliver the events that are waiting and return how many were accepted.

        Takes the lock only to collect: a receiver may ask the API back before it answers.
        """
        with self.lock:
            connection = self.token(self.doors.token)
            bodies = self.webhooks.collect(self.store, connection.id if connection else "")
        return self.webhooks.dispatch(bodies)

    def token(self, secret: str) -> Token | None:
        """Return the token with this secret, or None."""
        for token in self.store.every(Token):
            if token.secret == secret and not token.revoked:
                return token
        return None
