"""While many pages are written, a page that a person is at work on is looked at right before its own write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync_engine.engine.passes.sync import SyncOptions, sync
from tests.regressions.test_edits_before_a_write import UNBRAKED, agents, losers
from tests.support.looping import engine_requests
from tests.support.postgres import Database
from tests.support.world import World, make_world, shown, text


@pytest.fixture
def world(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    with make_world(empty_database, tmp_path, config=UNBRAKED) as made:
        made.setup()
        agents(made, 60)
        made.sync()
        made.sandbox.advance(3600)
        made.sync(full=True)
        yield made


class AtFirstWrite:
    """A workspace in which something happens right before the first page is written."""

    def __init__(self, workspace: Any, action: Callable[[], None]) -> None:
        self._workspace = workspace
        self._action: Callable[[], None] | None = action

    def update_page(self, *arguments: Any) -> Any:
        action, self._action = self._action, None
        if action is not None:
            action()
        return self._workspace.update_page(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workspace, name)


def pass_with(world: World, action: Callable[[], None]) -> None:
    context = world.app.context
    sync(replace(context, workspace=AtFirstWrite(context.workspace, action)), SyncOptions())


@pytest.mark.parametrize(("count", "name"), [(2, "A2"), (3, "A3"), (60, "A1"), (60, "A60")])
def test_an_edit_made_while_the_others_are_written_is_a_conflict_and_not_lost(
    world: World, count: int, name: str
) -> None:
    page = world.page("agents", name)["id"]
    world.edit(page, Max_Tokens={"number": 7})
    world.sync()
    world.sql("UPDATE agents SET prompt = 'stored' WHERE substr(name, 2)::int <= %s", count)
    pass_with(world, lambda: world.edit(page, Prompt=text("typed")))
    assert losers(world) == [(name, "stored", "typed")]
    world.sync()
    assert world.sql("SELECT prompt, max_tokens FROM agents WHERE name = %s", name) == [("typed", 7)]
    stored = [page for page in world.pages("agents") if shown(page, "Prompt") == "stored"]
    assert len(stored) == count - 1
    world.assert_in_sync()


def test_an_edit_of_another_field_is_kept_and_seen_wherever_it_falls(world: World) -> None:
    """A write names its own properties only, and its answer shows the others."""
    page = world.page("agents", "A1")["id"]
    world.sql("UPDATE agents SET prompt = 'stored'")
    pass_with(world, lambda: world.edit(page, Max_Tokens={"number": 7}))
    assert world.sql("SELECT prompt, max_tokens FROM agents WHERE name = 'A1'") == [("stored", 7)]
    assert shown(world.page("agents", "A1"), "Prompt") == "stored"
    assert losers(world) == []
    world.assert_in_sync()


def test_an_edit_that_arrives_after_the_write_crosses(world: World) -> None:
    page = world.page("agents", "A1")["id"]
    world.sql("UPDATE agents SET prompt = 'stored' WHERE name = 'A1'")
    world.sync()
    world.edit(page, Prompt=text("typed"))
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'A1'") == [("typed",)]
    world.assert_in_sync()


def test_only_pages_that_people_are_at_work_on_cost_a_look_of_their_own(world: World) -> None:
    world.edit(world.page("agents", "A1")["id"], Max_Tokens={"number": 7})
    world.sync()
    world.sandbox.clear_requests()
    for prompt in ("one", "two"):
        world.sql("UPDATE agents SET prompt = %s", prompt)
        world.sync()
    asked = [entry for entry in engine_requests(world) if entry.method == "GET" and "/pages/" in entry.path]
    assert len(asked) == 1, "the engine's own writes make no page busy"
