"""A rollback is a state machine: killed at any step it is completed, or given up, and nothing is undone twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.resuming import resume
from sync_engine.engine.undo.rollback import RollbackResult, Selection, abort, rollback
from sync_engine.errors import NotionError, UsageError
from tests.support.cli import command_line
from tests.support.stateful.mortal import Alarm, Fuse, Killed, watched
from tests.support.thinning import some
from tests.support.world import World, shown, text, title, title_of

STRIDE = 7
"""Calls between two kills of one example; the offset differs, so that all examples together reach every call."""


def seed(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Root'), ('Other')")
    for number in range(1, 9):
        world.sql(
            "INSERT INTO agents (name, prompt, tags, team_id) SELECT %s, 'be kind', '{a,b}', id FROM teams"
            " WHERE name = 'Root'",
            f"Agent {number}",
        )
    world.sync()


def state(world: World) -> tuple[Any, ...]:
    """What people see of both sides."""
    found = world.sql("SELECT to_jsonb(a) - 'updated_at' - 'created_at' FROM agents a ORDER BY id")
    rows = [row for (row,) in found]
    teams = {page["id"]: title_of(page) for page in world.pages("teams")}
    pages = sorted(
        (
            title_of(page),
            shown(page, "Prompt"),
            [teams[item["id"]] for item in page["properties"]["Team"]["relation"]],
        )
        for page in world.pages("agents")
    )
    return rows, world.sql("SELECT name FROM teams ORDER BY name"), pages


def mischief(world: World) -> None:
    """Of every kind one, on both sides, carried across as far as it crosses."""
    world.sql("UPDATE agents SET prompt = 'worse', team_id = NULL WHERE name IN ('Agent 1', 'Agent 2')")
    world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
    world.sql("INSERT INTO agents (name) VALUES ('Row later')")
    world.edit(world.page("agents", "Agent 4")["id"], Prompt=text("worse in notion"))
    world.call("PATCH", f"/pages/{world.page('agents', 'Agent 5')['id']}", {"in_trash": True})
    parent = {"type": "data_source_id", "data_source_id": world.source("agents")}
    world.call("POST", "/pages", {"parent": parent, "properties": {"Name": title("Page later")}})
    world.sync(full=True)


@pytest.mark.parametrize("offset", some(range(STRIDE), every=3))
def test_G6_a_rollback_killed_at_any_call_comes_to_the_same_end(world: World, offset: int) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    before = state(world)
    for calls in count(offset, STRIDE):
        mischief(world)
        try:
            rollback(watched(world.app.context, Fuse(calls)), Selection(to="good"))
        except Killed:
            rollback(world.app.context, Selection(to="good"))
            assert state(world) == before, calls
            assert world.sql("SELECT count(*) FROM sync_engine.sync_rollback_steps") == [(0,)]
            continue
        break
    assert calls > 3 * STRIDE
    assert state(world) == before
    world.assert_in_sync()


def killed_after_the_rows(world: World) -> str:
    """A rollback whose process died when the first page was about to be written; its id."""
    world.sandbox.fail_next("PATCH", "/v1/pages/", "unauthorized", times=100)
    with pytest.raises(NotionError):
        rollback(world.app.context, Selection(to="good"))
    world.sandbox.faults.clear()
    [(rollback_id,)] = world.sql("SELECT rollback_id FROM sync_engine.sync_rollbacks WHERE state = 'rows_done'")
    return str(rollback_id)


def test_G7_one_that_was_cut_short_is_resumed_by_its_id(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    before = state(world)
    mischief(world)
    after = state(world)
    rollback_id = killed_after_the_rows(world)
    done = resume(world.app.context, rollback_id[:13])
    assert (done.rollback_id, done.undone, done.refused) == (rollback_id, 7, {})
    assert state(world) == before
    with pytest.raises(UsageError, match="is over: done"):
        resume(world.app.context, rollback_id)
    again = rollback(world.app.context, Selection(run=rollback_id))
    assert again.blocked == 0
    assert [row for row in state(world)[0] if row["name"] != "Agent 5"] == [
        row for row in after[0] if row["name"] != "Agent 5"
    ]


def test_G7_one_that_was_cut_short_is_given_up_and_leaves_nothing(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    mischief(world)
    after = state(world)
    rollback_id = killed_after_the_rows(world)
    undone = abort(world.app.context, rollback_id)
    assert undone.blocked == 0, [item.reason for item in undone.plan]
    assert state(world)[0] == after[0]
    assert world.sql("SELECT state FROM sync_engine.sync_rollbacks WHERE rollback_id = %s", rollback_id) == [
        ("aborted",)
    ]


def test_the_next_rollback_completes_the_one_before(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    before = state(world)
    mischief(world)
    killed_after_the_rows(world)
    done = rollback(world.app.context, Selection(record=("agents", str(before[0][0]["id"]))))
    assert isinstance(done, RollbackResult)
    assert world.sql("SELECT DISTINCT state FROM sync_engine.sync_rollbacks") == [("done",)]


def test_G7_an_edit_made_while_pages_are_written_is_kept(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    page = world.page("agents", "Agent 1")["id"]
    world.sql("UPDATE agents SET prompt = 'worse'")
    world.sync()
    edit: Callable[[], None] = lambda: world.edit(page, Prompt=text("just now"))  # noqa: E731
    patched = _call_before_the_pages(world)
    done = rollback(watched(world.app.context, Alarm(patched, edit)), Selection(to="good"))
    world.sync()
    world.sync()
    prompts = dict(world.sql("SELECT name, prompt FROM agents"))
    assert prompts.pop("Agent 1") == "just now", done.failed
    assert set(prompts.values()) == {"be kind"}


def _call_before_the_pages(world: World) -> int:
    """The number of the call by which the rows are written, found by a rollback that dies before each."""
    for calls in count():
        try:
            rollback(watched(world.app.context, Fuse(calls)), Selection(to="good"))
        except Killed:
            if world.sql("SELECT 1 FROM sync_engine.sync_rollbacks WHERE state = 'rows_done'"):
                rollback(world.app.context, Selection(to="good"))
                world.sql("UPDATE agents SET prompt = 'worse'")
                world.sync()
                return calls
    raise AssertionError


def test_the_preview_names_whose_changes_are_taken_back(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    seed(world)
    create_mark(world.app.context, "good")
    world.connection.execute("SELECT set_config('sync_engine.actor', 'Ada', false)")
    world.sql("UPDATE agents SET prompt = 'worse' WHERE name < 'Agent 4'")
    world.sync()
    sync_engine = command_line(capsys, world.environment)
    planned = sync_engine("rollback", "--to", "good", "--dry-run", "--json").json()
    assert planned["people"] == [{"actor": {**planned["people"][0]["actor"], "name": "Ada"}, "edits": 3}]
    assert planned["requests"] == 3 + 1
    assert "Ada (3)" in sync_engine("rollback", "--to", "good", "--dry-run").out


@pytest.mark.parametrize("number", range(3))
def test_G7_random_histories_end_at_the_mark_and_back(world: World, number: int) -> None:
    chance = random.Random(number)
    seed(world)
    _live(world, chance, 12)
    world.sync(full=True)
    world.sync()
    create_mark(world.app.context, "good")
    before = state(world)
    _live(world, chance, 15)
    world.sync(full=True)
    world.sync()
    after = state(world)
    done = rollback(world.app.context, Selection(to="good"))
    assert done.blocked == 0, [item.reason for item in done.plan if item.reason]
    assert state(world) == before
    undone = rollback(world.app.context, Selection(run=done.rollback_id))
    assert undone.blocked == 0, [item.reason for item in undone.plan if item.reason]
    assert state(world) == after


def _live(world: World, chance: random.Random, days: int) -> None:
    """Edits, inserts and deletes on both sides that do not wait for a person, and passes between them."""
    for _ in range(days):
        names = [name for (name,) in world.sql("SELECT name FROM agents ORDER BY name")]
        name = chance.choice(names)
        match chance.randrange(6):
            case 0:
                world.sql("UPDATE agents SET prompt = %s WHERE name = %s", f"row {chance.random()}", name)
            case 1:
                world.sync()
                world.edit(world.page("agents", name)["id"], Prompt=text(f"page {chance.random()}"))
            case 2 if len(names) > 4:
                world.sql("DELETE FROM agents WHERE name = %s", name)
                world.sync()
            case 3:
                world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'new')", f"New {chance.random()}")
            case 4:
                other = chance.choice(["Root", "Other"])
                world.sql("UPDATE agents SET team_id = (SELECT id FROM teams WHERE name = %s)", other)
            case _:
                world.sync()
