"""Pages written to Notion: created once, patched by property, trashed and restored."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.adapters.notion.calls import Call, Effect, get
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.errors import SavedWithoutAnswer
from sync_engine.adapters.notion.keys import PropertySpelling, Spell
from sync_engine.adapters.notion.pages import is_page
from sync_engine.adapters.notion.payloads import page_parent, split_properties
from sync_engine.adapters.notion.reading import Reader
from sync_engine.adapters.notion.wire import uuid_text
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionError, NotionRejected, NotionUnavailable
from sync_engine.ports.workspace import Page


class Writer:
    """Writes pages; thread-safe."""

    def __init__(self, client: NotionClient, reader: Reader, spelling: PropertySpelling) -> None:
        self._client = client
        self._reader = reader
        self._spelling = spelling

    def create(self, data_source_id: str, properties: Mapping[str, Json]) -> Page:
        """Create a page, in several requests when it is too large for one.

        When a later part is refused, the page is put into the trash again and the refusal raised: all or nothing.
        When a later part is lost, NotionUnavailable names the page that exists already.
        """
        first, *rest = split_properties(properties)
        found = self._post(data_source_id, first)
        page_id = uuid_text(found.get("id"))
        try:
            for part in rest:
                found = self._patch(page_id, part)
        except NotionRejected:
            self._take_back(page_id)
            raise
        except NotionUnavailable as lost:
            raise _half_done(lost, page_id) from lost
        try:
            return self._reader.whole(found)
        except NotionError as lost:
            raise _half_done(lost, page_id) from lost

    def update(self, page_id: str, properties: Mapping[str, Json]) -> Page:
        """Patch the given properties; several requests when they are too large for one."""
        if not properties:
            return self._reader.page(page_id)
        found: JsonObject = {}
        for number, part in enumerate(split_properties(properties)):
            try:
                found = self._patch(page_id, part)
            except NotionUnavailable as lost:
                if number == 0:
                    raise
                raise _half_done(lost, "") from lost
        return self._reader.whole(found)

    def set_trash(self, page_id: str, in_trash: bool) -> Page:
        """Into the trash or out of it; where it already is counts as success."""
        try:
            return self._reader.whole(self._send_patch(page_id, {"in_trash": in_trash}))
        except NotionRejected as refused:
            # The words for an edit in the trash are known from reports only; the page itself tells where it is.
            if refused.status != 400:
                raise
            page = self._reader.page(page_id)
            if page.in_trash is not in_trash:
                raise
            return page

    def _post(self, data_source_id: str, properties: Mapping[str, Json]) -> JsonObject:
        def post(spell: Spell) -> JsonObject:
            body: JsonObject = {
                "parent": page_parent(data_source_id),
                "properties": {spell(key): value for key, value in properties.items()},
            }
            return self._client.send(Call("POST", "pages", Effect.CREATE, body)).body

        try:
            found = self._spelling.run(properties, post)
        except SavedWithoutAnswer as saved:
            if not saved.committed_resource_id:
                raise
            return self._read_back(saved.committed_resource_id, saved)
        if is_page(found):
            return found
        lost = NotionUnavailable("Notion answered the creation of a page with something else")
        page_id = uuid_text(found.get("id")) if found.get("object") == "page" else ""
        if not page_id:
            raise _half_done(lost, "")
        return self._read_back(page_id, lost)

    def _patch(self, page_id: str, properties: Mapping[str, Json]) -> JsonObject:
        def patch(spell: Spell) -> JsonObject:
            return self._send_patch(
                page_id, {"properties": {spell(key): value for key, value in properties.items()}}
            )

        return self._spelling.run(properties, patch)

    def _send_patch(self, page_id: str, body: JsonObject) -> JsonObject:
        try:
            found = self._client.send(Call("PATCH", f"pages/{page_id}", Effect.SET, body)).body
        except SavedWithoutAnswer as saved:
            return self._read_back(page_id, saved)
        return found if is_page(found) else self._read_back(page_id, None)

    def _read_back(self, page_id: str, lost: NotionUnavailable | None) -> JsonObject:
        """The page that a write left, read instead of the answer that did not come."""
        try:
            found = self._client.send(get(f"pages/{page_id}")).body
        except NotionError as error:
            raise _half_done(lost or error, page_id) from error
        if not is_page(found):
            raise _half_done(lost or NotionUnavailable(f"page {page_id} cannot be read back"), page_id)
        return found

    def _take_back(self, page_id: str) -> None:
        try:
            self._send_patch(page_id, {"in_trash": True})
        except NotionError as error:
            raise _half_done(error, page_id) from error


def _half_done(lost: NotionError, page_id: str) -> NotionUnavailable:
    """The same failure, saying that something was saved and, where known, under which id."""
    return NotionUnavailable(
        lost.message,
        hint=lost.hint,
        status=lost.status,
        api_code=lost.api_code,
        may_have_committed=True,
        committed_resource_id=page_id,
    )
