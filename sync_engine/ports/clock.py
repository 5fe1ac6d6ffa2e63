"""Time and identifiers, injected so that tests can stage them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock of this process, and waiting that can be staged."""

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; for durations and budgets."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or earlier when the process was asked to stop."""
        ...


class IdSource(Protocol):
    """Makes identifiers that sort by time."""

    def new_id(self) -> str:
        """A new, unique, time-ordered text id (UUIDv7 layout)."""
        ...
