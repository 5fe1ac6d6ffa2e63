"""A clock that moves only when somebody waits: waiting takes no time, and every wait is on record."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class StagedClock:
    """Implements ports/clock.py `Clock`; thread-safe. `waits` holds the seconds of every wait."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 9, 0, 30, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._elapsed = 0.0
        self.stopped = False
        self.waits: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        with self._lock:
            return 1000.0 + self._elapsed

    def wait(self, seconds: float) -> None:
        with self._lock:
            self.waits.append(seconds)
            if not self.stopped:
                self._elapsed += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._elapsed += seconds
