"""Pages and data sources of the recorded traffic, and of versions and types that do not exist yet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sync_engine.adapters.notion.pages import is_page, parse_page, text_of, truncated_properties
from sync_engine.adapters.notion.schemas import parse_data_source, still_missing
from sync_engine.adapters.notion.wire import filter_time, moment, uuid_text
from sync_engine.domain.schema import DataSource, Property
from sync_engine.ports.workspace import Author
from tests.support.notion import page, recorded


def author(user: dict[str, Any]) -> Author:
    return Author(user.get("id", ""))


def found(kind: str) -> list[dict[str, Any]]:
    """Every object of a kind in the recorded answers."""
    objects = []
    for exchange in recorded():
        answer = exchange["response"]
        if exchange["status"] == 200 and isinstance(answer, dict):
            objects += [item for item in [answer, *answer.get("results", [])] if item.get("object") == kind]
    return objects


def test_every_recorded_page_is_read() -> None:
    pages = found("page")
    assert len(pages) > 1000
    for raw in pages:
        assert is_page(raw)
        parsed = parse_page(raw, author)
        assert parsed.id == raw["id"]
        assert parsed.in_trash == raw["in_trash"]
        assert parsed.last_edited_time.second == 0
        assert parsed.last_edited_by.id == raw["last_edited_by"]["id"]
        assert {value["id"]: value for value in raw["properties"].values()} == parsed.properties
        assert parsed.data_source_id == raw["parent"].get("data_source_id", "")


def test_every_recorded_data_source_is_read() -> None:
    sources = found("data_source")
    assert len(sources) > 300
    for raw in sources:
        parsed = parse_data_source(raw)
        assert {item.id for item in parsed.properties} == {item["id"] for item in raw["properties"].values()}
        assert {item.name for item in parsed.properties} == set(raw["properties"])
        assert parsed.in_trash == raw["in_trash"]
        for item in parsed.properties:
            if item.type == "relation":
                assert item.relation_to == raw["properties"][item.name]["relation"]["data_source_id"]


def test_the_recorded_page_with_thirty_relations_is_seen_as_cut_short() -> None:
    cut = [raw for raw in found("page") if truncated_properties(parse_page(raw, author))]
    assert cut
    for raw in cut:
        assert any(value.get("has_more") for value in raw["properties"].values())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"in_trash": True}, True),
        ({"in_trash": False, "archived": True}, False),
        ({"in_trash": None, "archived": True}, None),
    ],
)
def test_trash_is_read_in_every_version(raw: dict[str, Any], expected: bool | None) -> None:
    if expected is None:
        raw = {key: value for key, value in raw.items() if value is not None}
        base = page("p")
        del base["in_trash"]
        assert parse_page({**base, **raw}, author).in_trash is True
    else:
        assert parse_page(page("p", **raw), author).in_trash is expected


def test_both_forms_of_time_are_read() -> None:
    assert moment("2026-06-27T16:49:02.556+00:00") == datetime(2026, 6, 27, 16, 49, 2, 556000, UTC)
    assert moment("2026-06-27T17:01:00.000Z") == datetime(2026, 6, 27, 17, 1, tzinfo=UTC)
    assert moment("2026-06-27T19:01:00.000+02:00") == datetime(2026, 6, 27, 17, 1, tzinfo=UTC)
    assert moment("today") is None
    assert moment(None) is None


def test_a_filter_time_is_floored_to_the_minute() -> None:
    assert filter_time(datetime(2026, 6, 27, 17, 1, 59, 999, UTC)) == "2026-06-27T17:01:00.000Z"


def test_ids_are_dashed_and_lower_case() -> None:
    assert uuid_text("6AFF91AEC0BA490682E227DC02CD6D98") == "6aff91ae-c0ba-4906-82e2-27dc02cd6d98"
    assert uuid_text("not an id") == "not an id"
    assert uuid_text(None) == ""


def test_unknown_keys_and_types_survive() -> None:
    odd = {"id": "%3Ax", "type": "hologram", "hologram": {"depth": 3, "new": [1]}, "extra": True}
    parsed = parse_page(page("p", {"Odd": odd, "Null": None}, brand_new={"a": 1}), author)
    assert parsed.properties["%3Ax"] == odd
    assert parsed.properties["Null"] is None
    assert truncated_properties(parsed) == []
    schema = parse_data_source(
        {"id": "d", "properties": {"Odd": {"id": "%3Ax", "type": "hologram"}, "Empty": {}}, "title": None}
    )
    assert schema.by_id("%3Ax") == Property("%3Ax", "Odd", "hologram")


def test_people_without_a_flag_are_suspect_when_full() -> None:
    full = {"id": "pp", "type": "people", "people": [{"object": "user", "id": str(n)} for n in range(25)]}
    short = {**full, "people": full["people"][:24]}
    assert truncated_properties(parse_page(page("p", {"A": full}), author)) == ["pp"]
    assert truncated_properties(parse_page(page("p", {"A": short}), author)) == []


def test_plain_text_joins_runs_of_every_kind() -> None:
    runs = [
        {"type": "text", "text": {"content": "a"}, "plain_text": "a"},
        {"type": "mention", "mention": {}, "plain_text": "@Bob"},
        {"type": "text", "text": {"content": "b"}},
    ]
    assert text_of({"type": "rich_text", "rich_text": runs}) == "a@Bobb"
    assert text_of({"type": "number", "number": 3}) == ""


SOURCE = DataSource(
    "d",
    "db",
    "T",
    (
        Property("title", "Name", "title"),
        Property("ab%3A", "Tier", "select", ("low", "high")),
        Property("nn", "Score", "number"),
    ),
)


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ({"Score": {"number": {"format": "number"}}}, False),
        ({"New": {"rich_text": {}}}, True),
        ({"Score": {"type": "rich_text", "rich_text": {}}}, True),
        ({"Tier": {"select": {"options": [{"name": "low"}, {"name": "high"}]}}}, False),
        ({"Tier": {"select": {"options": [{"name": "low"}]}}}, True),
        ({"ab%3A": {"name": "Tier"}}, False),
        ({"ab%3A": {"name": "Level"}}, True),
        ({"Old name": {"name": "Score"}}, False),
        ({"Score": None}, True),
        ({"Gone": None}, False),
    ],
)
def test_a_schema_change_is_recognised_as_done(wanted: dict[str, Any], missing: bool) -> None:
    assert still_missing(wanted, SOURCE) == (wanted if missing else {})
