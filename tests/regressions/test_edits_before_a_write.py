"""A person's edit that no poll has seen is not overwritten: pages are looked at right before they are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.looping import Stage, engine_requests
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world, shown, text

UNBRAKED = CONFIG.replace("[[tables]]", "[defaults]\nbrake = { share = 1.0, min = 1000 }\n[[tables]]", 1)


@pytest.fixture
def world(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    with make_world(empty_database, tmp_path, config=UNBRAKED) as made:
        made.setup()
        yield made


def agents(world: World, count: int) -> None:
    world.sql("INSERT INTO agents (name, prompt) SELECT 'A' || i, 'base' FROM generate_series(1, %s) i", count)


def prompts(world: World) -> set[str]:
    return {str(found) for (found,) in world.sql("SELECT prompt FROM agents")}


def losers(world: World) -> list[tuple[str, str, str]]:
    """(name, value of Postgres, value of Notion) of every conflict."""
    return [
        (str(name), str(postgres), str(notion))
        for name, postgres, notion in world.sql(
            """SELECT a.name, c.postgres_value #>> '{}', c.notion_value #>> '{}'
               FROM sync_engine.sync_conflicts c JOIN agents a ON a.id::text = c.key ORDER BY a.name"""
        )
    ]


@pytest.mark.parametrize("count", [1, 60])
def test_an_edit_between_poll_and_push_is_a_conflict_and_not_lost(world: World, count: int) -> None:
    agents(world, count)
    stage = Stage(world, slice_size=200)
    stage.run_until(300)
    page = world.page("agents", "A1")["id"]

    def both() -> None:
        world.edit(page, Prompt=text("typed"))
        world.sql("UPDATE agents SET prompt = 'stored'")

    stage.at(305, both)
    stage.run_until(330)
    assert losers(world) == [("A1", "stored", "typed")]
    stage.run_until(420)
    assert prompts(world) <= {"stored", "typed"}
    world.assert_in_sync()


def test_an_edit_of_another_field_between_poll_and_push_is_merged(world: World) -> None:
    agents(world, 1)
    stage = Stage(world)
    stage.run_until(300)

    def both() -> None:
        world.edit(world.page("agents", "A1")["id"], Max_Tokens={"number": 7})
        world.sql("UPDATE agents SET prompt = 'stored'")

    stage.at(305, both)
    stage.run_until(330)
    assert world.sql("SELECT prompt, max_tokens FROM agents") == [("stored", 7)]
    assert losers(world) == []
    assert shown(world.page("agents", "A1"), "Prompt") == "stored"


def test_an_edit_that_no_poll_has_seen_keeps_the_page_from_the_trash(world: World) -> None:
    agents(world, 2)
    stage = Stage(world)
    stage.run_until(300)

    def both() -> None:
        world.edit(world.page("agents", "A1")["id"], Prompt=text("typed"))
        world.sql("DELETE FROM agents WHERE name = 'A1'")

    stage.at(305, both)
    stage.run_until(330)
    assert world.sql("SELECT prompt FROM agents WHERE name = 'A1'") == [("typed",)]
    world.assert_in_sync()


def test_a_look_costs_one_query_for_fifty_pages(world: World) -> None:
    agents(world, 200)
    world.sync()
    world.sandbox.clear_requests()
    world.sql("UPDATE agents SET prompt = 'stored'")
    world.sync()
    asked = engine_requests(world)
    assert sum(entry.method == "PATCH" for entry in asked) == 200
    assert len(asked) <= 1.05 * 200
    world.assert_in_sync()
