"""The rows of a query as the endpoint pages through them: a computed list, or a kept order read in place."""

from __future__ import annotations

from bisect import bisect_left
from typing import Protocol

from sync_engine.sandbox.model import Page
from sync_engine.sandbox.store import Store


class Rows(Protocol):
    """All rows of one query, in order."""

    def __len__(self) -> int:
        """Return how many there are."""

    def between(self, start: int, end: int) -> list[Page]:
        """Return the rows from `start` up to but not including `end`."""

    def place(self, page: Page) -> int | None:
        """Return where a page stands, or None when it is not among the rows."""


class Ordered:
    """Rows that were computed."""

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._pages)

    def between(self, start: int, end: int) -> list[Page]:
        """Return the rows from `start` up to but not including `end`."""
        return self._pages[start:end]

    def place(self, page: Page) -> int | None:
        """Return where a page stands, or None."""
        if self._places is None:
            self._places = {each.id: place for place, each in enumerate(self._pages)}
        return self._places.get(page.id)


class Slices:
    """All live rows, the newest first, read from the kept order of creation without copying it."""

    def __init__(self, store: Store, by_creation: list[tuple[int, str]]) -> None:
        self._store = store
        self._order = by_creation

    def __len__(self) -> int:
        return len(self._order)

    def between(self, start: int, end: int) -> list[Page]:
        """Return the rows from `start` up to but not including `end`."""
        size = len(self._order)
        chosen = self._order[max(0, size - end) : max(0, size - start)]
        return [self._store.take(Page, page_id) for _, page_id in reversed(chosen)]

    def place(self, page: Page) -> int | None:
        """Return where a page stands, or None."""
        found = bisect_left(self._order, (page.seq, page.id))
        if found < len(self._order) and self._order[found][1] == page.id:
            return len(self._order) - 1 - found
        return None
