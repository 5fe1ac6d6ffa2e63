"""A table that Notion does not show, or that is in the trash as a whole, waits; nothing of it counts as gone."""

from __future__ import annotations

import pytest

from sync_engine.errors import NotionRejected
from sync_engine.ports.hints import Hint
from tests.support.looping import Stage, run_state
from tests.support.world import World, shown, text


@pytest.fixture
def stage(world: World) -> Stage:
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'base' FROM generate_series(1, 5) i")
    made = Stage(world)
    made.run_until(300)
    return made


def agents_database(world: World) -> str:
    source = world.call("GET", f"/data_sources/{world.source('agents')}")
    found: str = source["parent"]["database_id"]
    return found


def trash_database(world: World, in_trash: bool) -> None:
    world.call("PATCH", f"/databases/{agents_database(world)}", {"in_trash": in_trash})


def assert_nothing_gone(world: World) -> None:
    deletes = "SELECT count(*) FROM sync_engine.sync_events WHERE op IN ('d', 't')"
    assert world.sql(deletes) == [(0,)]
    assert world.sql("SELECT reason FROM sync_engine.sync_held") == []
    assert world.sql("SELECT count(*) FROM agents") == [(5,)]


def test_sync_goes_on_with_the_other_tables_and_says_which_it_left(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'base' FROM generate_series(1, 5) i")
    world.sync()
    world.sandbox.revoke_access(world.source("agents"))
    world.sql("UPDATE teams SET name = 'Renamed'")
    world.sql("UPDATE agents SET prompt = 'stored' WHERE name = 'A1'")
    with pytest.raises(NotionRejected, match="agents"):
        world.sync()
    assert world.page("teams", "Renamed")
    assert_nothing_gone(world)
    world.sandbox.restore_access(world.source("agents"))
    world.sync()
    assert shown(world.page("agents", "A1"), "Prompt") == "stored"
    world.assert_in_sync()


def test_an_edit_of_a_row_right_after_access_was_lost_holds_nothing(world: World, stage: Stage) -> None:
    def lost() -> None:
        world.sandbox.revoke_access(world.source("agents"))
        world.sql("UPDATE agents SET prompt = 'stored' WHERE name IN ('A1', 'A2')")

    stage.at(305, lost)
    stage.run_until(420)
    assert_nothing_gone(world)
    assert list(run_state(world)["refused"]) == ["agents"]
    world.sandbox.restore_access(world.source("agents"))
    stage.run_for(700)
    assert run_state(world)["refused"] == {}
    assert shown(world.page("agents", "A1"), "Prompt") == "stored"
    world.assert_in_sync()


def test_a_database_in_the_trash_is_no_deletion_of_its_pages(world: World, stage: Stage) -> None:
    page = world.page("agents", "A3")["id"]

    def lost() -> None:
        trash_database(world, True)
        world.sql("UPDATE agents SET prompt = 'stored' WHERE name IN ('A1', 'A2')")
        with world.app.database.transaction() as uow:
            uow.hints.add(Hint("e1", "page.deleted", page, world.app.clock.now(), world.source("agents")))

    stage.at(305, lost)
    stage.run_until(1000)
    assert_nothing_gone(world)
    assert "trash" in run_state(world)["refused"]["agents"]
    trash_database(world, False)
    stage.run_for(700)
    assert run_state(world)["refused"] == {}
    assert shown(world.page("agents", "A1"), "Prompt") == "stored"
    world.assert_in_sync()


def test_a_sync_beside_a_database_in_the_trash_deletes_nothing(world: World, stage: Stage) -> None:
    trash_database(world, True)
    world.sql("UPDATE agents SET prompt = 'stored' WHERE name = 'A1'")
    for full in (False, True):
        with pytest.raises(NotionRejected, match="trash"):
            world.sync(full=full)
    assert_nothing_gone(world)
    trash_database(world, False)
    world.sync()
    world.assert_in_sync()


def test_when_access_returns_all_pages_are_read_once(world: World, stage: Stage) -> None:
    """What was trashed or emptied while nothing could be seen is not shown by a poll."""
    page = world.page("agents", "A4")["id"]

    def lost() -> None:
        world.call("PATCH", f"/pages/{page}", {"in_trash": True})
        world.edit(world.page("agents", "A1")["id"], Prompt=text("typed"))
        world.sandbox.revoke_access(world.source("agents"))

    stage.at(305, lost)
    stage.run_until(420)
    world.sandbox.restore_access(world.source("agents"))
    stage.run_for(700)
    trashed = "SELECT page_id FROM sync_engine.sync_events WHERE op = 'd'"
    assert world.sql(trashed) == [(page,)]
    assert world.sql("SELECT prompt FROM agents WHERE name = 'A1'") == [("typed",)]
