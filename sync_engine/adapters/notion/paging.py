"""Listings read to their end: cursors, page sizes that shrink under load, whole relation and people values."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

from sync_engine.adapters.notion.calls import Answer, Call, get
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.pages import item_values, truncated_properties, with_items, without
from sync_engine.adapters.notion.wire import as_text, objects
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionRejected, NotionUnavailable
from sync_engine.ports.workspace import Page

LARGEST_PAGE = 100
SMALLEST_PAGE = 25
_CALM = 10


class PageSizes:
    """Page size by data source: halved when Notion could not serve a query in time, doubled after calm answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._calm: dict[str, int] = {}

    def of(self, data_source_id: str) -> int:
        """The size to ask for now."""
        with self._lock:
            return self._sizes.get(data_source_id, LARGEST_PAGE)

    def shrink(self, data_source_id: str) -> int:
        """Notion was too slow: 100, 50, 25."""
        with self._lock:
            size = max(SMALLEST_PAGE, self._sizes.get(data_source_id, LARGEST_PAGE) // 2)
            self._sizes[data_source_id] = size
            self._calm[data_source_id] = 0
            return size

    def served(self, data_source_id: str) -> None:
        """Notion answered; after ten times in a row the size grows back."""
        with self._lock:
            size = self._sizes.get(data_source_id, LARGEST_PAGE)
            calm = self._calm.get(data_source_id, 0) + 1
            if size < LARGEST_PAGE and calm >= _CALM:
                self._sizes[data_source_id], calm = min(LARGEST_PAGE, size * 2), 0
            self._calm[data_source_id] = calm


def next_cursor(answer: Answer, before: str) -> str:
    """The cursor of the next part, or empty at the end.

    Raises NotionUnavailable when the answer is no listing or leads nowhere: a list must never look complete
    because something else was answered.
    """
    has_more = answer.body.get("has_more")
    if not isinstance(answer.body.get("results"), list) or not isinstance(has_more, bool):
        raise NotionUnavailable("Notion answered a listing with something else")
    if not has_more:
        return ""
    cursor = as_text(answer.body.get("next_cursor"))
    if not cursor or cursor == before:
        raise NotionUnavailable("Notion says that a listing goes on, but not where")
    return cursor


def listing(client: NotionClient, path: str) -> Iterator[Answer]:
    """All answers of a GET listing."""
    cursor = ""
    while True:
        answer = client.send(get(path, page_size=str(LARGEST_PAGE), start_cursor=cursor))
        cursor = next_cursor(answer, cursor)
        yield answer
        if not cursor:
            return


def listed(client: NotionClient, path: str) -> Iterator[JsonObject]:
    """All objects of a GET listing."""
    for answer in listing(client, path):
        yield from objects(answer.body.get("results"))


def query(client: NotionClient, sizes: PageSizes, data_source_id: str, body: JsonObject) -> Answer:
    """One answer of a data source query; `body` without `page_size`, which is chosen and adapted here."""

    def smaller(call: Call) -> Call:
        return replace(call, body={**body, "page_size": sizes.shrink(data_source_id)})

    first = Call(
        "POST",
        f"data_sources/{data_source_id}/query",
        body={**body, "page_size": sizes.of(data_source_id)},
    )
    answer = client.send(first, smaller)
    sizes.served(data_source_id)
    return answer


def complete_page(client: NotionClient, page: Page) -> Page:
    """The page with its whole relation and people values; one request or more for each that was cut short.

    Of a page in the trash, a value that can no longer be read is left out: that must not make the page look
    gone.
    """
    for property_id in truncated_properties(page):
        try:
            page = with_items(page, property_id, _items(client, page.id, property_id))
        except NotionRejected:
            if not page.in_trash:
                raise
            page = without(page, property_id)
    return page


def _items(client: NotionClient, page_id: str, property_id: str) -> list[Json]:
    items: list[Json] = []
    # The id goes into the path as returned, already percent-encoded (notion-api.md §1.3).
    for answer in listing(client, f"pages/{page_id}/properties/{property_id}"):
        items += item_values(answer.body.get("results"))
    return items
