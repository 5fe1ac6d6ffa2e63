"""A field that one side cannot take stays listed as held for as long as it is so, whatever else is edited."""

from __future__ import annotations

import pytest

from sync_engine.engine.review.conflicts import conflict_list, swap
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.looping import Stage
from tests.support.world import World, shown, text


def held(world: World) -> list[str]:
    """The held fields of each record."""
    return [str(item["constraint"]) for item in held_list(world.app.context)]


@pytest.fixture
def big(world: World) -> World:
    world.sql("ALTER TABLE agents ADD COLUMN big bigint")
    world.reopen()
    world.sql("INSERT INTO agents (name, big) VALUES ('A', 9007199254740993)")
    world.sync()
    return world


def test_a_rollback_of_another_field(big: World) -> None:
    assert held(big) == ["big"]
    big.edit(big.page("agents", "A")["id"], Prompt=text("oops"))
    bad = big.sync()
    assert held(big) == ["big"]
    rollback(big.app.context, Selection(run=bad.run_id))
    assert held(big) == ["big"]
    big.sync()
    assert held(big) == ["big"]


def test_passes_of_one_direction(big: World) -> None:
    big.sql("UPDATE agents SET prompt='x'")
    big.sync(direction="to-notion")
    assert held(big) == ["big"]
    big.edit(big.page("agents", "A")["id"], Prompt=text("oops"))
    big.sync(direction="from-notion")
    assert held(big) == ["big"]


def test_edits_that_wait_for_the_other_direction(big: World) -> None:
    big.edit(big.page("agents", "A")["id"], Prompt=text("oops"))
    big.sync(direction="to-notion")
    assert held(big) == ["big"]
    big.sql("UPDATE agents SET prompt='x2'")
    big.sync(direction="from-notion")
    assert held(big) == ["big"]


def test_edits_that_are_taken_back(big: World) -> None:
    page = big.page("agents", "A")["id"]
    big.edit(page, Prompt=text("oops"))
    big.sync(direction="from-notion", limit=0)
    big.edit(page, Prompt=text(""))
    big.sync()
    assert held(big) == ["big"]
    big.sql("UPDATE agents SET prompt='a'")
    big.sql("UPDATE agents SET prompt=NULL")
    big.sync()
    assert held(big) == ["big"]


def test_a_full_scan(big: World) -> None:
    big.sync(full=True)
    assert held(big) == ["big"]


def test_a_swap_of_another_field(big: World) -> None:
    big.sql("UPDATE agents SET prompt = 'pg'")
    big.edit(big.page("agents", "A")["id"], Prompt=text("no"))
    big.sync()
    [c] = conflict_list(big.app.context, "all")
    swap(big.app.context, int(str(c["id"])))
    assert held(big) == ["big"]


def test_a_value_that_postgres_refuses(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.edit(page, Max_Tokens={"number": 1.5})
    world.sync()
    assert held(world) == ["max_tokens"]
    world.edit(page, Prompt=text("y"))
    world.sync()
    assert held(world) == ["max_tokens"]
    world.sql("UPDATE agents SET prompt = 'z'")
    world.sync()
    assert held(world) == ["max_tokens"]
    world.sync(full=True)
    assert held(world) == ["max_tokens"]
    world.edit(page, Prompt=text("yy"))
    world.sql("UPDATE agents SET name = 'B'")
    world.sync()
    assert held(world) == ["max_tokens"]


def test_one_of_each_side(big: World) -> None:
    page = big.page("agents", "A")["id"]
    big.edit(page, Max_Tokens={"number": 1.5})
    big.sync()
    assert sorted(held(big)[0].split(", ")) == ["big", "max_tokens"]
    big.sql("UPDATE agents SET prompt = 'z'")
    big.sync()
    assert sorted(held(big)[0].split(", ")) == ["big", "max_tokens"]


def test_a_continuous_run(big: World) -> None:
    big.edit(big.page("agents", "A")["id"], Prompt=text("y"))
    Stage(big).run_for(30)
    assert shown(big.page("agents", "A"), "Prompt") == "y"
    assert big.sql("SELECT prompt FROM agents") == [("y",)]
    assert held(big) == ["big"]


def test_another_try_of_the_field_itself(big: World) -> None:
    [item] = held_list(big.app.context)
    retry_held(big.app.context, [int(str(item["id"]))])
    big.sync()
    assert held(big) == ["big"]


@pytest.mark.parametrize(
    "gone", ["UPDATE agents SET big = 5", "UPDATE agents SET big = NULL", "DELETE FROM agents"]
)
def test_it_goes_when_the_value_goes(big: World, gone: str) -> None:
    big.sql(gone)
    big.sync()
    assert held(big) == []


def test_it_goes_when_a_person_writes_another_value(big: World) -> None:
    big.edit(big.page("agents", "A")["id"], Big={"number": 7})
    big.sync()
    assert held(big) == [] and big.sql("SELECT big FROM agents") == [(7,)]


def test_it_goes_when_a_person_takes_back_what_postgres_refused(world: World) -> None:
    world.sql("INSERT INTO agents (name, max_tokens) VALUES ('A', 5)")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.edit(page, Max_Tokens={"number": 1.5})
    world.sync()
    assert held(world) == ["max_tokens"]
    world.edit(page, Max_Tokens={"number": 5})
    world.sync()
    assert held(world) == []
    world.assert_in_sync()
