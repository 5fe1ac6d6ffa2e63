"""Every fault at the calls of a pass: after it, both sides are equal and nothing is doubled or lost (G6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync_engine.errors import NotionError
from tests.chaos.test_kill_sync import assert_nothing_doubled
from tests.support.postgres import Database
from tests.support.thinning import some
from tests.support.world import World, make_world, shown, text, title

LOST_REPLIES = ("drop_after", "gateway_timeout_after_commit", "unavailable_after_commit")
PASSING = ("rate_limited", "conflict", "overload", "internal_error", "bad_gateway", "unavailable", "drop_before")
CALLS = (
    ("POST", r"/v1/pages$"),
    ("PATCH", r"/v1/pages/"),
    ("POST", r"/query$"),
    ("GET", r"/v1/pages/"),
    ("GET", r"/v1/users"),
)
SETUP_CALLS = (
    ("POST", r"/v1/databases$"),
    ("PATCH", r"/v1/data_sources/"),
    ("GET", r"/v1/data_sources/"),
    ("GET", r"/children$"),
)


def edits(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('T1'), ('T2')")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'p' FROM generate_series(1, 6) i")
    world.sync()
    world.sql(
        "INSERT INTO agents (name, prompt, team_id) SELECT 'B' || i, 'p', (SELECT id FROM teams LIMIT 1)"
        " FROM generate_series(1, 4) i"
    )
    world.sql("UPDATE agents SET prompt = 'row' WHERE name IN ('A1', 'A2')")
    world.edit(world.page("agents", "A3")["id"], Prompt=text("page"))
    world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
            "properties": {"Name": title("From Notion")},
        },
    )


def settle(world: World) -> None:
    """Run passes as cron would: one that meets an outage is followed by the next."""
    for _ in range(4):
        try:
            world.sync()
        except NotionError:
            continue


def assert_converged(world: World) -> None:
    world.sandbox.faults.clear()
    settle(world)
    rows = dict(world.sql("SELECT name, prompt FROM agents"))
    assert (rows["A1"], rows["A3"], len(rows)) == ("row", "page", 11)
    assert shown(world.page("agents", "A2"), "Prompt") == "row"
    assert_nothing_doubled(world)
    world.assert_in_sync()


@pytest.mark.parametrize("fault", some([*PASSING, *LOST_REPLIES], every=2))
@pytest.mark.parametrize("call", CALLS, ids=["create", "patch", "query", "page", "users"])
def test_G6_a_fault_at_any_call_leads_to_the_same_end_state(
    world: World, call: tuple[str, str], fault: str
) -> None:
    edits(world)
    world.sandbox.fail_next(*call, fault, times=2, skip=1)
    settle(world)
    assert_converged(world)


@pytest.mark.parametrize(
    "fault", some(["rate_limited", "bad_gateway", "unavailable", "drop_before", *LOST_REPLIES], every=2)
)
@pytest.mark.parametrize("call", SETUP_CALLS, ids=["database", "schema", "source", "children"])
def test_G6_a_fault_at_any_call_of_setup_makes_nothing_twice(
    empty_database: Database, tmp_path: Path, call: tuple[str, str], fault: str
) -> None:
    with make_world(empty_database, tmp_path) as world:
        world.sandbox.fail_next(*call, fault, times=2)
        for _ in range(4):
            try:
                world.setup()
            except NotionError:
                continue
        children = world.call("GET", f"/blocks/{world.sandbox.parent_page_id}/children")["results"]
        assert sorted(block["child_database"]["title"] for block in children) == ["Agents", "Teams"]
        world.sql("INSERT INTO teams (name) VALUES ('T')")
        world.sql("INSERT INTO agents (name, team_id) SELECT 'A', id FROM teams")
        world.sync()
        world.assert_in_sync()
