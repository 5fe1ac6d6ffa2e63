"""`run` under edits of both sides for ten minutes of staged time, and killed anywhere: converged, nothing else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.looping import Stage
from tests.support.world import World, shown, text, title_of

AGENTS = 40
MINUTES = 10


class Killed(BaseException):
    """As far as the loop is concerned: the end of the process."""


class Load:
    """Edits by people of both sides, different records on each side, with what must be there in the end."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.expected: dict[str, str] = {}
        self.made = 0
        self.pages: dict[str, str] = {}

    def begin(self) -> None:
        self.world.sql("INSERT INTO teams (name) VALUES ('Field')")
        self.world.sql(
            "INSERT INTO agents (name, prompt, team_id) "
            "SELECT 'Agent ' || i, 'first', t.id FROM generate_series(1, %s) i, teams t",
            AGENTS,
        )
        self.world.sync()
        self.pages = {title_of(page): page["id"] for page in self.world.pages("agents")}

    def row_edit(self, number: int) -> None:
        """The first quarter is edited in Postgres."""
        name = f"Agent {self.dice.randint(1, AGENTS // 4)}"
        self.expected[name] = f"row {number}"
        self.world.sql("UPDATE agents SET prompt = %s WHERE name = %s", self.expected[name], name)

    def page_edit(self, number: int) -> None:
        """The second quarter is edited in Notion; the rest is touched by nobody."""
        name = f"Agent {self.dice.randint(AGENTS // 4 + 1, AGENTS // 2)}"
        self.expected[name] = f"page {number}"
        self.world.edit(self.pages[name], Prompt=text(self.expected[name]))

    def row_insert(self, number: int) -> None:
        self.made += 1
        self.expected[f"Made {number}"] = "made"
        self.world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'made')", f"Made {number}")

    def action(self, number: int) -> Callable[[], None]:
        kind = self.dice.choice([self.row_edit, self.row_edit, self.page_edit, self.page_edit, self.row_insert])
        return lambda: kind(number)


def assert_converged(world: World, load: Load) -> None:
    rows = dict(world.sql("SELECT name, prompt FROM agents"))
    pages = {title_of(page): shown(page, "Prompt") for page in world.pages("agents")}
    untouched = {f"Agent {number}": "first" for number in range(1, AGENTS + 1)}
    assert rows == pages == {**untouched, **load.expected}
    keys = Counter(shown(page, "Sync Key") for page in world.pages("agents"))
    assert max(keys.values()) == 1 and len(keys) == len(rows)
    world.assert_in_sync()


def assert_only_changed_records_were_written(world: World, load: Load) -> None:
    written = {
        key
        for (key,) in world.sql(
            """SELECT DISTINCT a.name FROM sync_engine.sync_changes c
                 JOIN sync_engine.sync_mappings m ON m.id = c.mapping AND m.name = 'agents'
                 JOIN sync_engine.sync_runs r ON r.run_id = c.run_id AND r.kind = 'run'
                 JOIN agents a ON a.id::text = c.key"""
        )
    }
    assert written <= set(load.expected), written - set(load.expected)


@pytest.mark.parametrize("seed", [1])
def test_ten_minutes_of_edits_on_both_sides(world: World, seed: int) -> None:
    load = Load(world, seed)
    load.begin()
    stage = Stage(world, look=2.0)
    for number in range(MINUTES * 60 // 8):
        stage.at(8.0 * number + load.dice.random() * 7, load.action(number))
    stage.run_until(MINUTES * 60 + 130)
    assert stage.script == []
    assert_only_changed_records_were_written(world, load)
    assert_converged(world, load)


@pytest.mark.parametrize("seed", [2, 3])
def test_killed_anywhere_it_goes_on_where_it_was(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kill strikes before a request is sent, or after its answer and before anything is stored."""
    load = Load(world, seed)
    load.begin()
    kills = [0]
    chances = random.Random(seed)

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **named: object) -> object:
            if chances.random() < 0.1:
                kills[0] += 1
                raise Killed
            result = real(*arguments, **named)
            if chances.random() < 0.1:
                kills[0] += 1
                raise Killed
            return result

        return call

    workspace = world.app.workspace
    for name in ("create_page", "update_page", "page"):
        monkeypatch.setattr(workspace, name, dying(getattr(workspace, name)))
    stage = Stage(world, look=2.0)
    for number in range(MINUTES * 60 // 10):
        stage.at(10.0 * number + load.dice.random() * 9, load.action(number))
    end = MINUTES * 60 + 200
    while stage.elapsed < end:
        try:
            stage.run_until(end, stage.new_loop("the next one"))
        except Killed:
            # A killed process lets nothing go: its lease expires, its runs are left as they are.
            world.sql("UPDATE sync_engine.sync_leases SET expires_at = now() - interval '1 second'")
    assert kills[0] > 3
    monkeypatch.undo()
    assert_converged(world, load)
