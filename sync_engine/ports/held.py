"""Held records: what waits for a person, or for another record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync_engine.domain.events import Side


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record that cannot be applied; its later changes wait behind it."""

    record_id: int
    mapping: int
    key: str
    side: Side
    op: str
    reason: str
    constraint: str = ""
    waiting_for: str = ""
    attempts: int = 1
    id: int = 0
    since: datetime | None = None


class Held(Protocol):
    """`sync_held`: at most one entry a record."""

    def hold(self, held: HeldRecord) -> None:
        """Hold the record, or count another attempt with the newest reason."""
        ...

    def release(self, record_ids: Sequence[int]) -> None:
        """Let records go on."""
        ...

    def of(self, record_ids: Sequence[int]) -> Sequence[HeldRecord]:
        """Those of these records that are held, by id."""
        ...

    def find(self, mapping: int | None = None) -> Sequence[HeldRecord]:
        """By id."""
        ...
