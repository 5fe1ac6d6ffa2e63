"""Trouble: which errors a service waits out, for how long, and what it tells about them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sync_engine.domain.schedule import Backoff
from sync_engine.domain.values import Json
from sync_engine.errors import (
    ConfigurationError,
    ConnectionBlocked,
    DatabaseError,
    DatabaseRestored,
    LeaseLost,
    NotSetUp,
    SchemaChanged,
    SyncEngineError,
)
from sync_engine.ports.clock import Clock

BACKOFFS = {"database": Backoff(0.5, 30.0), "other": Backoff(2.0, 300.0)}

_FATAL = (LeaseLost, ConnectionBlocked, NotSetUp, ConfigurationError, SchemaChanged, DatabaseRestored)
"""Waiting mends none of these: somebody has to do something first."""

_log = logging.getLogger(__name__)


@dataclass
class Trouble:
    """Failures in a row, and the pause after the last of them. Times are of the clock that is passed in."""

    failures: int = 0
    error: Exception | None = None
    until: float = 0.0
    since: str = ""
    retry_at: str = ""

    def met(self, error: Exception, clock: Clock) -> None:
        """Another failure. Raises it again when it is one that no waiting mends."""
        if isinstance(error, _FATAL):
            raise error
        kind = "database" if isinstance(error, DatabaseError) else "other"
        if not self.failures:
            self.since = clock.now().isoformat(timespec="seconds")
        self.failures += 1
        self.error = error
        pause = BACKOFFS[kind].pause(self.failures)
        self.until = clock.monotonic() + pause
        self.retry_at = (clock.now() + timedelta(seconds=pause)).isoformat(timespec="seconds")
        fields = {"event": "backing_off", "failures": self.failures, "seconds": pause}
        if isinstance(error, SyncEngineError):
            _log.warning("%s; next try in %.0f s", error, pause, extra=fields)
        else:
            _log.error("unforeseen; next try in %.0f s", pause, exc_info=error, extra=fields)

    def over(self) -> bool:
        """It worked; whether there was trouble before."""
        met = self.failures > 0
        if met:
            told = {"event": "recovered", "failures": self.failures}
            _log.warning("working again after %d failures", self.failures, extra=told)
        self.failures, self.error, self.until, self.since, self.retry_at = 0, None, 0.0, "", ""
        return met

    def pause_left(self, now: float) -> float:
        """Seconds until the next try."""
        return max(0.0, self.until - now)

    def to_json(self) -> Json:
        """For `status`; None when all is well."""
        if self.error is None:
            return None
        known = isinstance(self.error, SyncEngineError)
        return {
            "code": self.error.code if isinstance(self.error, SyncEngineError) else "unexpected",
            "message": str(self.error) if known else f"{type(self.error).__name__}: {self.error}",
            "since": self.since,
            "failures": self.failures,
            "retry_at": self.retry_at,
        }
