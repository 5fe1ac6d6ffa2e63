"""The request ledger: what all processes of an installation have asked of Notion in the last minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

WINDOW = 60.05
"""Seconds: Notion's window of 60 s (notion-api.md §5) and a little for unequal clocks."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`id`: the request is counted under it (0: nobody counts it).

    Otherwise `wait`: seconds until it is worth asking again, and `paused`: whether Notion asked for that.
    """

    id: int = 0
    wait: float = 0.0
    paused: bool = False


class RequestLedger(Protocol):
    """Shared through the database. Safe from any thread, and never an error: while the database cannot be asked,
    each process keeps to the budget by itself."""

    def claim(self, limit: int) -> Claim:
        """Count a request that is about to be sent, unless `limit` requests count already."""
        ...

    def answered(self, claim: Claim) -> None:
        """Its answer came, or will never come: it counts for one window from now."""
        ...

    def pause(self, seconds: float) -> None:
        """No process sends anything for so long."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerState:
    """`used`: requests that count now; `paused`: seconds of a pause to go."""

    used: int
    paused: float


class Requests(Protocol):
    """`sync_requests`, as `status` reads it."""

    def state(self) -> LedgerState:
        """How many requests of all processes count now."""
        ...
