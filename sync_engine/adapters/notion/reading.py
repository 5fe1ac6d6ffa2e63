"""Pages read from Notion: one, by key, or all that changed; always whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.adapters.notion.authors import Authors, author_of
from sync_engine.adapters.notion.calls import get
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.errors import may_be_lost_cursor
from sync_engine.adapters.notion.keys import PropertySpelling, Spell
from sync_engine.adapters.notion.pages import is_page, parse_page, text_of
from sync_engine.adapters.notion.paging import LARGEST_PAGE, PageSizes, complete_page, next_cursor, query
from sync_engine.adapters.notion.scan import LOST_CURSORS, Rows, Scan
from sync_engine.adapters.notion.wire import as_text, objects
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionNotFound, NotionRejected
from sync_engine.ports.workspace import Page, PageBatch

KEYS_A_QUERY = 50
"""Keys that one look-up asks for; Notion takes about 100 conditions a group (notion-api.md §3)."""

_SORTED_AT_ONCE = 10_000


class Reader:
    """Reads pages; thread-safe."""

    def __init__(self, client: NotionClient, authors: Authors, spelling: PropertySpelling) -> None:
        self._client = client
        self._authors = authors
        self._spelling = spelling
        self._sizes = PageSizes()

    def page(self, page_id: str) -> Page:
        """One page by id, trashed or not."""
        found = self._client.send(get(f"pages/{page_id}")).body
        if not is_page(found):
            raise NotionRejected(
                f"page {page_id} is shown to this connection without its values",
                hint="give the connection the capability to read content",
            )
        return self.whole(found)

    def whole(self, found: JsonObject) -> Page:
        """A page object as Page, with the values that Notion cut short and its last editor."""
        return self.named(self._listed(found))

    def named(self, page: Page) -> Page:
        """The page with its last editor known as well as can be."""
        return replace(page, last_edited_by=self._authors.resolve(page.last_edited_by))

    def _listed(self, found: JsonObject) -> Page:
        """Without asking for its editor: most pages of a listing turn out to be unchanged."""
        return complete_page(self._client, parse_page(found, author_of))

    def changed_since(self, data_source_id: str, since: datetime | None) -> Iterator[PageBatch]:
        """See the port. All pages come by creation; changed ones by edit, in each window of 10,000."""
        rows = Scan(self._client, self._sizes, data_source_id).rows(since)
        if since is not None:
            yield from self._by_edit(rows)
            return
        for part in rows:
            yield PageBatch(self._pages(part.found), part.served_at)

    def find_by_key(self, data_source_id: str, property_id: str, keys: Sequence[str]) -> Sequence[Page]:
        """Pages whose key property is exactly one of the keys."""
        wanted = list(dict.fromkeys(key for key in keys if key))
        found: dict[str, Page] = {}
        for start in range(0, len(wanted), KEYS_A_QUERY):
            some = wanted[start : start + KEYS_A_QUERY]
            for page in self._with_keys(data_source_id, property_id, some):
                found[page.id] = page
        return list(found.values())

    def _with_keys(self, data_source_id: str, property_id: str, keys: Sequence[str]) -> list[Page]:
        def ask(spell: Spell) -> list[JsonObject]:
            conditions: list[Json] = [
                {"property": spell(property_id), "rich_text": {"equals": key}} for key in keys
            ]
            asked: Json = conditions[0] if len(conditions) == 1 else {"or": conditions}
            return self._query(data_source_id, {"filter": asked})

        pages = self._pages(self._spelling.run([property_id], ask))
        exact = set(keys)  # Notion's `equals` may ignore case.
        return [page for page in pages if text_of(page.properties.get(property_id)) in exact]

    def _query(self, data_source_id: str, body: JsonObject) -> list[JsonObject]:
        """All rows of a short listing; begun anew when Notion has forgotten its cursor."""
        found: list[JsonObject] = []
        cursor, lost = "", 0
        while True:
            asked = {**body, "start_cursor": cursor} if cursor else body
            try:
                answer = query(self._client, self._sizes, data_source_id, asked)
            except NotionRejected as refused:
                if not cursor or not may_be_lost_cursor(refused) or lost >= LOST_CURSORS:
                    raise
                found, cursor, lost = [], "", lost + 1
                continue
            found += objects(answer.body.get("results"))
            if not (cursor := next_cursor(answer, cursor)):
                return found

    def _by_edit(self, rows: Iterator[Rows]) -> Iterator[PageBatch]:
        held: dict[str, Page] = {}
        answers = 0
        served_at: datetime | None = None
        for part in rows:
            answers += 1
            if answers == 2 and served_at is not None:
                # The first batch tells when the scan began; the pages follow, each no later than its batch says.
                yield PageBatch((), served_at)
            served_at = part.served_at
            held.update((page.id, page) for page in self._pages(part.found))
            if part.window_ends and len(held) >= _SORTED_AT_ONCE:
                yield from _batches(held, served_at)
                held = {}
        if served_at is not None and (held or answers == 1):
            yield from _batches(held, served_at)

    def _pages(self, found: Iterable[JsonObject]) -> list[Page]:
        pages = (self._readable(row) for row in found if row.get("object") == "page")
        return [page for page in pages if page is not None]

    def _readable(self, row: JsonObject) -> Page | None:
        """The page, or None when it was deleted between the listing and a look at its details."""
        try:
            return self._listed(row) if is_page(row) else self.page(as_text(row.get("id")))
        except NotionNotFound:
            return None


def _batches(held: dict[str, Page], served_at: datetime) -> Iterator[PageBatch]:
    pages = sorted(held.values(), key=lambda page: page.last_edited_time)
    for start in range(0, len(pages) or 1, LARGEST_PAGE):
        yield PageBatch(pages[start : start + LARGEST_PAGE], served_at)
