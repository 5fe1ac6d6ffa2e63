"""Decisions from the command line: what is refused, what a dry run shows, what is told of them afterwards."""

from __future__ import annotations

import pytest

from tests.acceptance.test_cli_commands import SyncEngine, conflicting, key_of, prompt, sync_engine, synced
from tests.support.world import World

__all__ = ["sync_engine", "synced"]


def _disputed(world: World, synced: SyncEngine, *names: str) -> None:
    """An open conflict on the prompt of each."""
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "manual"\n')
    world.reopen()
    for name in names:
        conflicting(world, synced, name)


def test_a_side_and_a_value_together_are_refused(world: World, synced: SyncEngine) -> None:
    conflict = conflicting(world, synced)
    refused = synced("conflicts", "resolve", conflict, "--keep", "notion", "--value", '"third"')
    assert refused.code == 2
    assert "--keep and --value do not go together" in refused.err
    assert synced("conflicts", "resolve", conflict).code == 2


@pytest.mark.parametrize(
    ("options", "value"), [(["--keep", "postgres"], "from postgres"), (["--value", '"third"'], "third")]
)
def test_a_dry_run_says_that_it_is_one_and_what_would_be_put(
    world: World, synced: SyncEngine, options: list[str], value: str
) -> None:
    conflict = conflicting(world, synced)
    planned = synced("conflicts", "resolve", conflict, *options, "--dry-run", "--json").json()
    assert (planned["dry_run"], planned["value"], planned["status"]) == (True, value, "auto")
    assert prompt(world, "Agent 1") == "from notion"
    [every] = synced("conflicts", "list", "--status", "auto", "--json").json()
    assert every["status"] == "auto"


def test_who_decided_and_what_it_wrote_is_told(world: World, synced: SyncEngine) -> None:
    conflict = conflicting(world, synced)
    swapped = synced("conflicts", "swap", conflict)
    assert swapped.code == 0
    assert "tester put postgres's value on both sides; before: " in swapped.out
    runs = synced("runs", "list", "--limit", "1")
    assert "notion: 1 update; postgres: 1 update" in runs.out


def test_all_goes_on_where_one_is_refused(world: World, synced: SyncEngine) -> None:
    _disputed(world, synced, "Agent 1", "Agent 2", "Agent 3")
    world.sql("UPDATE agents SET prompt = 'newer' WHERE name = 'Agent 2'")
    done = synced("conflicts", "resolve", "--all", "--keep", "notion", "--yes")
    assert done.code == 1
    assert "1 of 3 were not decided" in done.err and key_of(world, "Agent 2") in done.err
    assert [prompt(world, f"Agent {n}") for n in (1, 2, 3)] == ["from notion", "newer", "from notion"]
