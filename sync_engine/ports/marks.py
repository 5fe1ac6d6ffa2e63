"""Marks: named positions across both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mark:
    """A named position across both sides: exact in Postgres, as observed in Notion."""

    name: str
    at: datetime
    seq: int
    snapshot: str
    change_id: int
    protected: bool = False


class Marks(Protocol):
    """`sync_marks`."""

    def create(self, mark: Mark) -> None:
        """Store. Raises UsageError when the name is taken."""
        ...

    def get(self, name: str) -> Mark | None:
        """By name."""
        ...

    def all(self) -> Sequence[Mark]:
        """By time."""
        ...

    def delete(self, name: str) -> None:
        """Remove. Raises UsageError when it is protected or missing."""
        ...
