"""Value maps: other names in Notion, exact both ways, or one-way where two values share a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.review.holding import held_list
from sync_engine.errors import ConfigurationError
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world

SCHEMA = """
CREATE TYPE grade AS ENUM ('lo', 'hi');
CREATE TABLE things (
    id serial PRIMARY KEY, name text NOT NULL, colour text, level integer, active boolean, grade grade,
    grades grade[], state text CHECK (state IN ('a', 'b'))
);
INSERT INTO things (name, colour, level, active, grade, grades, state)
VALUES ('One', '#4CAF50', 1, true, 'lo', '{lo,hi}', 'a'), ('Two', '#FF0000', 2, NULL, 'hi', '{}', 'b');
"""
HEAD = CONFIG.partition("[[tables]]")[0] + '[[tables]]\nname = "things"\ntitle = "name"\n'
MAPS = """
[tables.fields.colour]
values = { "#4CAF50" = "Green" }
[tables.fields.level]
values = { 1 = "Low", 2 = "High" }
[tables.fields.active]
values = { true = "Yes", false = "No" }
[tables.fields.grade]
values = { lo = "Low grade", hi = "High grade" }
[tables.fields.grades]
values = { lo = "Low grade", hi = "High grade" }
[tables.fields.state]
values = { a = "Alpha" }
"""


@pytest.fixture
def things(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    with make_world(empty_database, tmp_path, schema=SCHEMA, config=HEAD + MAPS) as made:
        made.setup()
        made.sync()
        yield made


def option(world: World, page: str, name: str) -> str | None:
    found = world.page("things", page)["properties"][name]["select"]
    return str(found["name"]) if found else None


def test_pages_show_the_names(things: World) -> None:
    shown = [option(things, "One", name) for name in ("Colour", "Level", "Active", "Grade", "State")]
    assert shown == ["Green", "Low", "Yes", "Low grade", "Alpha"]
    shown = [option(things, "Two", name) for name in ("Colour", "Level", "Active", "Grade", "State")]
    assert shown == ["#FF0000", "High", None, "High grade", "b"]
    grades = things.page("things", "One")["properties"]["Grades"]["multi_select"]
    assert [item["name"] for item in grades] == ["Low grade", "High grade"]
    things.assert_in_sync()


def test_names_chosen_in_notion_become_values(things: World) -> None:
    page = things.page("things", "Two")["id"]
    things.edit(
        page,
        Colour={"select": {"name": "Green"}},
        Level={"select": {"name": "Low"}},
        Active={"select": {"name": "No"}},
        Grade={"select": {"name": "Low grade"}},
        Grades={"multi_select": [{"name": "High grade"}]},
        State={"select": {"name": "Alpha"}},
    )
    things.sync()
    row = "SELECT colour, level, active, grade::text, grades::text, state FROM things WHERE name = 'Two'"
    assert things.sql(row) == [("#4CAF50", 1, False, "lo", "{hi}", "a")]
    things.assert_in_sync()


def test_a_value_that_is_the_name_of_another_is_held(things: World) -> None:
    things.sql("UPDATE things SET colour = 'Green' WHERE name = 'Two'")
    things.sync()
    assert option(things, "Two", "Colour") is None
    [item] = held_list(things.app.context)
    assert "is what the value map calls" in str(item["reason"])
    assert things.sql("SELECT colour FROM things WHERE name = 'Two'") == [("Green",)]


def test_two_values_of_one_name_are_shown_and_never_taken_back(empty_database: Database, tmp_path: Path) -> None:
    config = HEAD + '[tables.fields.colour]\ndirection = "to-notion"\n'
    config += 'values = { "#4CAF50" = "Some", "#FF0000" = "some" }\n'
    with make_world(empty_database, tmp_path, schema=SCHEMA, config=config) as world:
        world.setup()
        world.sync()
        world.assert_in_sync()
        world.sync(full=True)
        rows = "SELECT colour FROM things ORDER BY id"
        assert world.sql(rows) == [("#4CAF50",), ("#FF0000",)]
        world.sql("UPDATE things SET colour = '#000000' WHERE id = 1")
        world.sync()
        assert option(world, "One", "Colour") == "#000000"
        world.assert_in_sync()


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ('colour]\nvalues = { a = "X", b = "x" }', "two values have the same name"),
        ('grade]\nvalues = { lo = "hi" }', "two values have the same name"),
        ('grade]\nvalues = { low = "X" }', "is not one of the values"),
        ('level]\nvalues = { one = "X" }', "is not a number"),
        ('level]\ntype = "number"\nvalues = { 1 = "X" }', "a number has no names for values"),
        ('colour]\nvalues = { a = "x, y" }', "cannot hold a comma"),
        ('colour]\nvalues = { a = " " }', "has an empty name"),
        ("colour]\nvalues = {}", "values"),
    ],
)
def test_a_map_that_cannot_be_is_refused_with_its_line(
    empty_database: Database, tmp_path: Path, field: str, told: str
) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"sync\.toml line") as found,
        make_world(empty_database, tmp_path, schema=SCHEMA, config=f"{HEAD}[tables.fields.{field}\n") as world,
    ):
        world.setup()
    assert told in str(found.value)
