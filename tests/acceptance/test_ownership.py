"""Who owns what: one-way tables and fields, columns that the database writes, and what is nobody's business."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.holding import held_list
from tests.acceptance.test_policies import CONFIG
from tests.support.postgres import Database
from tests.support.world import World, make_world, shown, text, title

SCHEMA = """
CREATE TABLE things (
    id serial PRIMARY KEY, name text NOT NULL, note text, price numeric(8,2) DEFAULT 2,
    doubled numeric GENERATED ALWAYS AS (price * 2) STORED, number int GENERATED ALWAYS AS IDENTITY
);
INSERT INTO things (name, note) VALUES ('A', 'first'), ('B', 'second');
"""


@pytest.fixture
def tables(empty_database: Database, tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def make(rules: str = "") -> World:
            made = make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG + rules)
            world = stack.enter_context(made)
            world.setup()
            world.sync()
            return world

        yield make


def note(world: World, name: str = "A") -> str:
    return str(world.sql("SELECT note FROM things WHERE name = %s", name)[0][0])


def test_a_table_to_notion_puts_edits_of_pages_back_and_makes_no_rows(tables: Any) -> None:
    world = tables('direction = "to-notion"\n')
    world.edit(world.page("things", "A")["id"], Note=text("typed"))
    parent = {"type": "data_source_id", "data_source_id": world.source("things")}
    made = world.call("POST", "/pages", {"parent": parent, "properties": {"Name": title("made here")}})
    world.sql("UPDATE things SET note = 'newer' WHERE name = 'B'")
    world.sync()
    assert note(world) == "first"
    assert shown(world.page("things", "A"), "Note") == "first"
    assert shown(world.page("things", "B"), "Note") == "newer"
    assert world.sql("SELECT count(*) FROM things") == [(2,)]
    assert world.call("GET", f"/pages/{made['id']}")["in_trash"] is False, "a page of nobody's is left alone"


def test_a_table_from_notion_puts_edits_of_rows_back(tables: Any) -> None:
    world = tables("[tables.fields.price]\nignore = true\n")
    (world.folder / "sync.toml").write_text(CONFIG + 'direction = "from-notion"\n')
    world.reopen()
    world.sql("UPDATE things SET note = 'by the application' WHERE name = 'A'")
    world.edit(world.page("things", "B")["id"], Note=text("typed"))
    world.sync()
    assert note(world) == "first" and note(world, "B") == "typed"


def test_a_field_of_one_way_goes_on_beside_fields_of_both(tables: Any) -> None:
    world = tables('[tables.fields.note]\ndirection = "to-notion"\n')
    world.edit(world.page("things", "A")["id"], Note=text("typed"), Price={"number": 7})
    world.sync()
    assert note(world) == "first"
    assert world.sql("SELECT price FROM things WHERE name = 'A'")[0][0] == 7
    page = world.page("things", "A")
    assert shown(page, "Note") == "first" and page["properties"]["Doubled"]["number"] == 14
    assert conflict_list(world.app.context, "all") == [], "an edit against the direction is no conflict"
    world.assert_in_sync()


def test_columns_that_only_the_database_writes_are_shown_and_put_back(tables: Any) -> None:
    world = tables()
    before = world.page("things", "A")["properties"]
    world.edit(world.page("things", "A")["id"], Doubled={"number": 99}, Number={"number": 99}, Note=text("typed"))
    world.sync()
    page = world.page("things", "A")["properties"]
    assert page["Doubled"]["number"] == before["Doubled"]["number"] == 4
    assert page["Number"]["number"] == before["Number"]["number"]
    assert note(world) == "typed" and held_list(world.app.context) == []
    world.assert_in_sync()


def test_the_icon_and_the_title_of_the_database_are_given_once(tables: Any) -> None:
    world = tables('icon = "🧩"\ndatabase_title = "Our things"\n')
    database = world.app.context.mapping("things").database_id
    found = world.call("GET", f"/databases/{database}")
    assert found["icon"]["emoji"] == "🧩" and found["title"][0]["plain_text"] == "Our things"
    world.call("PATCH", f"/databases/{database}", {"icon": {"type": "emoji", "emoji": "🎲"}})
    world.setup()
    world.sync()
    assert world.call("GET", f"/databases/{database}")["icon"]["emoji"] == "🎲", "what a person chose stays"


def test_what_is_not_mapped_is_never_touched(tables: Any) -> None:
    """Properties of people's own, page bodies, icons and comments outlive every kind of write to the page."""
    world = tables('delete = { from_postgres = "trash", from_notion = "hold" }\n')
    source = world.source("things")
    world.call(
        "PATCH", f"/data_sources/{source}", {"properties": {"Mood": {"rich_text": {}}, "Done": {"checkbox": {}}}}
    )
    page = world.page("things", "A")["id"]
    world.edit(page, Mood=text("mine"), Done={"checkbox": True})
    world.call("PATCH", f"/pages/{page}", {"icon": {"type": "emoji", "emoji": "🌱"}})
    paragraph = {"type": "paragraph", "paragraph": {"rich_text": [{"text": {"content": "a body of my own"}}]}}
    world.call("PATCH", f"/blocks/{page}/children", {"children": [paragraph]})
    said = {"parent": {"page_id": page}, "rich_text": [{"text": {"content": "a comment"}}]}
    world.call("POST", "/comments", said)
    schema = world.call("GET", f"/data_sources/{source}")["properties"]

    world.sql("UPDATE things SET note = 'changed', name = 'AA' WHERE name = 'A'")
    world.sync()
    [(image,)] = world.sql("SELECT to_jsonb(t) FROM things t WHERE name = 'AA'")
    world.sql("DELETE FROM things WHERE name = 'AA'")
    world.sync()
    world.call("PATCH", f"/pages/{page}", {"in_trash": False})
    world.sync()
    assert world.sql("SELECT note FROM things WHERE id = %s", image["id"]) == [("changed",)]
    world.setup()
    world.sync(full=True)

    kept = world.call("GET", f"/pages/{page}")
    assert shown(kept, "Mood") == "mine" and kept["properties"]["Done"]["checkbox"] is True
    assert kept["icon"]["emoji"] == "🌱" and shown(kept, "Note") == "changed"
    [block] = world.call("GET", f"/blocks/{page}/children")["results"]
    assert block["paragraph"]["rich_text"][0]["plain_text"] == "a body of my own"
    [comment] = world.call("GET", f"/comments?block_id={page}")["results"]
    assert comment["rich_text"][0]["plain_text"] == "a comment"
    assert world.call("GET", f"/data_sources/{source}")["properties"].keys() == schema.keys()
