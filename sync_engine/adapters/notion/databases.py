"""Databases and data sources: read, found under a page, created, and their properties changed."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.adapters.notion.budget import wait_or_stop
from sync_engine.adapters.notion.calls import Call, Effect, get
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.errors import SavedWithoutAnswer
from sync_engine.adapters.notion.paging import LARGEST_PAGE, listed, next_cursor
from sync_engine.adapters.notion.schemas import parse_data_source, still_missing, title_runs
from sync_engine.adapters.notion.wire import as_object, as_text, in_trash, objects, plain_text, uuid_text
from sync_engine.domain.schema import DataSource
from sync_engine.domain.values import JsonObject
from sync_engine.errors import NotionError, NotionNotFound, NotionRejected, NotionUnavailable
from sync_engine.ports.clock import Clock

_SCHEMA_TRIES = 4


class Databases:
    """Thread-safe."""

    def __init__(self, client: NotionClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def data_source(self, data_source_id: str) -> DataSource:
        """Its schema as it is now."""
        return _readable(self._client.send(get(f"data_sources/{data_source_id}")).body)

    def data_sources_of(self, database_id: str) -> Sequence[str]:
        """Ids of the data sources in a database. Raises NotionRejected for a linked view, which has none."""
        found = self._client.send(get(f"databases/{database_id}")).body
        ids = [uuid_text(source.get("id")) for source in objects(found.get("data_sources"))]
        if not ids:
            raise NotionRejected(
                f"database {database_id} has no data source of its own: it is a view of another database",
                hint="share the original database with the connection and name that one",
            )
        return ids

    def children_of(self, page_id: str) -> Sequence[tuple[str, str]]:
        """(database id, title) directly under a page, from its blocks.

        Search is used only where the blocks may not be read: it lags and is not exhaustive (notion-api.md §4).
        """
        try:
            blocks = list(listed(self._client, f"blocks/{page_id}/children"))
        except NotionNotFound:
            raise
        except NotionRejected:
            return self._searched(page_id)
        return [
            (uuid_text(block.get("id")), as_text(as_object(block.get("child_database")).get("title")))
            for block in blocks
            if block.get("type") == "child_database" and not in_trash(block)
        ]

    def create(self, parent_page_id: str, title: str, icon: str, properties: JsonObject) -> DataSource:
        """Create a database. Raises NotionUnavailable with the database's id when only its schema is unread."""
        body: JsonObject = {
            "parent": {"type": "page_id", "page_id": parent_page_id},
            **title_runs(title),
            "initial_data_source": {"properties": properties},
        }
        if icon:
            body["icon"] = {"type": "emoji", "emoji": icon}
        database = self._create(body)
        database_id = uuid_text(database.get("id"))
        try:
            sources = [uuid_text(item.get("id")) for item in objects(database.get("data_sources"))]
            sources = sources or list(self.data_sources_of(database_id))
            return self.data_source(sources[0])
        except NotionError as error:
            raise NotionUnavailable(
                f"database {title!r} was created, but its schema could not be read: {error.message}",
                hint=error.hint,
                status=error.status,
                api_code=error.api_code,
                may_have_committed=True,
                committed_resource_id=database_id,
            ) from error

    def _create(self, body: JsonObject) -> JsonObject:
        try:
            found = self._client.send(Call("POST", "databases", Effect.CREATE, body)).body
        except SavedWithoutAnswer as saved:
            if not saved.committed_resource_id:
                raise
            found = {"id": saved.committed_resource_id}
        if not as_text(found.get("id")):
            raise NotionUnavailable(
                "Notion answered the creation of a database with something else", may_have_committed=True
            )
        return found

    def restore(self, database_id: str) -> None:
        """Out of the trash."""
        self._client.send(Call("PATCH", f"databases/{database_id}", Effect.SET, {"in_trash": False}))

    def change(self, data_source_id: str, properties: JsonObject) -> DataSource:
        """Change the schema. When an answer is lost, the schema is read and only what is missing is sent again."""
        missing, attempt = properties, 0
        while True:
            call = Call("PATCH", f"data_sources/{data_source_id}", Effect.CREATE, {"properties": missing})
            try:
                return _readable(self._client.send(call).body, may_have_committed=True)
            except NotionUnavailable as lost:
                attempt += 1
                if not lost.may_have_committed or attempt >= _SCHEMA_TRIES:
                    raise
            wait_or_stop(self._clock, float(attempt))
            source = self.data_source(data_source_id)
            missing = still_missing(missing, source)
            if not missing:
                return source

    def _searched(self, page_id: str) -> Sequence[tuple[str, str]]:
        found: dict[str, str] = {}
        cursor = ""
        while True:
            body: JsonObject = {
                "filter": {"property": "object", "value": "data_source"},
                "page_size": LARGEST_PAGE,
            }
            if cursor:
                body["start_cursor"] = cursor
            answer = self._client.send(Call("POST", "search", body=body))
            for source in objects(answer.body.get("results")):
                parent = as_object(source.get("database_parent"))
                if uuid_text(parent.get("page_id")) == uuid_text(page_id) and not in_trash(source):
                    database_id = uuid_text(as_object(source.get("parent")).get("database_id"))
                    found.setdefault(database_id, plain_text(source.get("title")))
            if not (cursor := next_cursor(answer, cursor)):
                return list(found.items())


def _readable(found: JsonObject, *, may_have_committed: bool = False) -> DataSource:
    """The data source; NotionUnavailable when the answer is none, so that no schema ever looks empty."""
    if not as_text(found.get("id")) or not isinstance(found.get("properties"), dict):
        raise NotionUnavailable(
            "Notion answered with something that is no data source", may_have_committed=may_have_committed
        )
    return parse_data_source(found)
