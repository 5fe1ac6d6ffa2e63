"""When to try a call to the other side again: a pure rule over the kind of failure, the try and the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Failure(Enum):
    """How a call failed, as far as repeating it is concerned.

    `THROTTLED`: the other side asks everyone to slow down (429, 529); nothing was done.
    `CONFLICT`: a collision on the other side (409 conflict_error); nothing was done.
    `UNREACHED`: no connection could be made; nothing was sent.
    `UNCERTAIN`: no usable answer (5xx, timeout, broken reply); it may have been done.
    `SAVED`: the other side says that it was done and must not be repeated; only the answer is missing.
    `FINAL`: refused for good.
    """

    THROTTLED = "throttled"
    CONFLICT = "conflict"
    UNREACHED = "unreached"
    UNCERTAIN = "uncertain"
    SAVED = "saved"
    FINAL = "final"


DEFAULT_TRIES: Mapping[Failure, int] = {
    Failure.THROTTLED: 10,
    Failure.CONFLICT: 6,
    Failure.UNREACHED: 4,
    Failure.UNCERTAIN: 6,
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped exponential backoff. Times in seconds; `tries` counts all tries of a call, the first included.

    `patience` is the longest time the other side may ask for: past it the call fails at once instead of
    waiting (the pause itself still holds for every later call).
    """

    first: float = 1.0
    cap: float = 60.0
    patience: float = 900.0
    tries: Mapping[Failure, int] = field(default_factory=lambda: DEFAULT_TRIES)

    def wait(
        self, failure: Failure, attempt: int, *, idempotent: bool, asked: float | None, jitter: float
    ) -> float | None:
        """Seconds until the next try, or None to give up.

        `attempt` is the number of the try that failed, from 1. `asked` is the Retry-After of the other side: it
        is obeyed in full, not capped. `jitter` in [0, 1) spreads waits over the upper half of the step.
        """
        if failure is Failure.UNCERTAIN and not idempotent:
            return None
        if attempt >= self.tries.get(failure, 1):
            return None
        step: float = min(self.cap, self.first * 2.0 ** min(attempt - 1, 30))
        backoff = step * (0.5 + 0.5 * jitter)
        if asked is None:
            return backoff
        return None if asked > self.patience else max(asked, 0.0)
