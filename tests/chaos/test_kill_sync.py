"""kill -9 during `sync` at random moments, then `sync`: both sides equal, nothing doubled, nothing lost (G6)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from threading import Event

import pytest

from tests.support.world import World, shown, text, title, title_of

ROWS = 60
DEADLINE = 60.0


def seed(world: World) -> None:
    world.sql(
        """INSERT INTO teams (name) SELECT 'Team ' || i FROM generate_series(1, 10) i;
           UPDATE teams SET parent_id = (SELECT id FROM teams WHERE name = 'Team 1') WHERE name <> 'Team 1'"""
    )
    world.sql(
        f"""INSERT INTO agents (name, prompt, team_id)
            SELECT 'Agent ' || i, repeat('word ', 500) || i, t.id
              FROM generate_series(1, {ROWS}) i JOIN teams t ON t.name = 'Team ' || (1 + i % 10)"""
    )


def killed_sync(world: World, requests: int) -> int:
    """Start `sync`, kill it when the local Notion has answered so many requests; returns its exit code."""
    already = len(world.sandbox.requests)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "--config", str(world.folder / "sync.toml"), "sync"],
        env={**world.environment, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    tick, waited = Event(), 0.0
    while process.poll() is None and len(world.sandbox.requests) - already < requests:
        tick.wait(0.0005)
        waited += 0.0005
        assert waited < DEADLINE
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode


def person_edits(world: World, dice: random.Random, round_number: int) -> dict[str, str]:
    """Edit a few pages and rows, different records on each side; returns what the prompts must be in the end."""
    expected: dict[str, str] = {}
    numbers = dice.sample(range(1, ROWS + 1), 10)
    pages = {title_of(page): page["id"] for page in world.pages("agents")}
    for number in numbers[:5]:
        name = f"Agent {number}"
        world.sql("UPDATE agents SET prompt = %s WHERE name = %s", f"row edit {round_number}", name)
        expected[name] = f"row edit {round_number}"
    for number in numbers[5:]:
        name = f"Agent {number}"
        if name in pages:
            world.edit(pages[name], Prompt=text(f"page edit {round_number}"))
            expected[name] = f"page edit {round_number}"
    return expected


def assert_nothing_doubled(world: World) -> None:
    for table in ("teams", "agents"):
        keys = Counter(shown(page, "Sync Key") for page in world.pages(table))
        rows = {key for (key,) in world.sql(f"SELECT id::text FROM {table}")}
        assert set(keys) == rows
        assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("seed_number", [1, 2])
def test_G6_kill_9_at_random_moments_of_the_first_sync(world: World, seed_number: int) -> None:
    dice = random.Random(seed_number)
    seed(world)
    codes = [killed_sync(world, dice.randrange(1, 40)) for _ in range(5)]
    assert -signal.SIGKILL in codes
    world.sync()
    assert_nothing_doubled(world)
    world.assert_in_sync()


@pytest.mark.parametrize("seed_number", [3, 4])
def test_G6_kill_9_at_random_moments_among_edits_of_both_sides(world: World, seed_number: int) -> None:
    dice = random.Random(seed_number)
    seed(world)
    world.sync()
    expected: dict[str, str] = {}
    for round_number in range(5):
        expected |= person_edits(world, dice, round_number)
        if round_number == 2:
            world.call(
                "POST",
                "/pages",
                {
                    "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
                    "properties": {"Name": title("Made in Notion"), "Prompt": text("mine")},
                },
            )
            world.sql("INSERT INTO agents (name, prompt) VALUES ('Made in Postgres', 'ours')")
        killed_sync(world, dice.randrange(1, 16))
    world.sync()
    assert_nothing_doubled(world)
    rows = dict(world.sql("SELECT name, prompt FROM agents"))
    collisions = {row for (row,) in world.sql("SELECT key FROM sync_engine.sync_conflicts")}
    keys = dict(world.sql("SELECT name, id::text FROM agents"))
    for name, prompt in expected.items():
        assert rows[name] == prompt or keys[name] in collisions
    assert (rows["Made in Notion"], rows["Made in Postgres"]) == ("mine", "ours")
    world.assert_in_sync()
