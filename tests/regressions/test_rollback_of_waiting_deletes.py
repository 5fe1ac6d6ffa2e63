"""A rollback to a mark also takes back deletes that have not crossed: pending ones, held ones, braked ones."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import RollbackResult, Selection, rollback
from tests.support.world import World, shown, text, title_of

ROWS = 40
BACK = Selection(to="before")


@pytest.fixture
def marked(world: World) -> World:
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql(
        f"""INSERT INTO agents (name, prompt, metadata, team_id)
            SELECT 'A' || i, 'p' || i, jsonb_build_object('n', i), (SELECT id FROM teams)
              FROM generate_series(1, {ROWS}) i"""
    )
    world.sync()
    create_mark(world.app.context, "before")
    return world


def _rows(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT id, name, prompt, metadata, team_id, mood, created_at FROM agents ORDER BY id")


def _page_ids(world: World) -> set[str]:
    return {page["id"] for page in world.pages("agents")}


def _trash(world: World, *names: str) -> None:
    for page in world.pages("agents"):
        if title_of(page) in names:
            world.call("PATCH", f"/pages/{page['id']}", {"in_trash": True})


def _assert_all_is_back(world: World, done: RollbackResult, rows: list[tuple[Any, ...]], pages: set[str]) -> None:
    assert (done.blocked, done.failed) == (0, {})
    assert (_rows(world), _page_ids(world)) == (rows, pages)
    assert held_list(world.app.context) == []
    world.assert_in_sync()


@pytest.mark.parametrize("count", [3, 30], ids=["pending", "braked"])
@pytest.mark.parametrize("synced", [False, True], ids=["before a pass", "after a pass"])
def test_deleted_rows_come_back_to_their_pages(marked: World, count: int, synced: bool) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.sql(f"DELETE FROM agents WHERE id IN (SELECT id FROM agents ORDER BY id LIMIT {count})")
    if synced:
        marked.sync()
    planned = rollback(marked.app.context, BACK, dry_run=True)
    assert len(planned.plan) == count
    done = rollback(marked.app.context, BACK)
    assert done.undone == count
    _assert_all_is_back(marked, done, rows, pages)


def test_a_row_edited_and_then_deleted_comes_back_as_it_was_at_the_mark(marked: World) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.sql("UPDATE agents SET prompt = 'oops' WHERE name = 'A1'")
    marked.sql("UPDATE agents SET prompt = 'oops again', mood = 'busy' WHERE name = 'A1'")
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)


def test_a_parent_and_what_its_delete_took_along_come_back(marked: World) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.sql("DELETE FROM teams")
    assert _rows(marked) == []
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)


def test_a_table_emptied_by_truncate_comes_back(marked: World) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.sql("TRUNCATE agents")
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)


@pytest.mark.parametrize("synced", [False, True], ids=["before a pass", "held"])
def test_pages_put_in_the_trash_are_taken_out_of_it(marked: World, synced: bool) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    _trash(marked, "A1", "A2")
    marked.sql("UPDATE agents SET prompt = 'oops' WHERE name = 'A3'")
    marked.sync(full=True, direction="both" if synced else "to-notion", limit=None if synced else 0)
    assert len(held_list(marked.app.context)) == (2 if synced else 0)
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)


def test_what_was_edited_beside_the_delete_is_taken_back_too(marked: World) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.edit(marked.page("agents", "A1")["id"], Prompt=text("oops in notion"))
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    marked.sync(direction="from-notion", limit=0)
    marked.sql("UPDATE agents SET prompt = 'oops in postgres' WHERE name = 'A2'")
    _trash(marked, "A2")
    marked.sync(full=True, direction="from-notion", limit=0)
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)
    assert shown(marked.page("agents", "A1"), "Prompt") == "p1"


def test_deletes_from_before_the_mark_stay(marked: World) -> None:
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    _trash(marked, "A2")
    marked.sync(full=True, direction="from-notion")
    create_mark(marked.app.context, "after")
    marked.sql("DELETE FROM agents WHERE name = 'A3'")
    done = rollback(marked.app.context, Selection(to="after"))
    assert done.undone == 1
    assert marked.sql("SELECT name FROM agents WHERE name IN ('A1', 'A3')") == [("A3",)]
    assert not {"A2"} & {title_of(page) for page in marked.pages("agents")}


def test_only_the_record_that_was_asked_for(marked: World) -> None:
    [(one,)] = marked.sql("SELECT id::text FROM agents WHERE name = 'A1'")
    marked.sql("DELETE FROM agents WHERE name IN ('A1', 'A2')")
    done = rollback(marked.app.context, Selection(to="before", record=("agents", one)))
    assert done.undone == 1
    assert marked.sql("SELECT name FROM agents WHERE name IN ('A1', 'A2')") == [("A1",)]


def test_the_rollback_can_be_taken_back(marked: World) -> None:
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    done = rollback(marked.app.context, BACK)
    rollback(marked.app.context, Selection(run=done.rollback_id))
    assert marked.sql("SELECT name FROM agents WHERE name = 'A1'") == []
    assert "A1" not in {title_of(page) for page in marked.pages("agents")}
    marked.assert_in_sync()


def test_columns_that_are_not_synced_come_back_too(world: World) -> None:
    world.sql(
        "ALTER TABLE agents ADD COLUMN note text, ADD COLUMN long int GENERATED ALWAYS AS (length(name)) STORED"
    )
    config = world.folder / "sync.toml"
    ignored = "".join(f"[tables.fields.{name}]\nignore = true\n" for name in ("note", "long"))
    config.write_text(config.read_text() + ignored)
    world.reopen()
    world.sql("INSERT INTO agents (name, note) VALUES ('A', 'kept'), ('B', 'kept too')")
    world.sync()
    create_mark(world.app.context, "before")
    world.sql("DELETE FROM agents WHERE name = 'A'")
    carried = world.sync()
    world.sql("DELETE FROM agents WHERE name = 'B'")
    rollback(world.app.context, Selection(to="before"))
    rows = [("A", "kept", 1), ("B", "kept too", 1)]
    assert world.sql("SELECT name, note, long FROM agents ORDER BY name") == rows
    rollback(world.app.context, Selection(run=carried.run_id))
    assert world.sql("SELECT name, note, long FROM agents ORDER BY name") == rows
    world.assert_in_sync()


def test_what_was_typed_before_the_mark_belongs_to_what_comes_back(marked: World) -> None:
    marked.edit(marked.page("agents", "A1")["id"], Prompt=text("typed before"))
    marked.sync(direction="from-notion", limit=0)
    create_mark(marked.app.context, "later")
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    assert rollback(marked.app.context, Selection(to="later")).undone == 1
    marked.sync()
    assert marked.sql("SELECT prompt FROM agents WHERE name = 'A1'") == [("typed before",)]
    marked.assert_in_sync()


def test_a_record_deleted_on_both_sides_comes_back_on_both(marked: World) -> None:
    rows, pages = _rows(marked), _page_ids(marked)
    marked.sql("DELETE FROM agents WHERE name = 'A1'")
    _trash(marked, "A1")
    marked.sync(full=True)
    _assert_all_is_back(marked, rollback(marked.app.context, BACK), rows, pages)
