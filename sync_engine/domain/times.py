"""Version times as intervals: an instant in Postgres, a minute or more in Notion, and a three-valued order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

NOTION_GRANULARITY = timedelta(seconds=60)
"""Notion floors `last_edited_time` to the minute (1,239 of 1,239 recorded times)."""


def iso(at: datetime) -> str:
    """The time as every document has it: ISO 8601 in UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Order(Enum):
    """Which of two version times is the later one; `UNKNOWN` when the intervals overlap."""

    BEFORE = "before"
    AFTER = "after"
    UNKNOWN = "unknown"


class Interval(NamedTuple):
    """The time in which something happened: at `since` or later, at `until` or earlier. Aware, UTC."""

    since: datetime
    until: datetime

    @classmethod
    def instant(cls, at: datetime) -> Interval:
        """The interval of something whose time is known exactly."""
        return cls(at, at)

    def compared_to(self, other: Interval) -> Order:
        """`BEFORE` when all of this interval lies before all of the other, and so on."""
        if self.until < other.since:
            return Order.BEFORE
        if other.until < self.since:
            return Order.AFTER
        return Order.UNKNOWN


def notion_interval(
    last_edited: datetime, observed_at: datetime, last_observed_at: datetime | None, skew: timedelta
) -> Interval:
    """When a Notion edit happened, as far as the observations tell.

    `last_edited` is floored to its minute, so the edit lies in `[last_edited, +60 s)`, widened by the clock
    skew bound on both ends, then narrowed by the observation before it (the value was still the old one) and
    the one that found it. An empty intersection (a clock worse than its bound) falls back to the observations.
    """
    since = last_edited - skew
    until = last_edited + NOTION_GRANULARITY + skew
    if last_observed_at is not None:
        since = max(since, last_observed_at)
    until = min(until, observed_at)
    if since > until:
        since = min(last_edited, observed_at) if last_observed_at is None else min(last_observed_at, observed_at)
        until = observed_at
    return Interval(since, until)
