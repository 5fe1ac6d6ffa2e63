"""The sandbox's time: a source that can be shifted, and the two ways Notion writes a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE = 60_000
DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_now() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


class SandboxClock:
    """A settable offset over any source of time, so that tests stage minutes without sleeping."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        self._source = source or system_now
        self._offset = timedelta()

    def advance(self, seconds: float) -> None:
        """Move the clock by this many seconds; negative moves it back."""
        self._offset += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """Return the staged time, in UTC."""
        return self._source().astimezone(UTC) + self._offset

    def milliseconds(self) -> int:
        """Return the staged time in milliseconds since 1970."""
        return to_milliseconds(self.now())


def to_milliseconds(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware time."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(value: int) -> datetime:
    """Return the UTC time of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=value)


def minute_floor(value: int) -> int:
    """Cut to the minute, down: what Notion stores for pages (1239 of 1239 recorded times)."""
    return value - value % MINUTE


@lru_cache(maxsize=10_000)
def page_time(value: int) -> str:
    """Write a time as pages, data sources, blocks and comments show it: `2026-06-27T17:13:00.000Z`."""
    return from_milliseconds(value).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value % 1000:03d}Z"


def database_time(value: int) -> str:
    """Write a time as databases show it (recorded 459 of 459): `2026-06-27T16:49:02.556+00:00`."""
    return page_time(value)[:-1] + "+00:00"
