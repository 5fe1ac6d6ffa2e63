"""Faults at random but repeatable: the same seed and the same requests meet the same faults."""

from __future__ import annotations

import random

from sync_engine.sandbox.faults import Fault

SHARE = 0.08
"""Share of requests that meet a fault."""

_READ_FAULTS = (
    "rate_limited",
    "internal_error",
    "bad_gateway",
    "unavailable",
    "gateway_timeout",
    "overload",
    "drop_before",
    "latency",
)
_WRITE_FAULTS = (
    *_READ_FAULTS,
    "conflict",
    "unavailable_after_commit",
    "gateway_timeout_after_commit",
    "drop_after",
)
_LONGEST_CHAIN = 3
"""Faults in a row at most, so that a client that tries five times gets through."""


class Chaos:
    """Decides for each request whether a fault strikes."""

    def __init__(self, seed: int, share: float = SHARE) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._chain = 0

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, or None."""
        if self._random.random() >= self._share or self._chain >= _LONGEST_CHAIN:
            self._chain = 0
            return None
        self._chain += 1
        query = path.endswith("/query")
        reading = method == "GET" or query or path.endswith("/search")
        kinds = (*_READ_FAULTS, "stale") if query else _READ_FAULTS if reading else _WRITE_FAULTS
        kind = self._random.choice(kinds)
        seconds = {"latency": 0.2, "stale": 5.0}.get(kind, 1.0)
        return Fault(kind, seconds)
