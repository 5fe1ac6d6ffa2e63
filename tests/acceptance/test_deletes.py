"""Deletes by policy: soft ones and their restore both ways, hard ones, and what counts as a delete at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sync_engine.engine.review.brake import brake_discard
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.acceptance.test_policies import CONFIG, Make
from tests.support.postgres import Database
from tests.support.world import World, make_world, names, shown, text

SCHEMA = """
CREATE TABLE things (id serial PRIMARY KEY, name text NOT NULL, note text, extra text, {column});
INSERT INTO things (name, note, extra) SELECT 'T' || i, 'note', 'kept' FROM generate_series(1, 6) i;
"""
SOFT = 'delete = { from_postgres = "soft", from_notion = "soft", soft_column = "gone" }\n'
HARD = 'delete = { from_postgres = "trash", from_notion = "delete" }\n'
EXTRA = "[tables.fields.extra]\nignore = true\n"
COLUMNS = {"timestamptz": "gone timestamptz", "bool": "gone bool NOT NULL DEFAULT false", "date": "gone date"}


@pytest.fixture
def tables(empty_database: Database, tmp_path: Path) -> Iterator[Any]:
    """Six things, under the delete policy that the test names."""
    with ExitStack() as stack:

        def make(rules: str, column: str = "gone timestamptz") -> World:
            schema = SCHEMA.format(column=column)
            made = make_world(empty_database, tmp_path, schema=schema, config=CONFIG + rules + EXTRA)
            world = stack.enter_context(made)
            world.setup()
            world.sync()
            return world

        yield make


def in_trash(world: World, page_id: str, *, trashed: bool) -> None:
    world.call("PATCH", f"/pages/{page_id}", {"in_trash": trashed})


def titles(world: World) -> list[str]:
    return sorted(shown(page, "Name") for page in world.pages("things"))


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_soft_delete_crosses_and_is_taken_back_from_either_side(tables: Make, kind: str) -> None:
    world = tables(SOFT, COLUMNS[kind])  # type: ignore[call-arg]
    page = world.page("things", "T1")["id"]
    in_trash(world, page, trashed=True)
    done = world.sync(full=True)
    assert names(done, "postgres") == [("delete", 1)]
    marked = "gone" if kind == "bool" else "gone IS NOT NULL"
    assert world.sql(f"SELECT name, extra FROM things WHERE {marked}") == [("T1", "kept")]
    world.assert_in_sync()

    in_trash(world, page, trashed=False)
    world.sync()
    assert world.sql(f"SELECT count(*) FROM things WHERE {marked}") == [(0,)]
    assert titles(world) == [f"T{i}" for i in range(1, 7)]
    world.assert_in_sync()

    living = "false" if kind == "bool" else "NULL"
    deleted = {"timestamptz": "now()", "bool": "true", "date": "current_date"}[kind]
    world.sql(f"UPDATE things SET gone = {deleted} WHERE name = 'T2'")
    assert names(world.sync(), "notion") == [("trash", 1)]
    assert "T2" not in titles(world)
    world.assert_in_sync()
    second = world.sql("SELECT page_id FROM sync_engine.sync_records WHERE key = '2'")
    world.sql("UPDATE things SET note = 'while it was gone' WHERE name = 'T2'")
    assert world.sync().quiet and "T2" not in titles(world)
    world.sql(f"UPDATE things SET gone = {living} WHERE name = 'T2'")
    world.sync()
    assert world.sql("SELECT page_id FROM sync_engine.sync_records WHERE key = '2'") == second
    assert shown(world.page("things", "T2"), "Note") == "while it was gone"
    assert conflict_list(world.app.context, "all") == []
    world.assert_in_sync()


def test_rows_that_are_deleted_already_get_no_page_until_they_are_brought_back(tables: Make) -> None:
    world = tables(SOFT)
    world.sql("INSERT INTO things (name, gone) VALUES ('old', now())")
    world.sync()
    assert "old" not in titles(world)
    world.assert_in_sync()
    world.sql("UPDATE things SET gone = NULL WHERE name = 'old'")
    world.sync()
    assert "old" in titles(world)
    world.assert_in_sync()


def test_an_edit_wins_over_a_soft_delete_and_is_flagged(tables: Make) -> None:
    world = tables(SOFT)
    world.sql("UPDATE things SET gone = now() WHERE name = 'T1'")
    world.edit(world.page("things", "T1")["id"], Note=text("still needed"))
    world.sync()
    assert world.sql("SELECT note, gone FROM things WHERE name = 'T1'") == [("still needed", None)]
    assert [row["type"] for row in conflict_list(world.app.context, "all")] == ["delete_recently_updated"]
    world.assert_in_sync()


def test_a_soft_delete_is_rolled_back(tables: Make) -> None:
    world = tables(SOFT)
    in_trash(world, world.page("things", "T1")["id"], trashed=True)
    done = world.sync(full=True)
    assert rollback(world.app.context, Selection(run=done.run_id)).undone == 1
    assert world.sql("SELECT count(*) FROM things WHERE gone IS NOT NULL") == [(0,)]
    assert "T1" in titles(world)
    world.assert_in_sync()


def test_a_mass_of_soft_deletes_stops_and_is_discarded(tables: Make) -> None:
    world = tables(SOFT + "brake = { share = 0.1, min = 1 }\n")
    world.sql("UPDATE things SET gone = now() WHERE id < 4")
    assert world.sync().braked == {"things": 3}
    assert brake_discard(world.app.context)["discarded"] == 3
    assert world.sql("SELECT count(*) FROM things WHERE gone IS NOT NULL") == [(0,)]
    world.assert_in_sync()


def test_a_row_that_is_deleted_for_good_under_soft_takes_its_page_along(tables: Make) -> None:
    world = tables(SOFT)
    world.sql("DELETE FROM things WHERE name = 'T1'")
    assert names(world.sync(), "notion") == [("trash", 1)]
    world.assert_in_sync()


def test_a_page_taken_out_of_the_trash_brings_its_row_back(tables: Make) -> None:
    world = tables(HARD)
    page = world.page("things", "T1")["id"]
    in_trash(world, page, trashed=True)
    world.sync(full=True)
    assert world.sql("SELECT count(*) FROM things") == [(5,)]
    in_trash(world, page, trashed=False)
    assert names(world.sync(), "postgres") == [("insert", 1)]
    assert world.sql("SELECT id, note FROM things WHERE name = 'T1'") == [(1, "note")]
    assert world.page("things", "T1")["id"] == page
    assert conflict_list(world.app.context, "all") == []
    world.assert_in_sync()


def test_truncate_is_a_mass_of_deletes(tables: Make) -> None:
    world = tables(HARD + "brake = { share = 0.1, min = 1 }\n")
    before = world.sql("SELECT t::text FROM things t ORDER BY id")
    world.sql("TRUNCATE things")
    assert world.sync().braked == {"things": 6}
    assert len(titles(world)) == 6
    brake_discard(world.app.context)
    assert world.sql("SELECT t::text FROM things t ORDER BY id") == before
    world.assert_in_sync()


def test_ignore_leaves_the_other_side_alone(tables: Make) -> None:
    world = tables('delete = { from_postgres = "ignore", from_notion = "ignore" }\n')
    in_trash(world, world.page("things", "T1")["id"], trashed=True)
    world.sql("DELETE FROM things WHERE name = 'T2'")
    assert sum(world.sync(full=True).total.applied.values()) == 0
    assert world.sql("SELECT count(*) FROM things") == [(5,)]
    assert "T2" in titles(world) and held_list(world.app.context) == []
