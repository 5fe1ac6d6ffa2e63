"""A rebuilding that is killed at any call goes on when it is asked for again, and comes to the same end."""

from __future__ import annotations

from itertools import count

import pytest

from sync_engine.engine.rebuild.pages import rebuild_pages
from sync_engine.engine.rebuild.rebuilt import Span
from sync_engine.engine.rebuild.rows import rebuild_rows
from tests.support.stateful.mortal import Fuse, Killed, watched
from tests.support.thinning import some
from tests.support.world import World, shown, text, title_of

STRIDE = 4


def seed(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    for number in range(1, 6):
        world.sql(
            "INSERT INTO agents (name, prompt, team_id) SELECT %s, 'be kind', id FROM teams", f"Agent {number}"
        )
    world.sync()


def pages(world: World) -> list[tuple[str, str, int]]:
    return sorted(
        (title_of(page), shown(page, "Prompt"), len(page["properties"]["Team"]["relation"]))
        for page in world.pages("agents")
    )


@pytest.mark.parametrize("offset", some(range(STRIDE), every=3))
def test_G6_pages_are_rebuilt_whatever_kills_it(world: World, offset: int) -> None:
    seed(world)
    [(good,)] = world.sql("SELECT clock_timestamp()")
    before, span = pages(world), Span(until=good)
    for calls in count(offset, STRIDE):
        for number in (1, 2, 3):
            world.edit(world.page("agents", f"Agent {number}")["id"], Prompt=text("worse"))
        world.call("PATCH", f"/pages/{world.page('agents', 'Agent 4')['id']}", {"in_trash": True})
        world.sandbox.purge(world.page("agents", "Agent 5")["id"])
        world.sync(full=True)
        try:
            rebuild_pages(watched(world.app.context, Fuse(calls)), span, dry_run=False)
        except Killed:
            rebuild_pages(world.app.context, span, dry_run=False)
            assert pages(world) == before, calls
            world.sync()
            continue
        break
    assert calls > 2 * STRIDE
    assert pages(world) == before
    world.sync()
    assert pages(world) == before, "and the rows follow"
    world.assert_in_sync()


def test_G6_rows_are_rebuilt_whatever_kills_it(world: World) -> None:
    seed(world)
    [(good,)] = world.sql("SELECT clock_timestamp()")
    span, state = Span(until=good), "SELECT to_jsonb(a) - 'updated_at' FROM agents a ORDER BY id"
    before = world.sql(state)
    for calls in count(0, 2):
        world.sql("UPDATE agents SET prompt = 'worse' WHERE name IN ('Agent 1', 'Agent 2')")
        world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
        world.sql("INSERT INTO agents (name) VALUES ('Later')")
        world.sync()
        try:
            rebuild_rows(watched(world.app.context, Fuse(calls)), span, dry_run=False)
        except Killed:
            rebuild_rows(world.app.context, span, dry_run=False)
            assert world.sql(state) == before, calls
            continue
        break
    assert world.sql(state) == before
    world.sync()
    world.assert_in_sync()
