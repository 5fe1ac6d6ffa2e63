"""The conflict inbox as the engine remembers it: its database in Notion, and which row shows which conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from sync_engine.domain.values import JsonObject

InboxState = Literal["creating", "open", "refused", "closed"]
"""`creating`: the request that makes the page is under way, or its answer was lost. `refused`: Notion does not
take the row. `closed`: the conflict was decided, and the row says so."""

NOTE = 0
"""In place of a conflict's id: the one row that says how many more conflicts wait."""


@dataclass(frozen=True, slots=True)
class InboxPlace:
    """The inbox's database. `properties`: Notion's property ids by our names.

    `polled_until`: lower bound of the next poll, None before the first. `trouble`: why it could not be read or
    written at the last try, or empty.
    """

    database_id: str
    data_source_id: str
    properties: JsonObject = field(default_factory=dict)
    polled_until: datetime | None = None
    scanned_at: datetime | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """The row of one conflict. `digest` and `occurrences` are the conflict's when the page was written last; a
    choice on the page is one between the values with that digest."""

    conflict_id: int
    state: InboxState
    page_id: str = ""
    digest: str = ""
    occurrences: int = 0
    intended_at: datetime | None = None


class Inbox(Protocol):
    """`sync_inbox` and `sync_inbox_rows`."""

    def place(self) -> InboxPlace | None:
        """The inbox's database, or None before `setup` has made it."""
        ...

    def put(self, place: InboxPlace) -> None:
        """Store the place."""
        ...

    def forget(self) -> None:
        """Forget the place and all rows; nothing is done in Notion."""
        ...

    def rows(self, states: Sequence[InboxState]) -> Sequence[InboxRow]:
        """Rows in one of these states, by conflict id."""
        ...

    def get(self, conflict_id: int) -> InboxRow | None:
        """The row of a conflict, or None."""
        ...

    def by_page(self, page_id: str) -> InboxRow | None:
        """The row that this page is, or None."""
        ...

    def save(self, row: InboxRow) -> None:
        """Insert or replace."""
        ...

    def remove(self, conflict_id: int) -> None:
        """Forget the row: its page is gone, or never came to be."""
        ...

    def prune(self) -> None:
        """Forget closed rows whose conflict is no longer kept."""
        ...

    def missing(self, mappings: Sequence[int], limit: int) -> Sequence[int]:
        """Ids of open conflicts of these mappings without a row, oldest first; those that Notion refused last."""
        ...

    def outdated(self) -> Sequence[InboxRow]:
        """Open rows whose conflict has changed since, by conflict id."""
        ...

    def over(self) -> Sequence[InboxRow]:
        """Rows whose conflict is not open any more, and that do not say so yet, by conflict id."""
        ...

    def waiting(self, mappings: Sequence[int]) -> int:
        """How many open conflicts of these mappings have no row on show."""
        ...
