"""Databases, data sources and their schema (notion-api.md 2, 9, 16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.sandbox_api import Api, text, titles

DATABASE_KEYS = [
    *("object", "id", "title", "description", "parent", "is_inline", "in_trash", "is_locked", "created_time"),
    *("last_edited_time", "data_sources", "icon", "cover", "url", "public_url"),
]
SOURCE_KEYS = [
    *("object", "id", "cover", "icon", "created_time", "created_by", "last_edited_by", "last_edited_time"),
    *("title", "description", "is_inline", "properties", "parent", "database_parent", "url", "public_url"),
    "in_trash",
]
PAGE_KEYS = [
    *("object", "id", "created_time", "last_edited_time", "created_by", "last_edited_by", "cover", "icon"),
    *("parent", "in_trash", "is_archived", "is_locked", "properties", "url", "public_url"),
]


def schema(api: Api, source: str) -> Any:
    return api.ok("GET", f"data_sources/{source}")["properties"]


def change(api: Api, source: str, **properties: Any) -> Any:
    return api.ok("PATCH", f"data_sources/{source}", {"properties": properties})["properties"]


@pytest.mark.parametrize(("version", "more"), [("2026-03-11", []), ("2025-09-03", ["archived"])])
def test_keys_in_order(api: Api, version: str, more: list[str]) -> None:
    database, source = api.database()
    page = api.row(source, "x")["id"]
    asked = api.in_version(version)
    end = [*more, "request_id"]
    assert list(asked.ok("GET", f"databases/{database}")) == DATABASE_KEYS + end
    assert list(asked.ok("GET", f"data_sources/{source}")) == SOURCE_KEYS + end
    assert list(asked.ok("GET", f"pages/{page}")) == PAGE_KEYS + end
    listed = asked.query(source)
    kind = ["type", "page_or_data_source"]
    assert list(listed) == ["object", "results", "next_cursor", "has_more", *kind, "request_id"]
    assert list(listed["results"][0]) == PAGE_KEYS + more


def test_pages_in_the_oldest_version(api: Api) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    assert api.in_version("2022-06-28").ok("GET", f"pages/{page}")["archived"] is False


def test_times_of_databases_keep_milliseconds_those_of_pages_the_minute(api: Api) -> None:
    database, source = api.database()
    assert api.ok("GET", f"databases/{database}")["created_time"] == "2026-06-27T17:01:15.377+00:00"
    assert api.ok("GET", f"data_sources/{source}")["created_time"] == "2026-06-27T17:01:00.000Z"
    assert api.row(source, "x")["created_time"] == "2026-06-27T17:01:00.000Z"


def test_a_database_without_title_and_schema(api: Api) -> None:
    made = api.ok("POST", "databases", {"parent": {"page_id": api.sandbox.parent_page_id}})
    assert made["title"][0]["plain_text"] == "New database"
    source = api.ok("GET", f"data_sources/{made['data_sources'][0]['id']}")
    assert source["title"] == []
    assert [each["type"] for each in source["properties"].values()] == ["title"]
    assert source["properties"]["Name"]["id"] == "title"


def test_a_schema_has_exactly_one_title(api: Api) -> None:
    wrong: list[dict[str, Any]] = [{"A": {"number": {}}}, {"A": {"title": {}}, "B": {"title": {}}}]
    for properties in wrong:
        parent = {"page_id": api.sandbox.parent_page_id}
        api.refused("POST", "databases", {"parent": parent, "initial_data_source": {"properties": properties}})


def test_a_second_data_source(api: Api) -> None:
    database, source = api.database()
    body = {"parent": {"type": "database_id", "database_id": database}, "properties": {"N": {"title": {}}}}
    other = api.ok("POST", "data_sources", {**body, "title": text("Other")})
    shown = api.ok("GET", f"databases/{database}")["data_sources"]
    assert shown == [{"id": source, "name": "Things"}, {"id": other["id"], "name": "Other"}]
    api.refused("POST", "pages", {"parent": {"database_id": database}, "properties": {}})


def test_a_row_knows_both_parents(api: Api) -> None:
    database, source = api.database()
    parent = {"type": "data_source_id", "data_source_id": source, "database_id": database}
    assert api.row(source, "x")["parent"] == parent


def test_rename_keeps_the_id_and_the_values(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x", Score={"number": 4})["id"]
    before = schema(api, source)["Score"]["id"]
    assert change(api, source, Score={"name": "Points"})["Points"]["id"] == before
    assert change(api, source, **{before: {"name": "Marks"}})["Marks"]["id"] == before
    assert api.ok("GET", f"pages/{page}")["properties"]["Marks"]["number"] == 4
    assert change(api, source, Name={"name": "Title"})["Title"]["id"] == "title"


def test_drop_and_add_again_gives_a_new_id_and_no_values(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x", Score={"number": 4})["id"]
    before = schema(api, source)["Score"]["id"]
    assert "Score" not in change(api, source, Score=None)
    assert change(api, source, Score={"number": {}})["Score"]["id"] != before
    assert api.ok("GET", f"pages/{page}")["properties"]["Score"]["number"] is None


def test_a_patch_without_properties_changes_nothing(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    before = schema(api, source)
    assert change(api, source) == before


@pytest.mark.parametrize("entry", [None, {"number": {}}])
def test_the_title_cannot_be_dropped_or_retyped(api: Api, entry: Any) -> None:
    _, source = api.database()
    api.refused("PATCH", f"data_sources/{source}", {"properties": {"Name": entry}})
    api.refused("PATCH", f"data_sources/{source}", {"properties": {"Second": {"title": {}}}})


def test_retype_keeps_what_the_new_type_can_hold(api: Api) -> None:
    _, source = api.database({"A": {"number": {}}, "B": {"rich_text": {}}, "C": {"select": {}}})
    page = api.row(source, "x", A={"number": 4.5}, B={"rich_text": text("7")}, C={"select": {"name": "gold"}})[
        "id"
    ]
    change(api, source, A={"rich_text": {}}, B={"number": {}}, C={"rich_text": {}})
    shown = api.ok("GET", f"pages/{page}")["properties"]
    assert shown["A"]["rich_text"][0]["plain_text"] == "4.5"
    assert shown["B"]["number"] == 7
    assert shown["C"]["rich_text"][0]["plain_text"] == "gold"


def test_the_option_list_of_a_patch_is_the_whole_list(api: Api) -> None:
    _, source = api.database({"Tier": {"select": {"options": [{"name": "a", "color": "red"}, {"name": "b"}]}}})
    page = api.row(source, "x", Tier={"select": {"name": "b"}})["id"]
    old = {each["name"]: each["id"] for each in schema(api, source)["Tier"]["select"]["options"]}
    shown = change(api, source, Tier={"select": {"options": [{"id": old["a"]}, {"name": "c"}]}})
    options = shown["Tier"]["select"]["options"]
    assert [(each["name"], each["color"]) for each in options] == [("a", "red"), ("c", "default")]
    assert options[0]["id"] == old["a"]
    assert api.ok("GET", f"pages/{page}")["properties"]["Tier"]["select"] is None
    assert titles(api.query(source, filter={"property": "Tier", "select": {"is_empty": True}})) == ["x"]


def test_option_names_are_unique_and_without_commas(api: Api) -> None:
    _, source = api.database()
    for options in ([{"name": "a"}, {"name": "A"}], [{"name": "a,b"}], [{"name": "a", "color": "mauve"}]):
        body = {"properties": {"Tier": {"select": {"options": options}}}}
        api.refused("PATCH", f"data_sources/{source}", body)


def test_status_comes_with_options_and_groups(api: Api) -> None:
    _, source = api.database({"State": {"status": {}}})
    status = schema(api, source)["State"]["status"]
    assert [each["name"] for each in status["options"]] == ["Not started", "In progress", "Done"]
    assert [each["name"] for each in status["groups"]] == ["To-do", "In progress", "Complete"]
    more = [*status["options"], {"name": "Blocked", "group": "Complete"}]
    status = change(api, source, State={"status": {"options": more}})["State"]["status"]
    assert status["options"][3]["id"] in status["groups"][0]["option_ids"]


def test_a_dual_relation_makes_a_property_on_the_other_side(api: Api) -> None:
    _, tools = api.database(title="Tools")
    database, source = api.database({"Tools": {"relation": {"data_source_id": tools, "dual_property": {}}}})
    config = schema(api, source)["Tools"]["relation"]
    back = schema(api, tools)["Related to Things (Tools)"]
    assert list(config) == ["database_id", "data_source_id", "type", "dual_property"]
    assert config["dual_property"] == {
        "synced_property_name": "Related to Things (Tools)",
        "synced_property_id": back["id"],
    }
    assert (back["relation"]["data_source_id"], back["relation"]["database_id"]) == (source, database)
    change(api, tools, **{back["id"]: {"name": "Used by"}})
    assert schema(api, source)["Tools"]["relation"]["dual_property"]["synced_property_name"] == "Used by"
    change(api, source, Tools=None)
    assert "Used by" not in schema(api, tools)


def test_both_sides_of_a_dual_relation_stay_in_step(api: Api) -> None:
    _, tools = api.database(title="Tools")
    _, source = api.database({"Tools": {"relation": {"data_source_id": tools, "dual_property": {}}}})
    name = "Related to Things (Tools)"
    tool, page = api.row(tools, "Hammer")["id"], api.row(source, "x")["id"]
    api.sandbox.advance(300)
    api.ok("PATCH", f"pages/{page}", {"properties": {"Tools": {"relation": [{"id": tool}]}}})
    shown = api.ok("GET", f"pages/{tool}")
    assert shown["properties"][name]["relation"] == [{"id": page}]
    assert shown["last_edited_time"] == "2026-06-27T17:01:00.000Z"
    api.ok("PATCH", f"pages/{tool}", {"properties": {name: {"relation": []}}})
    assert api.ok("GET", f"pages/{page}")["properties"]["Tools"]["relation"] == []


def test_more_than_25_links(api: Api) -> None:
    _, tools = api.database(title="Tools")
    _, source = api.database({"Tools": {"relation": {"data_source_id": tools, "single_property": {}}}})
    ids = [api.row(tools, f"T{number}")["id"] for number in range(30)]
    page = api.row(source, "x", Tools={"relation": [{"id": each} for each in ids]})
    value = page["properties"]["Tools"]
    assert (len(value["relation"]), value["has_more"]) == (25, True)
    path = f"pages/{page['id']}/properties/{value['id']}"
    first = api.ok("GET", f"{path}?page_size=20")
    assert first["property_item"]["next_url"]
    rest = api.ok("GET", f"{path}?page_size=20&start_cursor={first['next_cursor']}")
    assert [each["relation"]["id"] for each in [*first["results"], *rest["results"]]] == ids
    assert rest["property_item"]["next_url"] is None


def test_links_to_missing_pages_and_elsewhere_are_refused(api: Api) -> None:
    _, tools = api.database(title="Tools")
    _, source = api.database({"Tools": {"relation": {"data_source_id": tools, "single_property": {}}}})
    stranger = api.row(source, "x")["id"]
    for wanted, status in ((source, 404), (stranger, 400)):
        body = {"properties": {"Tools": {"relation": [{"id": wanted}]}}}
        api.refused("PATCH", f"pages/{stranger}", body, status)


def test_rollups_and_formulas_are_values(api: Api) -> None:
    _, tools = api.database({"Cost": {"number": {}}}, title="Tools")
    properties = {
        "Tools": {"relation": {"data_source_id": tools, "single_property": {}}},
        "Total": {
            "rollup": {"relation_property_name": "Tools", "rollup_property_name": "Cost", "function": "sum"}
        },
        "Shout": {"formula": {"expression": 'prop("Name")+"!"'}},
    }
    _, source = api.database(properties)
    ids = [api.row(tools, "T", Cost={"number": cost})["id"] for cost in (1, 2.5)]
    shown = api.row(source, "x", Tools={"relation": [{"id": each} for each in ids]})["properties"]
    assert shown["Total"]["rollup"] == {"type": "number", "number": 3.5, "function": "sum"}
    assert shown["Shout"]["formula"] == {"type": "string", "string": "x!"}
    assert schema(api, source)["Shout"]["formula"]["expression"].startswith("{{notion:block_property:title:")


def test_titles_of_a_single_source_are_shared(api: Api) -> None:
    database, source = api.database()
    api.ok("PATCH", f"data_sources/{source}", {"title": text("Renamed")})
    assert api.ok("GET", f"databases/{database}")["title"][0]["plain_text"] == "Renamed"


def test_the_description_lives_on_the_database(api: Api) -> None:
    database, source = api.database()
    before = api.ok("GET", f"databases/{database}")["last_edited_time"]
    api.sandbox.advance(300)
    changed = api.ok("PATCH", f"databases/{database}", {"description": text("About")})
    assert changed["last_edited_time"] == before
    assert api.ok("GET", f"data_sources/{source}")["description"][0]["plain_text"] == "About"


def test_trash_of_a_database_covers_its_rows(api: Api) -> None:
    database, source = api.database()
    page = api.row(source, "x")["id"]
    block = api.ok("DELETE", f"blocks/{database}")
    assert (block["type"], block["in_trash"]) == ("child_database", True)
    assert api.ok("GET", f"data_sources/{source}")["in_trash"] is True
    assert api.ok("GET", f"pages/{page}")["in_trash"] is True
    assert api.query(source)["results"] == []
    api.refused("POST", "pages", {"parent": {"data_source_id": source}, "properties": {}})
    api.ok("PATCH", f"blocks/{database}", {"in_trash": False})
    assert titles(api.query(source)) == ["x"]


def test_connections_cannot_use_the_workspace_itself(api: Api) -> None:
    api.refused("POST", "databases", {"parent": {"type": "workspace", "workspace": True}})


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"emoji": "🔥"}, {"type": "emoji", "emoji": "🔥"}),
        (
            {"type": "external", "external": {"url": "https://example.com/i.png"}},
            {"type": "external", "external": {"url": "https://example.com/i.png"}},
        ),
        (
            {"external": {"url": "https://www.notion.so/icons/snake_purple.svg"}},
            {"type": "icon", "icon": {"name": "snake", "color": "purple"}},
        ),
        (None, None),
    ],
)
def test_icons(api: Api, sent: Any, shown: Any) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    assert api.ok("PATCH", f"pages/{page}", {"icon": sent})["icon"] == shown


def test_moving_a_page_leaves_only_its_title(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x", Score={"number": 1})["id"]
    moved = api.ok("POST", f"pages/{page}/move", {"parent": {"page_id": api.sandbox.parent_page_id}})
    assert moved["parent"] == {"type": "page_id", "page_id": api.sandbox.parent_page_id}
    assert list(moved["properties"]) == ["title"]
    assert api.query(source)["results"] == []


def test_blocks_of_a_page(api: Api) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    paragraph = {"paragraph": {"rich_text": text("p")}}
    nested = {"toggle": {"rich_text": text("t"), "children": [paragraph]}}
    made = api.ok("PATCH", f"blocks/{page}/children", {"children": [paragraph, nested]})["results"]
    assert [(each["type"], each["has_children"]) for each in made] == [("paragraph", False), ("toggle", True)]
    position = {"type": "after_block", "after_block": {"id": made[0]["id"]}}
    api.ok("PATCH", f"blocks/{page}/children", {"children": [{"divider": {}}], "position": position})
    listed = api.ok("GET", f"blocks/{page}/children")["results"]
    assert [each["type"] for each in listed] == ["paragraph", "divider", "toggle"]
    too_many = {"children": [paragraph] * 101}
    message = api.refused("PATCH", f"blocks/{page}/children", too_many)["message"]
    assert "body.children.length should be ≤ `100`, instead was `101`" in message
