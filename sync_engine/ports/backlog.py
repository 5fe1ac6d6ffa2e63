"""What is left to do, asked cheaply enough to be asked every second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Backlog(Protocol):
    """Looks at the log and at the open records, by indexes that hold nothing else."""

    def has_news(self, consumer: str) -> bool:
        """Whether a row change became visible since the consumer's cursor."""
        ...

    def size(self, mapping: int) -> int:
        """How many open records no hold blocks."""
        ...

    def eager(self, mapping: int, newer_than: int, limit: int) -> Sequence[int]:
        """Ids of open records that should not wait behind a bulk.

        Those with news from Notion, those that are gone on a side (all of them: the brake must see the whole of a
        mass delete), and `limit` of those whose newest row event has a greater seq, small transactions first.
        """
        ...

    def after(self, mapping: int, record_id: int, limit: int) -> Sequence[int]:
        """Ids of open records with a greater id, by id."""
        ...
