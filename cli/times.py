"""Times as people write them: ISO 8601, `2 hours ago`, `yesterday`, or the name of a mark."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sync_engine.errors import UsageError

_UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hour": 3600,
    "d": 86400,
    "day": 86400,
    "w": 604800,
    "week": 604800,
}
_AGO = re.compile(r"(?P<count>\d+(?:\.\d+)?|an?)\s*(?P<unit>[a-z]+?)s?\s+ago")
_NAMED = {"now": timedelta(0), "yesterday": timedelta(days=1)}

HINT = "write ISO 8601 (2026-11-22T10:15:00Z, 2026-11-22), or `2 hours ago`"


def parse_time(text: str, now: datetime) -> datetime | None:
    """The time in UTC, or None when the text is no time.

    A time without a zone is UTC; a date alone is its midnight. `yesterday` is 24 hours ago.
    """
    words = " ".join(text.strip().lower().split())
    if words in _NAMED:
        return now - _NAMED[words]
    found = _AGO.fullmatch(words)
    if found is not None:
        return _ago(found, now)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _ago(found: re.Match[str], now: datetime) -> datetime | None:
    seconds = _UNITS.get(found["unit"])
    if seconds is None:
        return None
    count = 1.0 if found["count"].startswith("a") else float(found["count"])
    try:
        return now - timedelta(seconds=count * seconds)
    except OverflowError:
        return None


def parse_position(text: str, now: datetime, mark_time: Callable[[str], datetime | None], option: str) -> datetime:
    """A time, or the time of the mark of that name. Raises UsageError that names the option."""
    moment = parse_time(text, now)
    if moment is None:
        moment = mark_time(text)
    if moment is None:
        raise UsageError(
            f"{option}: {text!r} is neither a time nor a mark",
            hint=f"{HINT}, or a name of `sync-engine mark list`",
        )
    return moment


def lasting(seconds: float) -> str:
    """A duration as people say it: `12 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def shown(text: object) -> str:
    """An ISO 8601 time of a document as tables show it: UTC, to the second; a dash for none."""
    if not isinstance(text, str):
        return "–"
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
