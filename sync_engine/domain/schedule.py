"""When to look again: intervals that follow the activity of a table, and pauses that grow with failures."""

from __future__ import annotations

from dataclasses import dataclass

POLLING_SHARE = 1 / 3
"""Of the request budget, at most so much goes into polls of tables that are quiet."""

_SLOWER = 1.5


@dataclass(frozen=True, slots=True)
class PollRule:
    """Seconds between two polls of a table: `usual` at first, `fastest` after an edit, up to `slowest` in silence.

    `floor` is what the request budget allows, whatever the other three say.
    """

    usual: float = 10.0
    fastest: float = 3.0
    slowest: float = 60.0
    floor: float = 0.0

    def first(self) -> float:
        """The interval that a table begins with."""
        return max(self.usual, self.floor)

    def after(self, interval: float, *, edited: bool) -> float:
        """The next interval, after a poll that found edits or none. Always in [fastest, slowest], or the floor."""
        wanted = self.fastest if edited else interval * _SLOWER
        return max(min(max(wanted, self.fastest), self.slowest), self.floor)


def polling_floor(tables: int, requests_per_minute: int | None) -> float:
    """The shortest interval at which so many tables can be polled within their share of the budget, in seconds."""
    if not requests_per_minute:
        return 0.0
    return tables * 60.0 / (requests_per_minute * POLLING_SHARE)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to pause after the n-th failure in a row (from 1): doubling, capped."""

    first: float
    cap: float

    def pause(self, failures: int) -> float:
        """How long to wait before the next try."""
        step: float = self.first * 2.0 ** min(max(failures, 1) - 1, 30)
        return min(self.cap, step)
