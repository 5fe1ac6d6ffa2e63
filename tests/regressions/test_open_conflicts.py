"""Open conflicts that nobody can decide any more are closed; those of a record with a new key can be decided."""

from __future__ import annotations

import pytest

from sync_engine.engine.review.conflicts import conflict_list, resolve, swap
from sync_engine.errors import UsageError
from tests.support.world import World, shown, text


@pytest.fixture
def disputed(world: World) -> World:
    """One agent whose prompt was edited on both sides, and waits for a person."""
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "manual"\n')
    world.reopen()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'from postgres'")
    world.edit(world.page("agents", "A")["id"], Prompt=text("from notion"))
    assert world.sync().total.conflicts_open == 1
    return world


def test_an_edit_taken_back_closes_the_conflict_and_the_other_crosses(disputed: World) -> None:
    disputed.edit(disputed.page("agents", "A")["id"], Prompt=text("base"))
    assert disputed.sync().total.conflicts_open == 0
    assert shown(disputed.page("agents", "A"), "Prompt") == "from postgres"
    [closed] = conflict_list(disputed.app.context, "all")
    assert (closed["status"], closed["notion"]["value"]) == ("resolved", "from notion")  # type: ignore[index, call-overload]
    with pytest.raises(UsageError):
        swap(disputed.app.context, int(str(closed["id"])))
    disputed.assert_in_sync()


def test_a_row_deleted_closes_the_conflict_and_the_edit_of_the_page_wins(disputed: World) -> None:
    disputed.sql("DELETE FROM agents")
    assert disputed.sync().total.conflicts_open == 0
    assert disputed.sql("SELECT prompt FROM agents") == [("from notion",)]
    disputed.assert_in_sync()


def test_a_record_deleted_on_both_sides_closes_the_conflict(disputed: World) -> None:
    page = disputed.page("agents", "A")["id"]
    disputed.sql("DELETE FROM agents")
    disputed.call("PATCH", f"/pages/{page}", {"in_trash": True})
    assert disputed.sync(full=True).total.conflicts_open == 0
    assert disputed.sql("SELECT count(*) FROM agents") == [(0,)]


def test_a_conflict_can_be_decided_after_the_key_of_its_row_changed(disputed: World) -> None:
    disputed.sql("UPDATE agents SET id = gen_random_uuid()")
    disputed.sync()
    [conflict] = conflict_list(disputed.app.context, "open")
    resolve(disputed.app.context, int(str(conflict["id"])), keep="postgres")
    assert shown(disputed.page("agents", "A"), "Prompt") == "from postgres"
    disputed.assert_in_sync()
