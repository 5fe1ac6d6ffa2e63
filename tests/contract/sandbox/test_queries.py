"""Queries: filters, sorts, cursors, the cap (notion-api.md 3, 4, 6, 16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sync_engine.sandbox.api import query
from tests.support.sandbox_api import Api, text, titles

SCHEMA: dict[str, Any] = {
    "Text": {"rich_text": {}},
    "Score": {"number": {}},
    "Done": {"checkbox": {}},
    "Day": {"date": {}},
    "Tier": {"select": {}},
    "Tags": {"multi_select": {}},
    "Owner": {"people": {}},
    "Files": {"files": {}},
    "Home": {"url": {}},
    "ID": {"unique_id": {}},
}


@pytest.fixture
def source(api: Api) -> Iterator[str]:
    """Three rows: full, other and empty."""
    _, made = api.database(SCHEMA)
    person = api.ok("GET", "users")["results"][0]["id"]
    api.row(
        made,
        "full",
        Text={"rich_text": text("John Doe")},
        Score={"number": 42},
        Done={"checkbox": True},
        Day={"date": {"start": "2026-06-27T17:01:40Z"}},
        Tier={"select": {"name": "Gold"}},
        Tags={"multi_select": [{"name": "a"}, {"name": "b"}]},
        Owner={"people": [{"id": person}]},
        Files={"files": [{"name": "f", "external": {"url": "https://e.com"}}]},
        Home={"url": "https://doe.example"},
    )
    api.row(
        made,
        "other",
        Text={"rich_text": text("Jane")},
        Score={"number": 7},
        Day={"date": {"start": "2026-06-01"}},
        Tier={"select": {"name": "Silver"}},
    )
    api.row(made, "empty")
    yield made


FULL, OTHER, EMPTY, NOT_FULL = {"full"}, {"other"}, {"empty"}, {"other", "empty"}


@pytest.mark.parametrize(
    ("name", "kind", "condition", "found"),
    [
        ("Text", "rich_text", {"equals": "John Doe"}, FULL),
        ("Text", "rich_text", {"does_not_equal": "John Doe"}, NOT_FULL),
        ("Text", "rich_text", {"contains": "doe"}, FULL),
        ("Text", "rich_text", {"does_not_contain": "doe"}, NOT_FULL),
        ("Text", "rich_text", {"starts_with": "john"}, FULL),
        ("Text", "rich_text", {"ends_with": "DOE"}, FULL),
        ("Text", "rich_text", {"is_empty": True}, EMPTY),
        ("Text", "rich_text", {"is_not_empty": True}, {"full", "other"}),
        ("Name", "title", {"equals": "full"}, FULL),
        ("title", "rich_text", {"equals": "full"}, FULL),
        ("Home", "rich_text", {"contains": "doe"}, FULL),
        ("Home", "url", {"is_empty": True}, NOT_FULL),
        ("Score", "number", {"equals": 42}, FULL),
        ("Score", "number", {"does_not_equal": 42}, NOT_FULL),
        ("Score", "number", {"greater_than": 7}, FULL),
        ("Score", "number", {"less_than": 42}, OTHER),
        ("Score", "number", {"greater_than_or_equal_to": 7}, {"full", "other"}),
        ("Score", "number", {"less_than_or_equal_to": 7}, OTHER),
        ("Score", "number", {"is_empty": True}, EMPTY),
        ("Done", "checkbox", {"equals": True}, FULL),
        ("Done", "checkbox", {"does_not_equal": True}, NOT_FULL),
        ("Tier", "select", {"equals": "Gold"}, FULL),
        ("Tier", "select", {"equals": ["Gold", "Silver"]}, {"full", "other"}),
        ("Tier", "select", {"does_not_equal": "Gold"}, NOT_FULL),
        ("Tags", "multi_select", {"contains": "a"}, FULL),
        ("Tags", "multi_select", {"does_not_contain": "a"}, NOT_FULL),
        ("Tags", "multi_select", {"is_empty": True}, NOT_FULL),
        ("Owner", "people", {"is_not_empty": True}, FULL),
        ("Files", "files", {"is_empty": True}, NOT_FULL),
        ("ID", "unique_id", {"greater_than": 1}, NOT_FULL),
        ("Day", "date", {"equals": "2026-06-27T17:01:15.377+00:00"}, FULL),
        ("Day", "date", {"equals": "2026-06-27"}, FULL),
        ("Day", "date", {"before": "2026-06-27T17:01:15Z"}, OTHER),
        ("Day", "date", {"after": "2026-06-01"}, FULL),
        ("Day", "date", {"on_or_after": "2026-06-01"}, {"full", "other"}),
        ("Day", "date", {"on_or_before": "2026-06-01"}, OTHER),
        ("Day", "date", {"past_week": {}}, FULL),
        ("Day", "date", {"past_month": {}}, {"full", "other"}),
        ("Day", "date", {"this_week": {}}, FULL),
        ("Day", "date", {"next_week": {}}, FULL),
        ("Day", "date", {"equals": "today"}, FULL),
        ("Day", "date", {"is_empty": True}, EMPTY),
    ],
)
def test_filters(api: Api, source: str, name: str, kind: str, condition: Any, found: set[str]) -> None:
    wanted = {"property": name, kind: condition}
    assert set(titles(api.query(source, filter=wanted))) == found


def test_compounds(api: Api, source: str) -> None:
    gold = {"property": "Tier", "select": {"equals": "Gold"}}
    silver = {"property": "Tier", "select": {"equals": "Silver"}}
    done = {"property": "Done", "checkbox": {"equals": True}}
    assert set(titles(api.query(source, filter={"or": [gold, silver]}))) == {"full", "other"}
    assert titles(api.query(source, filter={"and": [{"or": [gold, silver]}, done]})) == ["full"]
    assert titles(api.query(source, filter={"and": [silver, done]})) == []


def test_relations_and_people_filter_by_id(api: Api, source: str) -> None:
    _, other = api.database({"To": {"relation": {"data_source_id": source, "single_property": {}}}})
    target = api.query(source)["results"][0]["id"]
    api.row(other, "linked", To={"relation": [{"id": target}]})
    api.row(other, "alone")
    contains = {"property": "To", "relation": {"contains": target}}
    assert titles(api.query(other, filter=contains)) == ["linked"]
    assert titles(api.query(other, filter={"property": "To", "relation": {"is_empty": True}})) == ["alone"]


def test_timestamps_compare_the_stored_minute(api: Api) -> None:
    _, source = api.database()
    api.row(source, "first")
    api.sandbox.advance(120)
    api.row(source, "second")

    def found(which: str, condition: Any) -> list[str]:
        return sorted(titles(api.query(source, filter={"timestamp": which, which: condition})))

    assert found("last_edited_time", {"on_or_after": "2026-06-27T17:03:00.000Z"}) == ["second"]
    assert found("last_edited_time", {"on_or_after": "2026-06-27T17:01:00.000Z"}) == ["first", "second"]
    assert found("created_time", {"before": "2026-06-27T17:03:00Z"}) == ["first"]
    assert found("last_edited_time", {"after": "2026-06-27T17:01:00Z"}) == ["second"]


def test_unsorted_rows_come_newest_first(api: Api, source: str) -> None:
    assert titles(api.query(source)) == ["empty", "other", "full"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ({"property": "Score", "direction": "ascending"}, ["other", "full", "empty"]),
        ({"property": "Score", "direction": "descending"}, ["full", "other", "empty"]),
        ({"property": "Name", "direction": "ascending"}, ["empty", "full", "other"]),
        ({"property": "Tier", "direction": "descending"}, ["other", "full", "empty"]),
    ],
)
def test_sorts(api: Api, source: str, sort: Any, order: list[str]) -> None:
    assert titles(api.query(source, sorts=[sort])) == order


@pytest.mark.parametrize("direction", ["ascending", "descending"])
@pytest.mark.parametrize("bounded", [False, True])
def test_edit_order_pages_through_everything_once(api: Api, direction: str, bounded: bool) -> None:
    _, source = api.database()
    for number in range(25):
        api.row(source, f"{number:02d}")
        api.sandbox.advance(60)
    body: dict[str, Any] = {"sorts": [{"timestamp": "last_edited_time", "direction": direction}], "page_size": 10}
    if bounded:
        condition = {"on_or_after": "2026-06-27T17:06:00Z"}
        body["filter"] = {"timestamp": "last_edited_time", "last_edited_time": condition}
    found, cursor = [], None
    while True:
        answer = api.query(source, **body, **({"start_cursor": cursor} if cursor else {}))
        found += titles(answer)
        cursor = answer["next_cursor"]
        if not answer["has_more"]:
            break
    wanted = [f"{number:02d}" for number in range(5 if bounded else 0, 25)]
    assert found == (wanted if direction == "ascending" else wanted[::-1])
    assert "request_status" not in answer


def test_the_cursor_names_the_next_page(api: Api, source: str) -> None:
    first = api.query(source, page_size=1)
    following = api.query(source, page_size=1, start_cursor=first["next_cursor"])["results"][0]
    assert first["next_cursor"].startswith("s:")
    assert first["next_cursor"].endswith(following["id"])


def test_a_cursor_whose_page_left_goes_on_where_it_stood(api: Api, source: str) -> None:
    cursor = api.query(source, page_size=1)["next_cursor"]
    api.ok("PATCH", f"pages/{cursor.rsplit(':')[-1]}", {"in_trash": True})
    assert titles(api.query(source, start_cursor=cursor)) == ["full"]


def test_trash_and_archive_are_left_out(api: Api, source: str) -> None:
    ids = {titles({"results": [each]})[0]: each["id"] for each in api.query(source)["results"]}
    api.ok("PATCH", f"pages/{ids['full']}", {"in_trash": True})
    api.ok("PATCH", f"pages/{ids['other']}", {"is_archived": True})
    assert titles(api.query(source)) == ["empty"]
    assert titles(api.query(source, is_archived=True)) == ["other"]
    assert titles(api.query(source, in_trash=True)) == ["empty"]
    api.ok("PATCH", f"pages/{ids['full']}", {"in_trash": False})
    assert set(titles(api.query(source))) == {"empty", "full"}


def test_a_query_ends_at_the_cap_and_says_so(api: Api, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_ROWS", 2)
    first = api.query(source, page_size=1)
    last = api.query(source, page_size=100, start_cursor=first["next_cursor"])
    assert (len(last["results"]), last["has_more"], last["next_cursor"]) == (1, False, None)
    status = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    assert first["request_status"] == last["request_status"] == status


def test_look_up_by_key_follows_every_change(api: Api) -> None:
    _, source = api.database({"Key": {"rich_text": {}}})

    def found(key: str) -> list[str]:
        return titles(api.query(source, filter={"property": "Key", "rich_text": {"equals": key}}))

    page = api.row(source, "a", Key={"rich_text": text("k1")})["id"]
    assert found("k1") == ["a"]
    api.row(source, "b", Key={"rich_text": text("K1")})
    assert sorted(found("k1")) == ["a", "b"]
    api.ok("PATCH", f"pages/{page}", {"properties": {"Key": {"rich_text": text("k2")}}})
    assert (found("k1"), found("k2")) == (["b"], ["a"])
    api.ok("PATCH", f"pages/{page}", {"in_trash": True})
    assert found("k2") == []


def test_search_finds_titles_last_edited_first(api: Api) -> None:
    _, source = api.database(title="Alpha list")
    api.row(source, "alpha row")
    api.sandbox.advance(60)
    api.row(source, "beta row")

    def found(**body: Any) -> list[str]:
        results = api.ok("POST", "search", body)["results"]
        return [each["object"] + ":" + each["id"] for each in results]

    assert len(found(query="ALPHA")) == 2
    assert found(query="alpha", filter={"property": "object", "value": "data_source"}) == [f"data_source:{source}"]
    pages = found(filter={"property": "object", "value": "page"})
    assert len(pages) == 3
    assert api.ok("POST", "search", {"query": "row"})["results"][0]["last_edited_time"].endswith("17:02:00.000Z")


def test_search_lags_when_told_to(api: Api) -> None:
    api.sandbox.workspace.search_lag = 5_000
    _, source = api.database()
    api.row(source, "needle")
    assert api.ok("POST", "search", {"query": "needle"})["results"] == []
    api.sandbox.advance(6)
    assert len(api.ok("POST", "search", {"query": "needle"})["results"]) == 1


def test_editing_twice_in_a_minute_looks_the_same(api: Api, source: str) -> None:
    page = api.query(source)["results"][0]
    api.sandbox.advance(20)
    edited = api.ok("PATCH", f"pages/{page['id']}", {"properties": {"Score": {"number": 1}}})
    assert edited["last_edited_time"] == page["last_edited_time"]
    api.sandbox.advance(60)
    edited = api.ok("PATCH", f"pages/{page['id']}", {"properties": {"Score": {"number": 1}}})
    assert edited["last_edited_time"] > page["last_edited_time"]
