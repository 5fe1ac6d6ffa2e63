"""The lease of the continuous run: one holder, an expiry by the server's clock, and a fencing token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync_engine.domain.values import JsonObject

RUN = "run"
"""The name of the lease that `sync-engine run` holds; one installation has one Notion connection."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """A lease as stored. `token` grows by one at each change of holder; `live`: not expired by the server's clock.

    `state` is what the holder last told of itself; it stays when the lease ends.
    """

    name: str
    token: int
    holder: str
    acquired_at: datetime
    renewed_at: datetime
    expires_at: datetime
    live: bool
    state: JsonObject


class Leases(Protocol):
    """`sync_leases`. Times are the server's; seconds are given by the caller."""

    def take(self, name: str, holder: str, seconds: float) -> int | None:
        """Take a lease that nobody holds or that has expired; its new token, or None while another holds it.

        Waits for transactions of the former holder that have checked their token already, so that none of them
        commits after this one.
        """
        ...

    def renew(self, name: str, token: int, seconds: float, state: JsonObject) -> bool:
        """Hold it for so many seconds from now; False when the token is no longer the lease's."""
        ...

    def release(self, name: str, token: int, state: JsonObject) -> None:
        """Let it go; nothing happens when it was taken over already."""
        ...

    def holds(self, name: str, token: int, idle_limit: float = 0.0) -> bool:
        """Whether the token is still the lease's; if so, nobody can take it before this transaction ends.

        With `idle_limit` the server ends the transaction when nothing was asked in it for so many seconds, so that
        a holder that is frozen inside of one does not keep the lease.
        """
        ...

    def get(self, name: str) -> LeaseRow | None:
        """The lease, or None when it was never taken."""
        ...
