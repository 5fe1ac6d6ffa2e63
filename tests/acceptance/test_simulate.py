"""Another policy over the past: what it would have decided, and nothing written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.cli import Ran, command_line
from tests.support.world import World, text


@pytest.fixture
def sync_engine(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Three conflicts, of which Notion won two, and Postgres one."""
    monkeypatch.chdir(world.folder)
    for number in range(1, 5):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'be kind')", f"Agent {number}")
    world.sync()
    for number in (1, 2):
        world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = %s", f"Agent {number}")
        world.edit(world.page("agents", f"Agent {number}")["id"], Prompt=text("from notion"))
    world.sync()
    world.edit(world.page("agents", "Agent 3")["id"], Prompt=text("older, from notion"))
    world.sync(direction="from-notion", limit=0)
    world.sql("UPDATE agents SET prompt = 'newer, from postgres' WHERE name = 'Agent 3'")
    world.sync()
    return command_line(capsys, world.environment)


def test_what_another_policy_would_have_decided(world: World, sync_engine: Callable[..., Ran]) -> None:
    conflicts = sync_engine("conflicts", "list", "--status", "all", "--json").json()
    assert [item["winner"] for item in conflicts] == ["notion", "notion", "postgres"]
    tables = (
        "SELECT (SELECT count(*) FROM sync_engine.sync_events), (SELECT count(*) FROM sync_engine.sync_changes)"
    )
    before = world.sql(tables)

    found = sync_engine("simulate", "--policy", "postgres", "--json").json()
    assert (found["policy"], found["conflicts"]) == ("postgres", 3)
    assert [item["id"] for item in found["differences"]] == [conflicts[0]["id"], conflicts[1]["id"]]
    first = found["differences"][0]
    assert (first["was"], first["would"], first["value"]) == ("notion", "postgres", "from postgres")
    assert first["reason"] == "the policy for this field is postgres"

    waiting = sync_engine("simulate", "--policy", "manual", "--json").json()["differences"]
    assert [item["would"] for item in waiting] == ["", "", ""]
    assert sync_engine("simulate", "--policy", "newest", "--json").json()["differences"] == []
    assert sync_engine("simulate", "--policy", "manual", "--since", "now", "--json").json()["conflicts"] == 0
    assert sync_engine("simulate", "--policy", "manual", "--table", "teams", "--json").json()["conflicts"] == 0
    assert "2 of 3 conflicts" in sync_engine("simulate", "--policy", "postgres").out
    assert world.sql(tables) == before


@pytest.mark.parametrize("policy", ["loudest", "union"])
def test_a_policy_that_cannot_be_simulated_is_refused(sync_engine: Callable[..., Ran], policy: str) -> None:
    shown = sync_engine("simulate", "--policy", policy)
    assert shown.code == 2 and policy in shown.err
