"""Hints: what a webhook said has changed. Never a truth, only a reason to read something earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Hint:
    """One webhook event, ids only. `kind` is Notion's type (`page.deleted`), `data_source_id` the parent of a page
    or empty, `authors` the ids of all who are named as authors."""

    event_id: str
    kind: str
    entity_id: str
    occurred_at: datetime
    data_source_id: str = ""
    authors: Sequence[str] = ()

    @property
    def entity(self) -> str:
        """What changed: `page`, `data_source` …"""
        return self.kind.partition(".")[0]


class Hints(Protocol):
    """`sync_hints`."""

    def add(self, hint: Hint) -> bool:
        """Store, and ring for a `run` that listens; False when an event of that id was stored before."""
        ...

    def waiting(self, limit: int) -> Sequence[Hint]:
        """Hints that nobody has followed yet, oldest first."""
        ...

    def count(self) -> int:
        """How many wait."""
        ...

    def done(self, event_ids: Sequence[str]) -> None:
        """They were followed. They stay stored, so that a repeated delivery is still known."""
        ...

    def prune(self, older_than: timedelta) -> int:
        """Forget followed hints that were received so long ago; returns how many."""
        ...
