"""The conflict inbox under kills at every step, lost answers, and people who do what they like (G5, G6)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.conflicts import resolve
from sync_engine.errors import NotionError, SyncEngineError
from tests.chaos.test_faults import LOST_REPLIES, PASSING
from tests.support.inbox import cell, choose, disputed_prompts, inbox_row, inbox_rows, prompts, with_inbox
from tests.support.stateful.mortal import Alarm, Fuse, Killed, watched
from tests.support.thinning import some
from tests.support.world import World, text

ON_EACH = "SELECT id, key, status, postgres_value, notion_value FROM sync_engine.sync_conflicts ORDER BY id"


def killed_at(world: World, call: int) -> bool:
    """A pass whose process is gone at that call of a port; False when it ended before."""
    try:
        sync(watched(world.app.context, Fuse(call)), SyncOptions())
    except Killed:
        return True
    return False


def assert_shelf_is_right(world: World) -> None:
    """One live row for each open conflict, with its values, and none for any other."""
    shown = {cell(row, "Number"): row for row in inbox_rows(world)}
    assert len(shown) == len(inbox_rows(world)), "a row is there twice"
    still = {number: (ours, theirs) for number, _, status, ours, theirs in world.sql(ON_EACH) if status == "open"}
    assert {number for number, row in shown.items() if cell(row, "State") != "Decided"} == set(still)
    for number, (ours, theirs) in still.items():
        assert (cell(shown[number], "Postgres"), cell(shown[number], "Notion")) == (ours, theirs)


def dispute(world: World, name: str, ours: str, theirs: str) -> None:
    world.sql("UPDATE agents SET prompt = %s WHERE name = %s", ours, name)
    world.edit(world.page("agents", name)["id"], Prompt=text(theirs))


@pytest.mark.parametrize("stride", [(0, 6), (3, 6)])
def test_G6_a_kill_at_any_step_makes_no_row_twice_and_applies_a_choice_once(
    world: World, stride: tuple[int, int]
) -> None:
    first, step = stride
    with_inbox(world, "prompt")
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', 'before')")
    world.sync()
    burned, call = True, first
    while burned:
        dispute(world, "Ada", f"row {call}", f"page {call}")
        burned = killed_at(world, call)
        world.sync()
        assert_shelf_is_right(world)
        row = inbox_row(world)
        choose(world, row, "Edit", f"decided {call}")
        burned |= killed_at(world, call)
        world.sync()
        assert prompts(world, "Ada") == (f"decided {call}", f"decided {call}")
        assert inbox_rows(world) == []
        call += step
    assert call > 60
    rows = world.sql("SELECT count(*), count(DISTINCT page_id) FROM sync_engine.sync_inbox_rows")
    [(conflicts,)] = world.sql("SELECT count(*) FROM sync_engine.sync_conflicts")
    assert rows == [(conflicts, conflicts)]
    world.assert_in_sync()


@pytest.mark.parametrize("fault", some([*PASSING, *LOST_REPLIES], every=4))
@pytest.mark.parametrize(
    "call", [("POST", r"/v1/pages$"), ("PATCH", r"/v1/pages/"), ("POST", r"/query$"), ("GET", r"/v1/pages/")]
)
def test_G6_a_fault_at_any_call_leads_to_the_same_inbox(world: World, call: tuple[str, str], fault: str) -> None:
    with_inbox(world, "prompt")
    disputed_prompts(world, "Ada", "Bob")
    first, second = inbox_rows(world)
    choose(world, first, "Notion")
    dispute(world, "Bob", "row again", "page again")
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Eve', 'before')")
    world.sandbox.fail_next(*call, fault, times=2, skip=1)
    settle(world)
    world.sandbox.faults.clear()
    settle(world)
    assert prompts(world, "Ada") == ("page of Ada", "page of Ada")
    left = inbox_row(world)
    assert left["id"] == second["id"]
    assert_shelf_is_right(world)


@pytest.mark.parametrize("fault", LOST_REPLIES)
def test_G6_a_lost_answer_makes_no_row_twice(world: World, fault: str) -> None:
    with_inbox(world, "prompt")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'before' FROM generate_series(1, 4) i")
    world.sync()
    for number in range(1, 5):
        dispute(world, f"A{number}", "row", "page")
    world.sandbox.fail_next("POST", r"/v1/pages$", fault, times=3, skip=1)
    settle(world)
    assert len(inbox_rows(world)) == 4
    assert_shelf_is_right(world)


def settle(world: World) -> None:
    for _ in range(4):
        try:
            world.sync()
        except NotionError:
            continue


class Office:
    """People who edit, choose, copy and trash rows, and decide at a terminal; they remember what they chose."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.dice = world, dice
        self.names = [f"A{number}" for number in range(5)]
        self.edits = 0
        self.chosen: dict[int, dict[str, tuple[str, str]]] = {}
        """By conflict: the values that were shown with each choice that somebody made."""

    def act(self) -> None:
        self.dice.choice(
            [self.edit_row, self.edit_page, self.choose, self.choose, self.trash, self.copy, self.at_terminal]
        )()

    def edit_row(self) -> None:
        self.edits += 1
        name = self.dice.choice(self.names)
        self.world.sql("UPDATE agents SET prompt = %s WHERE name = %s", f"row {self.edits}", name)

    def edit_page(self) -> None:
        self.edits += 1
        page = self.world.page("agents", self.dice.choice(self.names))
        self.world.edit(page["id"], Prompt=text(f"page {self.edits}"))

    def choose(self) -> None:
        row = self._row()
        if row is None or not cell(row, "Number"):
            return
        keep = self.dice.choice(["Postgres", "Notion"])
        choose(self.world, row, keep)
        seen = self.chosen.setdefault(cell(row, "Number"), {})
        seen[f"{len(seen)} {keep}"] = (cell(row, "Postgres"), cell(row, "Notion"))

    def trash(self) -> None:
        if row := self._row():
            self.world.call("PATCH", f"/pages/{row['id']}", {"in_trash": True})

    def copy(self) -> None:
        if row := self._row():
            cells = {name: {value["type"]: value[value["type"]]} for name, value in row["properties"].items()}
            kinds = ("title", "rich_text", "select")
            cells = {name: value for name, value in cells.items() if next(iter(value)) in kinds}
            self.world.call("POST", "/pages", {"parent": row["parent"], "properties": cells})

    def at_terminal(self) -> None:
        still = [number for number, _, status, _, _ in self.world.sql(ON_EACH) if status == "open"]
        if still:
            try:
                resolve(self.world.app.context, self.dice.choice(still), keep="notion", who="terminal")
            except SyncEngineError:
                return

    def _row(self) -> dict[str, Any] | None:
        rows = inbox_rows(self.world)
        return self.dice.choice(rows) if rows else None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_G5_whatever_people_do_in_the_inbox_only_what_they_saw_is_decided(world: World, seed: int) -> None:
    dice = random.Random(seed)
    with_inbox(world, "prompt", inbox="[inbox]\nenabled = true\nrows = 3\n")
    office = Office(world, dice)
    for name in office.names:
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'before')", name)
    world.sync()
    for _ in range(30):
        for _ in range(dice.randrange(1, 4)):
            office.act()
        match dice.randrange(3):
            case 0:
                killed_at(world, dice.randrange(0, 120))
            case 1:
                meanwhile = Alarm(dice.randrange(0, 120), dice.choice([office.choose, office.edit_page]))
                sync(watched(world.app.context, meanwhile), SyncOptions())
            case _:
                world.sync()
    world.sync(full=True)
    world.sync(full=True)
    decided = "SELECT id, winner, postgres_value, notion_value, resolved_by FROM sync_engine.sync_conflicts"
    for number, winner, ours, theirs, by in world.sql(f"{decided} WHERE status = 'resolved' AND winner <> ''"):
        if by and by != "terminal":
            keep = {"postgres": "Postgres", "notion": "Notion"}[winner]
            seen = [values for choice, values in office.chosen[number].items() if choice.endswith(keep)]
            assert (ours, theirs) in seen, f"conflict {number} was decided on values that nobody chose between"
    numbers = {number for number, _, status, _, _ in world.sql(ON_EACH) if status == "open"}
    originals = {
        page for (page,) in world.sql("SELECT page_id FROM sync_engine.sync_inbox_rows WHERE page_id <> ''")
    }
    live = [row for row in inbox_rows(world) if row["id"] in originals and cell(row, "State") != "Decided"]
    shown = [cell(row, "Number") for row in live if cell(row, "Number")]
    assert len(shown) == len(set(shown)) == min(3, len(numbers)) and set(shown) <= numbers
    for number in sorted(numbers):
        resolve(world.app.context, number, keep="postgres", who="terminal")
    world.sync()
    world.assert_in_sync()
