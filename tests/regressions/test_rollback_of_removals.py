"""Rollbacks of records that were removed: what came back by other means, and what was not carried across yet."""

from __future__ import annotations

import pytest

from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.stateful.promises import wrong_rows
from tests.support.world import World, shown


@pytest.fixture
def half_back(world: World) -> World:
    """Since the mark: edited, deleted with its page, brought back; now somebody trashed the page of the row."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'at the mark')")
    world.sync()
    create_mark(world.app.context, "before")
    world.sql("UPDATE agents SET prompt = 'since'")
    world.sync()
    world.sql("DELETE FROM agents")
    rollback(world.app.context, Selection(run=world.sync().run_id))
    world.call("PATCH", f"/pages/{world.page('agents', 'A')['id']}", {"in_trash": True})
    world.sync(full=True)
    assert world.sql("SELECT prompt FROM agents") == [("since",)]
    return world


def test_a_row_that_is_there_while_its_page_is_not_gets_its_values_too(half_back: World) -> None:
    rollback(half_back.app.context, Selection(to="before"))
    assert half_back.sql("SELECT prompt FROM agents") == [("at the mark",)]
    assert shown(half_back.page("agents", "A"), "Prompt") == "at the mark"
    assert wrong_rows(half_back) == []
    half_back.assert_in_sync()


@pytest.mark.parametrize(("force", "kept"), [(False, "typed later"), (True, "since")])
def test_a_later_edit_of_it_stays_unless_forced(half_back: World, force: bool, kept: str) -> None:
    [(deleting,)] = half_back.sql("SELECT run_id FROM sync_engine.sync_changes WHERE op = 'trash'")
    half_back.sql("UPDATE agents SET prompt = 'typed later'")
    done = rollback(half_back.app.context, Selection(run=deleting), force=force)
    assert (done.undone, done.blocked) == (1, 0 if force else 1)
    assert half_back.sql("SELECT prompt FROM agents") == [(kept,)]
    assert shown(half_back.page("agents", "A"), "Prompt") == kept
    assert wrong_rows(half_back) == []
    half_back.assert_in_sync()


def test_a_row_deleted_since_the_mark_comes_back_before_its_page_went(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'at the mark')")
    world.sync()
    [(key,)] = world.sql("SELECT id::text FROM agents")
    page = world.page("agents", "A")["id"]
    create_mark(world.app.context, "before")
    world.sql("UPDATE agents SET prompt = 'since'")
    world.sync()
    world.sql("DELETE FROM agents")
    done = rollback(world.app.context, Selection(to="before"))
    assert (done.undone, done.blocked) == (1, 0)
    assert world.sql("SELECT id::text, prompt FROM agents") == [(key, "at the mark")]
    found = world.page("agents", "A")
    assert (found["id"], shown(found, "Prompt")) == (page, "at the mark")
    assert wrong_rows(world) == []
    world.assert_in_sync()


def test_a_row_deleted_after_the_run_is_told_to_be_the_reason(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'first')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'since'")
    run = world.sync().run_id
    world.sql("DELETE FROM agents")
    done = rollback(world.app.context, Selection(run=run))
    assert (done.undone, done.blocked) == (0, 1)
    assert done.plan[0].reason == "the row was deleted since"
