"""The real clock and the real source of identifiers."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID


class SystemClock:
    """Wall clock and waiting; a set `stop` event ends every wait at once, also those begun later."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop if stop is not None else threading.Event()

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or at once when `stop` is set."""
        self.stop.wait(max(0.0, seconds))


class SystemIds:
    """UUIDv7 text (RFC 9562): sorts by time, and within one process strictly by order of making."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new_id(self) -> str:
        """A new id. Made from milliseconds, a 12-bit counter and 62 random bits."""
        with self._lock:
            now = (time.time_ns() // 1_000_000) << 12
            self._last = max(now, self._last + 1)
            stamp = self._last
        random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
        millis, counter = stamp >> 12, stamp & 0xFFF
        return str(UUID(int=(millis << 80) | (7 << 76) | (counter << 64) | (2 << 62) | random))
