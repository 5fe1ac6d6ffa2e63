"""Values: what is written and what comes back, for each property type (notion-api.md 2, 3, 8, 16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.sandbox_api import Api, text

SCHEMA: dict[str, Any] = {
    "Text": {"rich_text": {}},
    "Score": {"number": {"format": "euro"}},
    "Done": {"checkbox": {}},
    "Day": {"date": {}},
    "Tier": {"select": {"options": [{"name": "gold", "color": "yellow"}]}},
    "Tags": {"multi_select": {}},
    "State": {"status": {}},
    "Owner": {"people": {}},
    "Home": {"url": {}},
    "Mail": {"email": {}},
    "Phone": {"phone_number": {}},
    "Files": {"files": {}},
    "Made": {"created_time": {}},
    "Edited": {"last_edited_time": {}},
    "Maker": {"created_by": {}},
    "Editor": {"last_edited_by": {}},
    "ID": {"unique_id": {"prefix": "T"}},
    "Where": {"place": {}},
}


@pytest.fixture
def source(api: Api) -> str:
    return api.database(SCHEMA)[1]


def written(api: Api, source: str, name: str, value: Any) -> Any:
    """Write a value to a new row and return it as a later read shows it."""
    kind = next(iter(SCHEMA[name]))
    page = api.row(source, "x", **{name: {kind: value}})["id"]
    return api.ok("GET", f"pages/{page}")["properties"][name][kind]


def test_a_row_without_values_shows_every_property_empty(api: Api, source: str) -> None:
    page = api.ok("POST", "pages", {"parent": {"data_source_id": source}, "properties": {}})
    values = {name: each[each["type"]] for name, each in page["properties"].items()}
    assert list(values)[-1] == "Name"
    assert {name: values[name] for name in ("Name", "Text", "Tags", "Owner", "Files")} == {
        "Name": [],
        "Text": [],
        "Tags": [],
        "Owner": [],
        "Files": [],
    }
    assert [values[name] for name in ("Score", "Tier", "Day", "Home", "Mail", "Phone", "Where")] == [None] * 7
    assert values["Done"] is False
    assert values["State"]["name"] == "Not started"
    assert values["ID"] == {"prefix": "T", "number": 1}
    assert values["Made"] == "2026-06-27T17:01:00.000Z"


@pytest.mark.parametrize("number", [0, -1, 0.25, 10.5, 2**53, 1e300, 1e-7])
def test_numbers_come_back(api: Api, source: str, number: float) -> None:
    assert written(api, source, "Score", number) == number


def test_numbers_are_doubles(api: Api, source: str) -> None:
    assert written(api, source, "Score", 2**53 + 1) == 2**53


def test_equal_neighbours_are_merged(api: Api, source: str) -> None:
    runs = written(api, source, "Text", [*text("a" * 2000), *text("b")])
    assert [len(run["plain_text"]) for run in runs] == [2001]


def test_different_neighbours_stay_apart(api: Api, source: str) -> None:
    bold = {"text": {"content": "b"}, "annotations": {"bold": True}}
    runs = written(api, source, "Text", [*text("a"), bold, *text("c")])
    assert [run["plain_text"] for run in runs] == ["a", "b", "c"]
    assert runs[1] == {
        "type": "text",
        "text": {"content": "b", "link": None},
        "annotations": {
            "bold": True,
            "italic": False,
            "strikethrough": False,
            "underline": False,
            "code": False,
            "color": "default",
        },
        "plain_text": "b",
        "href": None,
    }


def test_a_text_of_200_000_characters_goes_and_comes_back(api: Api, source: str) -> None:
    content = "".join(f"{number:08d}🙂\n" for number in range(18_000))
    pieces = [content[start : start + 1800] for start in range(0, len(content), 1800)][:100]
    runs = written(api, source, "Text", [each for piece in pieces for each in text(piece)])
    assert "".join(run["plain_text"] for run in runs) == "".join(pieces)


def test_2000_units_ending_in_an_emoji(api: Api, source: str) -> None:
    assert written(api, source, "Text", text("x" * 1998 + "🔴"))[0]["plain_text"].endswith("🔴")


def test_an_empty_text_reads_as_nothing(api: Api, source: str) -> None:
    assert written(api, source, "Text", [{"text": {"content": ""}}]) == []


def test_links_and_equations(api: Api, source: str) -> None:
    link = {"text": {"content": "here", "link": {"url": "https://example.com"}}}
    runs = written(api, source, "Text", [link, {"equation": {"expression": "e=mc^2"}}])
    assert runs[0]["href"] == "https://example.com"
    assert (runs[1]["type"], runs[1]["plain_text"]) == ("equation", "e=mc^2")


def test_mentions_show_the_name_of_now(api: Api, source: str) -> None:
    other = api.row(source, "Before")["id"]
    page = api.row(source, "x", Text={"rich_text": [{"mention": {"page": {"id": other}}}]})["id"]
    api.ok("PATCH", f"pages/{other}", {"properties": {"Name": {"title": text("After")}}})
    assert api.ok("GET", f"pages/{page}")["properties"]["Text"]["rich_text"][0]["plain_text"] == "After"
    assert api.query(source)["results"][0]["properties"]["Text"]["rich_text"][0]["plain_text"] == "After"


@pytest.mark.parametrize(
    ("sent", "start"),
    [
        ({"start": "2026-07-25"}, "2026-07-25"),
        ({"start": "2026-07-25T16:57:33.424991"}, "2026-07-25T16:57:00.000+00:00"),
        ({"start": "2026-07-25T16:57:33Z", "time_zone": "UTC"}, "2026-07-25T16:57:00.000+00:00"),
        ({"start": "2026-07-25T16:57:33", "time_zone": "Europe/London"}, "2026-07-25T16:57:00.000+01:00"),
        ({"start": "2026-01-25T16:57:33-07:00"}, "2026-01-25T16:57:00.000-07:00"),
        ({"start": "0001-01-01T16:57:33Z"}, "0001-01-01T16:57:00.000+00:00"),
    ],
)
def test_dates_are_cut_to_the_minute_and_zones_become_offsets(
    api: Api, source: str, sent: Any, start: str
) -> None:
    assert written(api, source, "Day", sent) == {"start": start, "end": None, "time_zone": None}


@pytest.mark.parametrize(
    "sent",
    [
        {"end": "2026-07-25"},
        {"start": "2026-07-25", "end": "2026-07-24"},
        {"start": "2026-07-25", "end": "2026-07-25T10:00:00Z"},
        {"start": "2026-07-25", "time_zone": "Europe/London"},
        {"start": "2026-02-30"},
    ],
)
def test_dates_that_are_refused(api: Api, source: str, sent: Any) -> None:
    properties = {"Day": {"date": sent}}
    api.refused("POST", "pages", {"parent": {"data_source_id": source}, "properties": properties})


def test_select_options_are_made_by_a_write_and_found_without_regard_to_case(api: Api, source: str) -> None:
    made = written(api, source, "Tier", {"name": "Silver", "color": "gray"})
    assert (made["name"], made["color"]) == ("Silver", "gray")
    assert written(api, source, "Tier", {"name": "silver"})["id"] == made["id"]
    assert written(api, source, "Tier", {"id": made["id"]}) == made
    options = api.ok("GET", f"data_sources/{source}")["properties"]["Tier"]["select"]["options"]
    assert [option["name"] for option in options] == ["gold", "Silver"]
    assert written(api, source, "Tier", None) is None


def test_multi_select_replaces_and_keeps_the_order(api: Api, source: str) -> None:
    page = api.row(source, "x", Tags={"multi_select": [{"name": "b"}, {"name": "a"}]})["id"]
    shown = api.ok("PATCH", f"pages/{page}", {"properties": {"Tags": {"multi_select": [{"name": "c"}]}}})
    assert [each["name"] for each in shown["properties"]["Tags"]["multi_select"]] == ["c"]


def test_status_options_are_never_made_and_null_means_the_default(api: Api, source: str) -> None:
    assert written(api, source, "State", {"name": "Done"})["name"] == "Done"
    assert written(api, source, "State", None)["name"] == "Not started"
    bad = {"State": {"status": {"name": "Blocked"}}}
    api.refused("POST", "pages", {"parent": {"data_source_id": source}, "properties": bad})


@pytest.mark.parametrize(
    ("name", "value"), [("Home", "https://example.com"), ("Mail", "a@b.c"), ("Phone", "+1 x")]
)
def test_lines_come_back_and_null_clears_them(api: Api, source: str, name: str, value: str) -> None:
    assert written(api, source, name, value) == value
    assert written(api, source, name, None) is None
    kind = next(iter(SCHEMA[name]))
    bad = {name: {kind: ""}}
    api.refused("POST", "pages", {"parent": {"data_source_id": source}, "properties": bad})


def test_people_are_whole_users(api: Api, source: str) -> None:
    users = api.ok("GET", "users")["results"]
    shown = written(api, source, "Owner", [{"id": users[0]["id"]}])
    assert shown == [{**users[0], "person": {"email": "ada@example.com"}}]
    api.refused(
        "POST",
        "pages",
        {"parent": {"data_source_id": source}, "properties": {"Owner": {"people": [{"id": source}]}}},
        status=404,
    )


def test_files_outside_come_back_and_hosted_ones_change_their_address(api: Api, source: str) -> None:
    outside = {"name": "a.txt", "external": {"url": "https://example.com/a.txt"}}
    assert written(api, source, "Files", [outside]) == [{"type": "external", **outside}]
    made = api.ok("POST", "file_uploads", {"filename": "b.txt"})["id"]
    upload = {"name": "b.txt", "file_upload": {"id": made}}
    pending = {"parent": {"data_source_id": source}, "properties": {"Files": {"files": [upload]}}}
    api.refused("POST", "pages", pending)
    sent = api.client.post(
        f"{api.sandbox.url}/v1/file_uploads/{made}/send",
        files={"file": ("b.txt", b"some content")},
        headers={"Authorization": f"Bearer {api.sandbox.token}", "Notion-Version": "2026-03-11"},
    ).json()
    assert (sent["status"], sent["content_length"], sent["content_type"]) == ("uploaded", 12, "text/plain")
    assert [each["id"] for each in api.ok("GET", "file_uploads?status=uploaded")["results"]] == [made]
    page = api.row(source, "x", Files={"files": [upload]})["id"]
    first, second = (api.ok("GET", f"pages/{page}")["properties"]["Files"]["files"][0] for _ in range(2))
    assert first["type"] == "file"
    assert first["file"]["url"] != second["file"]["url"]
    assert first["file"]["url"].split("?")[0] == second["file"]["url"].split("?")[0]


def test_authors_are_the_bot_or_the_person(api: Api, source: str) -> None:
    page = api.row(source, "x")
    bot, person = api.ok("GET", "users/me"), api.as_person().ok("GET", "users/me")
    assert (bot["type"], person["type"]) == ("bot", "person")
    assert page["created_by"] == {"object": "user", "id": bot["id"]}
    edited = api.as_person().ok("PATCH", f"pages/{page['id']}", {"properties": {"Done": {"checkbox": True}}})
    assert edited["last_edited_by"]["id"] == person["id"]
    assert edited["properties"]["Editor"]["last_edited_by"]["name"] == "Ada Keller"
    assert edited["properties"]["Maker"]["created_by"]["bot"] == {}


def test_values_may_be_keyed_by_id_encoded_or_not(api: Api, source: str) -> None:
    page = api.row(source, "x")["id"]
    for number, (name, entry) in enumerate(api.ok("GET", f"data_sources/{source}")["properties"].items()):
        if name == "Score":
            shown = api.ok("PATCH", f"pages/{page}", {"properties": {entry["id"]: {"number": number}}})
            assert shown["properties"]["Score"]["number"] == number


def test_unmentioned_properties_stay(api: Api, source: str) -> None:
    page = api.row(source, "x", Score={"number": 3})["id"]
    shown = api.ok("PATCH", f"pages/{page}", {"properties": {"Done": {"checkbox": True}}})
    assert (shown["properties"]["Score"]["number"], shown["properties"]["Done"]["checkbox"]) == (3, True)


def test_property_items(api: Api, source: str) -> None:
    page = api.row(source, "x", Score={"number": 3}, Text={"rich_text": text("t")})
    ids = {name: each["id"] for name, each in page["properties"].items()}
    item = api.ok("GET", f"pages/{page['id']}/properties/{ids['Score']}")
    assert list(item) == ["object", "type", "id", "number", "request_id"]
    listed = api.ok("GET", f"pages/{page['id']}/properties/{ids['Text']}")
    assert listed["results"][0]["rich_text"]["plain_text"] == "t"
    assert listed["property_item"] == {"id": ids["Text"], "next_url": None, "type": "rich_text", "rich_text": {}}


def test_filter_properties_limits_what_is_shown(api: Api, source: str) -> None:
    page = api.row(source, "x")["id"]
    score = api.ok("GET", f"data_sources/{source}")["properties"]["Score"]["id"]
    shown = api.ok("GET", f"pages/{page}", params={"filter_properties": ["Name", "Nowhere"]})
    assert list(shown["properties"]) == ["Name"]
    answer = api.ok("POST", f"data_sources/{source}/query?filter_properties[]={score}", {})
    assert list(answer["results"][0]["properties"]) == ["Score"]
