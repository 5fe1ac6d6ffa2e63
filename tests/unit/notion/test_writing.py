"""Writes: never doubled, split when too large, read back when the answer is lost, trash without surprises."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from sync_engine.adapters.notion.payloads import LARGEST_BODY, MOST_ELEMENTS
from sync_engine.errors import ConnectionBlocked, NotionRejected, NotionUnavailable
from tests.support.notion import answering, error, html, page, play, results

PAGE_ID = "11111111-2222-4333-8444-555555555555"
SAVED = error(
    503,
    "service_unavailable",
    "The change was saved, but the response could not be built in time.",
    retry_guidance=["Read the object again.", "Do not repeat the write."],
)
SAVED_CREATE = error(
    503, "service_unavailable", "The change was saved, but the response ...", committed_resource_id=PAGE_ID
)


def routed(**routes: Callable[[httpx.Request], httpx.Response] | httpx.Response) -> Any:
    """A handler by HTTP method."""

    def handler(request: httpx.Request) -> httpx.Response:
        route = routes[request.method.lower()]
        if isinstance(route, httpx.Response):
            return httpx.Response(route.status_code, content=route.content, headers=dict(route.headers))
        return route(request)

    return handler


def text(length: int, character: str = "x") -> dict[str, Any]:
    runs = [character * 2000] * (length // 2000)
    return {"rich_text": [{"type": "text", "text": {"content": run}} for run in runs]}


def test_a_create_that_notion_saved_and_named_is_read_and_returned() -> None:
    workspace, notion = play(routed(post=SAVED_CREATE, get=httpx.Response(200, json=page(PAGE_ID))))
    assert workspace.create_page("ds", {"k": {"rich_text": []}}).id == PAGE_ID
    assert [request.method for request in notion.calls] == ["POST", "GET"]


def test_a_create_that_notion_saved_and_that_cannot_be_read_names_the_page() -> None:
    workspace, notion = play(routed(post=SAVED_CREATE, get=error(404, "object_not_found")))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", {})
    assert caught.value.may_have_committed
    assert caught.value.committed_resource_id == PAGE_ID
    assert [request.method for request in notion.calls] == ["POST", "GET"]


def test_a_create_that_notion_saved_without_naming_it_is_left_to_the_caller() -> None:
    workspace, notion = play(answering(SAVED))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", {})
    assert caught.value.may_have_committed
    assert caught.value.committed_resource_id == ""
    assert len(notion.calls) == 1


@pytest.mark.parametrize("operation", ["update", "trash", "restore"])
def test_a_change_that_notion_saved_is_read_not_repeated(operation: str) -> None:
    stored = page(PAGE_ID, in_trash=operation == "trash")
    workspace, notion = play(routed(patch=SAVED, get=httpx.Response(200, json=stored)))
    done = {
        "update": lambda: workspace.update_page(PAGE_ID, {"a": {"number": 1}}),
        "trash": lambda: workspace.trash_page(PAGE_ID),
        "restore": lambda: workspace.restore_page(PAGE_ID),
    }[operation]()
    assert done.id == PAGE_ID
    assert [request.method for request in notion.calls] == ["PATCH", "GET"]


@pytest.mark.parametrize("body", [{}, {"object": "list"}, {"object": "page"}])
def test_an_answer_that_is_no_page_leaves_the_create_in_doubt(body: dict[str, Any]) -> None:
    workspace, notion = play(answering(httpx.Response(200, json=body)))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", {})
    assert caught.value.may_have_committed
    assert len(notion.calls) == 1


def test_a_partial_answer_to_a_create_is_completed_by_reading() -> None:
    partial = httpx.Response(200, json={"object": "page", "id": PAGE_ID})
    workspace, _ = play(routed(post=partial, get=httpx.Response(200, json=page(PAGE_ID))))
    assert workspace.create_page("ds", {}).url


def test_a_created_page_whose_long_relation_cannot_be_read_is_named() -> None:
    long = {"R": {"id": "rr", "type": "relation", "relation": [{"id": "t"}] * 25, "has_more": True}}
    workspace, _ = play(routed(post=httpx.Response(200, json=page(PAGE_ID, long)), get=html(502)))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", {})
    assert caught.value.committed_resource_id == PAGE_ID


def test_small_writes_are_one_request() -> None:
    workspace, notion = play(answering(httpx.Response(200, json=page(PAGE_ID))))
    workspace.create_page("ds", {"title": {"title": []}, "n": {"number": 1}})
    workspace.update_page(PAGE_ID, {"n": {"number": None}})
    assert len(notion.calls) == 2
    create, update = notion.bodies()
    assert create == {
        "parent": {"type": "data_source_id", "data_source_id": "ds"},
        "properties": {"title": {"title": []}, "n": {"number": 1}},
    }
    assert update == {"properties": {"n": {"number": None}}}


def test_a_write_that_is_too_large_for_one_request_becomes_several() -> None:
    properties = {f"p{number}": text(200_000) for number in range(6)} | {"key": text(2000), "n": {"number": 1}}
    workspace, notion = play(answering(httpx.Response(200, json=page(PAGE_ID))))
    workspace.create_page("ds", properties)
    sent: dict[str, Any] = {}
    for request, body in zip(notion.calls, notion.bodies(), strict=True):
        assert len(request.content) < 500_000
        assert sum(len(value.get("rich_text", [])) for value in body["properties"].values()) <= MOST_ELEMENTS
        assert not set(body["properties"]) & set(sent)
        sent |= body["properties"]
    assert sent == properties
    assert [request.method for request in notion.calls] == ["POST", "PATCH", "PATCH"]
    assert {"key", "n"} <= set(notion.bodies()[0]["properties"])


def test_many_runs_of_small_texts_are_split_too() -> None:
    runs = {"rich_text": [{"text": {"content": "x"}}] * 100}
    workspace, notion = play(answering(httpx.Response(200, json=page(PAGE_ID))))
    workspace.update_page(PAGE_ID, {f"p{number}": runs for number in range(25)})
    assert len(notion.calls) == 3


def test_a_value_that_no_request_can_carry_is_refused_before_anything_is_sent() -> None:
    workspace, notion = play(answering(httpx.Response(200, json=page(PAGE_ID))))
    for value in (text(200_000, "漢"), {"number": float("nan")}, {"rich_text": [{"text": {"content": "\ud83d"}}]}):
        with pytest.raises(NotionRejected, match="'big'"):
            workspace.create_page("ds", {"small": {"number": 1}, "big": value})
        with pytest.raises(NotionRejected, match="'big'"):
            workspace.update_page(PAGE_ID, {"big": value})
    assert notion.calls == []
    assert LARGEST_BODY < 500_000


def large() -> dict[str, Any]:
    return {f"p{number}": text(200_000) for number in range(4)}


def test_a_later_part_of_a_create_that_is_refused_takes_the_page_back() -> None:
    trashed: list[Any] = []

    def patch(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if "in_trash" in body:
            trashed.append(body)
            return httpx.Response(200, json=page(PAGE_ID, in_trash=True))
        return error(400, "validation_error", "p3 is expected to be number.")

    workspace, _ = play(routed(post=httpx.Response(200, json=page(PAGE_ID)), patch=patch))
    with pytest.raises(NotionRejected, match="p3"):
        workspace.create_page("ds", large())
    assert trashed == [{"in_trash": True}]


def test_a_later_part_of_a_create_that_is_lost_names_the_page() -> None:
    workspace, _ = play(routed(post=httpx.Response(200, json=page(PAGE_ID)), patch=html(504)))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", large())
    assert caught.value.committed_resource_id == PAGE_ID
    assert caught.value.may_have_committed


def test_a_later_part_of_an_update_that_is_not_sent_says_that_the_first_was_saved() -> None:
    patched = httpx.Response(200, json=page(PAGE_ID))
    workspace, _ = play(answering(patched, httpx.ConnectError("refused")))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.update_page(PAGE_ID, large())
    assert caught.value.may_have_committed


def test_a_stopped_connection_stays_stopped_in_the_middle_of_a_create() -> None:
    workspace, _ = play(routed(post=httpx.Response(200, json=page(PAGE_ID)), patch=error(401, "unauthorized")))
    with pytest.raises(ConnectionBlocked):
        workspace.create_page("ds", large())


def test_nothing_to_change_is_a_read() -> None:
    workspace, notion = play(answering(httpx.Response(200, json=page(PAGE_ID))))
    workspace.update_page(PAGE_ID, {})
    assert [request.method for request in notion.calls] == ["GET"]


@pytest.mark.parametrize("wanted", [True, False])
def test_a_page_that_is_already_there_counts_as_success(wanted: bool) -> None:
    refusal = error(
        400, "validation_error", "Can't edit block that is archived. You must unarchive the block before editing."
    )
    workspace, _ = play(routed(patch=refusal, get=httpx.Response(200, json=page(PAGE_ID, in_trash=wanted))))
    done = workspace.trash_page(PAGE_ID) if wanted else workspace.restore_page(PAGE_ID)
    assert done.in_trash is wanted


def test_a_page_that_cannot_be_restored_is_an_error() -> None:
    refusal = error(400, "validation_error", "Can't edit block that is archived.")
    workspace, _ = play(routed(patch=refusal, get=httpx.Response(200, json=page(PAGE_ID, in_trash=True))))
    with pytest.raises(NotionRejected):
        workspace.restore_page(PAGE_ID)


class Picky:
    """Knows property ids in one spelling only, as a server may."""

    def __init__(self, known: Callable[[str], bool]) -> None:
        self.known = known

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        for key in body.get("properties", {}):
            if not self.known(key):
                return error(400, "validation_error", f"{key} is not a property that exists.")
        for part in body.get("filter", {}).get("or", [body.get("filter", {})]):
            if "property" in part and not self.known(part["property"]):
                return error(
                    400, "validation_error", f"Could not find property with name or id: {part['property']}"
                )
        if request.url.path.endswith("/query"):
            value = {"id": "%3Ak", "type": "rich_text", "rich_text": [{"plain_text": "k1"}]}
            other = {"id": "%3Ak", "type": "rich_text", "rich_text": [{"plain_text": "K1"}]}
            return results([page("a", {"Key": value}), page("b", {"Key": other})])
        return httpx.Response(200, json=page(PAGE_ID))


@pytest.mark.parametrize("decoded", [True, False])
def test_property_ids_work_whichever_spelling_the_server_takes(decoded: bool) -> None:
    workspace, notion = play(Picky(lambda key: (unquote(key) == key) is decoded))
    properties = {"%3Ak": {"number": 1}}
    for _ in range(3):
        workspace.create_page("ds", properties)
        workspace.update_page(PAGE_ID, properties)
        assert [item.id for item in workspace.find_by_key("ds", "%3Ak", ["k1"])] == ["a"]
    assert len(notion.calls) == (11 if decoded else 9)


def test_a_property_that_really_is_gone_is_refused_under_its_own_id() -> None:
    workspace, notion = play(Picky(lambda _key: False))
    with pytest.raises(NotionRejected, match="%3Ak"):
        workspace.update_page(PAGE_ID, {"%3Ak": {"number": 1}})
    assert len(notion.calls) == 2
    with pytest.raises(NotionRejected, match="gone"):
        workspace.update_page(PAGE_ID, {"gone": {"number": 1}})
    assert len(notion.calls) == 3


def test_keys_are_looked_up_fifty_at_a_time_and_compared_exactly() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["filter"]
        wanted = [part["rich_text"]["equals"] for part in asked.get("or", [asked])]
        found = [
            page(
                f"{key}{suffix}",
                {"Key": {"id": "kk", "type": "rich_text", "rich_text": [{"plain_text": key + suffix}]}},
            )
            for key in wanted
            for suffix in ("", "-more")
        ]
        return results(found)

    workspace, notion = play(handler)
    keys = [f"k{number}" for number in range(120)]
    assert sorted(item.id for item in workspace.find_by_key("ds", "kk", [*keys, "", "k1"])) == sorted(keys)
    sizes = [len(body["filter"].get("or", [1])) for body in notion.bodies()]
    assert sizes == [50, 50, 20]
    workspace.find_by_key("ds", "kk", ["only"])
    assert notion.bodies()[-1]["filter"] == {"property": "kk", "rich_text": {"equals": "only"}}
    assert workspace.find_by_key("ds", "kk", []) == []
