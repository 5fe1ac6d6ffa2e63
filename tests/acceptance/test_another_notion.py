"""A Notion that differs wherever the facts leave it open: the same story ends the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from sync_engine.engine.inquiry.verify import verify
from tests.support.looping import Stage
from tests.support.postgres import Database
from tests.support.thinning import some
from tests.support.variant import ALL, EACH, Proxy, Variant, variant_of
from tests.support.world import SCHEMA, World, make_world, shown, text, title


def name_of(variant: Any) -> str:
    if not isinstance(variant, Variant):
        return str(variant)
    chosen = [item.name for item in fields(variant) if getattr(variant, item.name)]
    return chosen[0] if len(chosen) == 1 else "all"


Another = tuple[World, Proxy]
"""A world whose engine talks to another Notion; the person talks to the same one directly."""


@pytest.fixture(params=[*((each, 0) for each in EACH), (ALL, 1), (ALL, 2)], ids=lambda param: name_of(param[0]))
def another(request: pytest.FixtureRequest, empty_database: Database, tmp_path: Path) -> Iterator[Another]:
    """Each way in which Notion may differ, and all of them."""
    yield from _another(request, empty_database, tmp_path)


@pytest.fixture(
    params=[*((each, 0) for each in some(EACH, every=4)), (ALL, 1)], ids=lambda param: name_of(param[0])
)
def some_other(request: pytest.FixtureRequest, empty_database: Database, tmp_path: Path) -> Iterator[Another]:
    """Some of the ways, and all of them together."""
    yield from _another(request, empty_database, tmp_path)


def _another(request: pytest.FixtureRequest, empty_database: Database, tmp_path: Path) -> Iterator[Another]:
    variant, seed = request.param
    with (
        make_world(empty_database, tmp_path, schema=SCHEMA) as world,
        variant_of(world.sandbox.url, variant, seed) as (url, proxy),
    ):
        world.environment["NOTION_API_URL"] = url
        world.reopen()
        yield world, proxy


def begin(world: World) -> None:
    world.sql("INSERT INTO teams (name) SELECT 'T' || i FROM generate_series(1, 3) i")
    world.sql(
        "INSERT INTO agents (name, prompt, max_tokens, tags, born, team_id)"
        " SELECT 'A' || i, repeat('long and longer ', 20 * i), i, ARRAY['x', 'y' || i], '2024-02-29', t.id"
        " FROM generate_series(1, 20) i JOIN teams t ON t.name = 'T' || (i % 3 + 1)"
    )
    world.sync()


def prompt(world: World, name: str) -> str:
    [(found,)] = world.sql("SELECT prompt FROM agents WHERE name = %s", name)
    return str(found)


def test_the_whole_story(another: Another) -> None:
    world, _ = another
    begin(world)
    assert len(world.pages("agents")) == 20
    assert sum(world.sync().total.applied.values()) == 0

    world.sql("UPDATE agents SET prompt = 'row' WHERE name = 'A1'")
    world.edit(world.page("agents", "A2")["id"], Prompt=text("page"), Max_Tokens={"number": 77})
    for number in range(6, 11):
        world.sql("UPDATE agents SET max_tokens = 1000 WHERE name = %s", f"A{number}")
    world.sql("UPDATE agents SET prompt = 'row too' WHERE name = 'A3'")
    world.edit(world.page("agents", "A3")["id"], Prompt=text("page too"))
    body = {"Name": title("Typed in Notion"), "Prompt": text("new")}
    world.call("POST", "/pages", {"parent": {"data_source_id": world.source("agents")}, "properties": body})
    world.sync()
    assert shown(world.page("agents", "A1"), "Prompt") == "row"
    assert world.sql("SELECT prompt, max_tokens FROM agents WHERE name = 'A2'") == [("page", 77)]
    assert prompt(world, "Typed in Notion") == "new"
    assert world.sql("SELECT field FROM sync_engine.sync_conflicts") == [("prompt",)]
    world.sync()
    world.assert_in_sync()

    world.sql("DELETE FROM agents WHERE name = 'A4'")
    page = world.page("agents", "A5")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sync(full=True)
    assert len(world.pages("agents")) == 19
    assert world.sql("SELECT count(*) FROM agents WHERE name = 'A5'") == [(1,)]
    held = world.sql("SELECT reason FROM sync_engine.sync_held")
    assert len(held) == 1 and "trash" in held[0][0]
    again = world.sync(full=True)
    assert sum(again.total.applied.values()) == 0
    assert [item.kind for item in verify(world.app.context).differences] == ["missing_page"]


def test_run_beside_edits_of_both_sides(some_other: Another) -> None:
    world, _ = some_other
    begin(world)
    stage = Stage(world)
    stage.run_until(60)

    def longer() -> None:
        world.sql("UPDATE agents SET prompt = prompt || '.' WHERE name = 'A1'")

    for second in range(70, 100, 10):
        stage.at(second, longer)
        stage.at(second + 3, lambda: world.edit(world.page("agents", "A2")["id"], Prompt=text("typed")))
    stage.at(104, lambda: world.edit(world.page("agents", "A6")["id"], Team={"relation": []}))
    stage.run_until(300)
    assert prompt(world, "A2") == "typed"
    assert world.sql("SELECT team_id FROM agents WHERE name = 'A6'") == [(None,)]
    world.assert_in_sync()


def test_a_page_trashed_by_a_person_while_its_row_changes(some_other: Another) -> None:
    """What an edit of a page in the trash is answered with is nowhere stated."""
    world, _ = some_other
    begin(world)
    page = world.page("agents", "A1")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sql("UPDATE agents SET prompt = 'row' WHERE name = 'A1'")
    world.sync()
    world.sync()
    assert shown(world.page("agents", "A1"), "Prompt") == "row"
    assert world.page("agents", "A1")["id"] == page
    world.assert_in_sync()
