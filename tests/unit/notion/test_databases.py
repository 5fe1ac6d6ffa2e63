"""Databases: found, created without doubling, changed without doing a change twice."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sync_engine.errors import NotionNotFound, NotionRejected, NotionUnavailable
from tests.support.notion import answering, error, html, play, results

DB = "11111111-2222-4333-8444-000000000001"
DS = "11111111-2222-4333-8444-000000000002"
PARENT = "11111111-2222-4333-8444-000000000003"
SAVED = error(503, "service_unavailable", "The change was saved, but the response", committed_resource_id=DB)


def source(**properties: Any) -> dict[str, Any]:
    return {
        "object": "data_source",
        "id": DS,
        "parent": {"type": "database_id", "database_id": DB},
        "database_parent": {"type": "page_id", "page_id": PARENT},
        "title": [{"plain_text": "Agents"}],
        "properties": {"Name": {"id": "title", "type": "title", "title": {}}, **properties},
        "in_trash": False,
    }


DATABASE = {"object": "database", "id": DB, "data_sources": [{"id": DS, "name": "Agents"}]}


def serving(post: httpx.Response, database: httpx.Response | None = None) -> Any:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(post.status_code, content=post.content)
        if "/databases/" in request.url.path:
            return database or httpx.Response(200, json=DATABASE)
        return httpx.Response(200, json=source())

    return handler


@pytest.mark.parametrize("icon", ["", "🤖"])
def test_a_database_is_created_with_its_schema_in_one_request(icon: str) -> None:
    workspace, notion = play(serving(httpx.Response(200, json=DATABASE)))
    made = workspace.create_database(PARENT, "Agents", icon, {"Name": {"title": {}}})
    assert (made.id, made.database_id, made.title) == (DS, DB, "Agents")
    body = notion.bodies()[0]
    assert body["initial_data_source"] == {"properties": {"Name": {"title": {}}}}
    assert body["parent"] == {"type": "page_id", "page_id": PARENT}
    assert body.get("icon") == ({"type": "emoji", "emoji": icon} if icon else None)


def test_a_database_that_notion_saved_and_named_is_read() -> None:
    workspace, notion = play(serving(SAVED))
    assert workspace.create_database(PARENT, "Agents", "", {}).id == DS
    assert [request.method for request in notion.calls] == ["POST", "GET", "GET"]


def test_a_database_whose_creation_is_in_doubt_is_not_created_again() -> None:
    workspace, notion = play(answering(html(504)))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_database(PARENT, "Agents", "", {})
    assert caught.value.may_have_committed
    assert len(notion.calls) == 1


def test_a_created_database_that_cannot_be_read_is_named() -> None:
    workspace, _ = play(serving(SAVED, database=error(404, "object_not_found")))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_database(PARENT, "Agents", "", {})
    assert caught.value.committed_resource_id == DB


def test_a_linked_view_is_refused() -> None:
    workspace, _ = play(answering(httpx.Response(200, json={"object": "database", "id": DB, "data_sources": []})))
    with pytest.raises(NotionRejected, match="view of another") as caught:
        workspace.data_sources_of(DB)
    assert not isinstance(caught.value, NotionNotFound)


BLOCKS = [
    {"object": "block", "id": DB, "type": "child_database", "child_database": {"title": "Agents"}},
    {"object": "block", "id": DS, "type": "child_database", "child_database": {"title": "Old"}, "in_trash": True},
    {"object": "block", "id": PARENT, "type": "child_page", "child_page": {"title": "A page"}},
    {"object": "block", "id": "x", "type": "hologram"},
]


def test_databases_under_a_page_are_found_in_its_blocks() -> None:
    workspace, notion = play(answering(results(BLOCKS[2:], "next"), results(BLOCKS)))
    assert workspace.child_databases(PARENT) == [(DB, "Agents")]
    assert notion.calls[1].url.params["start_cursor"] == "next"


def test_search_is_used_where_blocks_may_not_be_read() -> None:
    elsewhere = {**source(), "database_parent": {"type": "page_id", "page_id": DB}}
    gone = {**source(), "in_trash": True, "parent": {"database_id": "gone"}}

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return error(403, "restricted_resource")
        return results([elsewhere, gone, source()])

    workspace, _ = play(handler)
    assert workspace.child_databases(PARENT) == [(DB, "Agents")]


def test_a_page_that_is_not_shared_is_not_an_empty_one() -> None:
    workspace, _ = play(answering(error(404, "object_not_found")))
    with pytest.raises(NotionNotFound):
        workspace.child_databases(PARENT)


class Schema:
    """A data source whose PATCH answers get lost, before or after the change."""

    def __init__(self, *fates: str) -> None:
        self.fates = list(fates)
        self.properties: dict[str, Any] = {}
        self.patches: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            wanted = json.loads(request.content)["properties"]
            self.patches.append(wanted)
            fate = self.fates.pop(0) if self.fates else "done"
            if fate != "lost before":
                self.properties |= {
                    name: {"id": name, "type": next(iter(change)), **change} for name, change in wanted.items()
                }
            if fate == "saved":
                return SAVED
            if fate != "done":
                return html(504)
        return httpx.Response(200, json=source(**self.properties))


WANTED: dict[str, Any] = {
    "Score": {"number": {}},
    "Link": {"relation": {"data_source_id": DS, "dual_property": {}}},
}


@pytest.mark.parametrize("fates", [("done",), ("lost after",), ("saved",)])
def test_a_schema_change_that_was_done_is_not_done_again(fates: tuple[str, ...]) -> None:
    schema = Schema(*fates)
    workspace, _ = play(schema)
    assert workspace.update_properties(DS, WANTED).by_name("Score") is not None
    assert schema.patches == [WANTED]


def test_a_schema_change_that_was_not_done_is_sent_again() -> None:
    schema = Schema("lost before", "lost before", "lost after")
    workspace, _ = play(schema)
    assert workspace.update_properties(DS, WANTED).by_name("Link") is not None
    assert schema.patches == [WANTED] * 3


def test_a_schema_change_that_never_gets_through_is_an_error() -> None:
    schema = Schema(*["lost before"] * 10)
    workspace, _ = play(schema)
    with pytest.raises(NotionUnavailable):
        workspace.update_properties(DS, WANTED)
    assert len(schema.patches) == 4
