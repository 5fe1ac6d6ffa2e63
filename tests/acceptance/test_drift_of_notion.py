"""Somebody changes the Notion database, or the choices of a column: nothing is emptied, nothing made twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync_engine.engine.configure.setup import plan_setup
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.holding import held_list
from sync_engine.errors import ConfigurationError, SchemaChanged
from sync_engine.sandbox.model import DataSource
from tests.support.world import World, shown, text


@pytest.fixture
def synced(world: World) -> World:
    world.sql("INSERT INTO agents (name, prompt, max_tokens, mood, tags) VALUES ('A', 'x', 5, 'busy', '{a,b}')")
    world.sql("INSERT INTO agents (name, prompt, max_tokens, mood, tags) VALUES ('B', 'y', 6, 'calm', '{a}')")
    world.sync()
    return world


def row(world: World, name: str = "A") -> tuple[Any, ...]:
    return world.sql("SELECT prompt, max_tokens, mood::text, tags FROM agents WHERE name = %s", name)[0]


def alter(world: World, **properties: Any) -> dict[str, Any]:
    """Change the schema of the database as a person does."""
    named = {name.replace("_", " "): value for name, value in properties.items()}
    return world.call("PATCH", f"/data_sources/{world.source('agents')}", {"properties": named})


def planned(world: World) -> list[tuple[str, str, str]]:
    return [(item.action, item.object, item.detail) for item in plan_setup(world.app.installation)]


def held(world: World) -> list[str]:
    return [f"{item['constraint']}: {item['reason']}" for item in held_list(world.app.context)]


def test_a_renamed_property_is_followed(synced: World) -> None:
    alter(synced, Prompt={"name": "Instructions"})
    synced.restart()
    synced.edit(synced.page("agents", "A")["id"], Instructions=text("new"))
    synced.sql("UPDATE agents SET prompt = 'also new' WHERE name = 'B'")
    synced.sync()
    assert row(synced)[0] == "new"
    assert shown(synced.page("agents", "B"), "Instructions") == "also new"
    assert planned(synced) == []
    synced.assert_in_sync()


def test_a_deleted_property_empties_nothing(synced: World) -> None:
    alter(synced, Prompt=None)
    synced.restart()
    synced.sync(full=True)
    synced.sql("UPDATE agents SET prompt = 'z', max_tokens = 7 WHERE name = 'A'")
    synced.edit(synced.page("agents", "B")["id"], Max_Tokens={"number": 8})
    synced.sync()
    [told] = held(synced)
    assert told.startswith("prompt: prompt: the property Prompt was deleted in Notion")
    assert "sync-engine setup" in told
    assert ("create", "Agents: Prompt", "rich_text") in planned(synced)
    assert row(synced)[:2] == ("z", 7)
    assert row(synced, "B")[:2] == ("y", 8)
    assert synced.page("agents", "A")["properties"]["Max Tokens"]["number"] == 7
    synced.setup()
    synced.sync()
    assert shown(synced.page("agents", "A"), "Prompt") == "z"
    assert shown(synced.page("agents", "B"), "Prompt") == "y"
    synced.assert_in_sync()


@pytest.mark.parametrize("full", [True, False])
def test_a_retyped_property_empties_nothing(synced: World, full: bool) -> None:
    alter(synced, Max_Tokens={"rich_text": {}})
    synced.restart()
    synced.sync(full=full)
    synced.sql("UPDATE agents SET prompt = 'z', max_tokens = 7 WHERE name = 'A'")
    synced.sync()
    assert row(synced)[:2] == ("z", 7)
    assert row(synced, "B")[:2] == ("y", 6)
    assert shown(synced.page("agents", "A"), "Prompt") == "z"
    assert "is rich_text in Notion now, it was number" in held(synced)[0]
    assert [item[:2] for item in planned(synced)] == [("drift", "Agents: Max Tokens")]
    with pytest.raises(ConfigurationError, match="Max Tokens is rich_text in Notion"):
        synced.setup()
    alter(synced, Max_Tokens={"number": {}})
    synced.restart()
    synced.sync(full=True)
    assert row(synced)[:2] == ("z", 7)
    assert synced.page("agents", "A")["properties"]["Max Tokens"]["number"] == 7
    assert held(synced) == []
    synced.assert_in_sync()


def test_an_option_that_is_removed_empties_the_field_as_a_person_does(synced: World) -> None:
    source = synced.call("GET", f"/data_sources/{synced.source('agents')}")
    options = [o for o in source["properties"]["Tags"]["multi_select"]["options"] if o["name"] != "b"]
    alter(synced, Tags={"multi_select": {"options": [{"id": o["id"]} for o in options]}})
    synced.sync(full=True)
    assert row(synced)[3] == ["a"]
    assert held(synced) == []
    synced.assert_in_sync()


def test_an_enum_value_that_is_added(synced: World) -> None:
    synced.sql("ALTER TYPE mood ADD VALUE 'asleep & well'")
    synced.sql("UPDATE agents SET mood = 'asleep & well' WHERE name = 'A'")
    with pytest.raises(SchemaChanged):
        synced.sync()  # as `run` does, which then reads the catalog anew
    synced.restart()
    synced.sync()
    assert synced.page("agents", "A")["properties"]["Mood"]["select"]["name"] == "asleep & well"
    synced.edit(synced.page("agents", "B")["id"], Mood={"select": {"name": "asleep & well"}})
    synced.sync()
    assert row(synced, "B")[2] == "asleep & well"
    synced.assert_in_sync()


def test_a_second_data_source_is_left_alone(synced: World) -> None:
    made = synced.call(
        "POST",
        "/data_sources",
        {
            "parent": {"type": "database_id", "database_id": synced.app.context.mapping("agents").database_id},
            "title": [{"text": {"content": "Another"}}],
            "properties": {"Name": {"title": {}}},
        },
    )
    synced.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": made["id"]},
            "properties": {"Name": {"title": [{"text": {"content": "Stranger"}}]}},
        },
    )
    synced.sync(full=True)
    synced.setup()
    assert synced.sql("SELECT count(*) FROM agents") == [(2,)]
    synced.assert_in_sync()


def test_a_new_row_gets_its_page_without_the_deleted_property(synced: World) -> None:
    alter(synced, Prompt=None)
    synced.restart()
    synced.sql("INSERT INTO agents (name, prompt, max_tokens) VALUES ('C', 'mine', 9)")
    assert synced.sync().quiet
    assert synced.page("agents", "C")["properties"]["Max Tokens"]["number"] == 9
    assert "the property Prompt was deleted" in held(synced)[0]
    synced.setup()
    synced.sync()
    assert shown(synced.page("agents", "C"), "Prompt") == "mine"
    assert held(synced) == []
    synced.assert_in_sync()


def test_setup_makes_a_deleted_property_once(synced: World) -> None:
    alter(synced, Prompt=None)
    synced.restart()
    synced.setup()
    synced.restart()
    assert planned(synced) == []
    synced.sync()
    assert [shown(synced.page("agents", name), "Prompt") for name in "AB"] == ["x", "y"]
    assert [row(synced, name)[0] for name in "AB"] == ["x", "y"]
    synced.assert_in_sync()


@pytest.mark.parametrize("set_up_first", [False, True])
def test_an_enum_label_that_is_renamed_is_followed_without_a_conflict(synced: World, set_up_first: bool) -> None:
    """No trigger tells of it: every row that has the label shows another text at once."""
    synced.sql("ALTER TYPE mood RENAME VALUE 'busy' TO 'at work'")
    synced.restart()
    if set_up_first:
        synced.setup()
    synced.edit(synced.page("agents", "A")["id"], Prompt=text("typed before the label is there"))
    synced.sync()
    assert synced.page("agents", "A")["properties"]["Mood"]["select"]["name"] == "at work"
    assert row(synced)[::2] == ("typed before the label is there", "at work")
    assert held(synced) == [] and conflict_list(synced.app.context, "all") == []
    synced.edit(synced.page("agents", "A")["id"], Mood={"select": {"name": "calm"}})
    synced.sync()
    assert row(synced)[2] == "calm"
    synced.assert_in_sync()


def rename_option(world: World, name: str, old: str, new: str) -> None:
    """As a person does in Notion's own window, which the API does not offer."""
    store = world.sandbox.workspace.store
    source = store.take(DataSource, world.source("agents"))
    found = next(item for item in source.properties.values() if item.name == name)
    options = [
        option | {"name": new if option["name"] == old else option["name"]} for option in found.config["options"]
    ]
    renamed = replace(found, config={**found.config, "options": options})
    properties = {**source.properties, found.id: renamed}
    store.put(replace(source, properties=properties, revision=source.revision + 1))


def test_an_option_of_an_enum_that_is_renamed_in_notion_is_told_and_empties_nothing(synced: World) -> None:
    rename_option(synced, "Mood", "busy", "occupied")
    assert synced.page("agents", "A")["properties"]["Mood"]["select"]["name"] == "occupied"
    synced.edit(synced.page("agents", "B")["id"], Prompt=text("others go on"))
    synced.sync(full=True)
    assert row(synced)[2] == "busy" and row(synced, "B")[0] == "others go on"
    [told] = held(synced)
    assert told.startswith("mood: ") and "occupied" in told
    rename_option(synced, "Mood", "occupied", "busy")
    synced.sync(full=True)
    assert held(synced) == [] and row(synced)[2] == "busy"
    synced.assert_in_sync()


def test_an_option_that_is_renamed_is_an_edit_of_every_page_where_any_text_goes(synced: World) -> None:
    rename_option(synced, "Tags", "a", "first")
    synced.sync(full=True)
    assert sorted(row(synced)[3]) == ["b", "first"] and row(synced, "B")[3] == ["first"]
    assert held(synced) == []
    synced.assert_in_sync()
