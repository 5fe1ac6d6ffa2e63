"""Access to a database goes away in the middle of a pass: nothing counts as deleted, and all goes on by itself."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.context import Context
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.errors import NotionRejected
from tests.support.looping import Stage, run_state
from tests.support.stateful.mortal import Alarm, watched
from tests.support.world import World, shown, text

ROWS = 120
"""More than one page of a query."""


@pytest.fixture
def many(world: World) -> World:
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'base' FROM generate_series(1, %s) i", ROWS)
    world.sync()
    return world


def lose(world: World) -> None:
    world.sandbox.revoke_access(world.source("agents"))


def assert_nothing_gone(world: World) -> None:
    assert world.sql("SELECT count(*) FROM sync_engine.sync_events WHERE op IN ('d', 't')") == [(0,)]
    assert world.sql("SELECT reason FROM sync_engine.sync_held") == []
    assert world.sql("SELECT count(*) FROM agents") == [(ROWS,)]
    assert world.sql("SELECT count(*) FROM sync_engine.sync_braked") == [(0,)]


def calls_of_a_pass(world: World) -> int:
    """How many calls of ports an undisturbed pass makes."""
    calls = Alarm(-1, lambda: None)
    sync(watched(world.app.context, calls), SyncOptions(full=True))
    return -1 - calls.left


def passes(context: Context, **options: Any) -> NotionRejected | None:
    try:
        sync(context, SyncOptions(**options))
    except NotionRejected as error:
        return error
    return None


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_wherever_a_full_pass_is_when_it_happens(many: World, share: float) -> None:
    def edit(value: str) -> None:
        many.sql("UPDATE agents SET prompt = %s WHERE name IN ('A1', 'A2', 'A3', 'A4', 'A5')", value)
        many.edit(many.page("agents", "A9")["id"], Prompt=text(value))

    edit("first")
    at = int(share * calls_of_a_pass(many))
    edit("second")
    passes(watched(many.app.context, Alarm(at, lambda: lose(many))), full=True)
    assert_nothing_gone(many)
    refused = passes(many.app.context, full=True)
    assert refused is not None and "agents" in refused.message
    assert_nothing_gone(many)
    many.sandbox.restore_access(many.source("agents"))
    many.sync()
    assert_nothing_gone(many)
    assert many.sql("SELECT prompt FROM agents WHERE name = 'A9'") == [("second",)]
    many.assert_in_sync()


def test_between_two_pages_of_a_list_the_rest_is_not_missing(many: World) -> None:
    """The first hundred pages were read: those that come after them are not gone."""
    many.sandbox.fail_next("POST", r"/query$", "not_found", skip=2)
    refused = passes(many.app.context, full=True)
    assert refused is not None and "agents" in refused.message
    assert_nothing_gone(many)
    many.sync()
    many.assert_in_sync()


def test_a_continuous_run_pauses_the_table_and_resumes_by_itself(many: World) -> None:
    stage = Stage(many)
    stage.run_until(300)

    def lost_in_the_middle() -> None:
        many.sql("UPDATE agents SET prompt = 'stored' WHERE name LIKE 'A1%'")
        many.sql("UPDATE teams SET name = 'Renamed'")

    stage.at(305, lost_in_the_middle)
    stage.at(306, lambda: lose(many))
    stage.run_until(600)
    assert_nothing_gone(many)
    assert list(run_state(many)["refused"]) == ["agents"]
    assert many.page("teams", "Renamed")
    many.sandbox.restore_access(many.source("agents"))
    stage.run_for(900)
    assert run_state(many)["refused"] == {}
    assert_nothing_gone(many)
    assert shown(many.page("agents", "A17"), "Prompt") == "stored"
    many.assert_in_sync()
