"""Runs: each pass, rollback and replay, from its beginning to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sync_engine.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command that may change something."""

    run_id: str
    kind: str
    started_at: datetime
    options: JsonObject
    finished_at: datetime | None = None
    status: str = "running"
    summary: JsonObject = field(default_factory=dict)


class Runs(Protocol):
    """`sync_runs`."""

    def start(self, run: Run) -> None:
        """Store a running run."""
        ...

    def finish(self, run: Run) -> None:
        """Store its end."""
        ...

    def get(self, run_id: str) -> Run | None:
        """By full id or unambiguous prefix; None when there is none."""
        ...

    def running(self) -> Sequence[Run]:
        """Those without an end, oldest first: under way, or cut short by a kill."""
        ...

    def recent(self, limit: int) -> Sequence[Run]:
        """Newest first."""
        ...
