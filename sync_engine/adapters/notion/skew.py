"""How far Notion's clock may be from ours, measured on the answers' `Date` headers."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_GRANULARITY = timedelta(seconds=1)
_QUICK = timedelta(seconds=5)
_KEPT = 20


def header_time(text: str) -> datetime | None:
    """An HTTP date as aware UTC, or None when it is none."""
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class ClockSkew:
    """Thread-safe. The bound is the worst of the latest answers; slow answers say too little and are left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bounds: deque[timedelta] = deque(maxlen=_KEPT)
        self._slow: timedelta | None = None

    def observe(self, notion: datetime, sent: datetime, answered: datetime) -> None:
        """`notion` is the `Date` of an answer (floored to the second), `sent` and `answered` our own times."""
        trip = max(answered - sent, timedelta())
        bound = abs(notion - (sent + trip / 2)) + _GRANULARITY + trip / 2
        with self._lock:
            if trip <= _QUICK:
                self._bounds.append(bound)
            else:
                self._slow = bound

    def bound(self) -> timedelta | None:
        """The bound, or None before the first answer."""
        with self._lock:
            return max(self._bounds) if self._bounds else self._slow
