"""The conflict inbox with a Notion that differs wherever the facts leave it open, in `run`, and with webhooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync_engine.ports.hints import Hint
from tests.acceptance.test_another_notion import name_of
from tests.support.inbox import cell, choose, disputed_prompts, inbox_row, inbox_rows, prompts, with_inbox
from tests.support.looping import Stage, engine_requests
from tests.support.postgres import Database
from tests.support.thinning import some
from tests.support.variant import ALL, EACH, Variant, variant_of
from tests.support.world import SCHEMA, World, make_world, text


@pytest.mark.parametrize("variant", [*some(EACH, every=4), ALL], ids=name_of)
def test_the_story_in_another_notion(empty_database: Database, tmp_path: Path, variant: Variant) -> None:
    with (
        make_world(empty_database, tmp_path, schema=SCHEMA) as world,
        variant_of(world.sandbox.url, variant, 1) as (url, _),
    ):
        world.environment["NOTION_API_URL"] = url
        with_inbox(world, "prompt", inbox="[inbox]\nenabled = true\nrows = 9\n")
        disputed_prompts(world, *(f"A{number}" for number in range(10)))
        note, *rows = inbox_rows(world)
        assert len(rows) == 9 and cell(note, "Conflict") == "1 more conflict waits"
        world.sync()
        assert len(inbox_rows(world)) == 10
        long = "🔴 long " * 8_000
        names = {cell(row, "Number"): cell(row, "Postgres").removeprefix("row of ") for row in rows}
        first, second, third, *others = rows
        choose(world, first, "Postgres")
        choose(world, second, "Notion")
        choose(world, third, "Edit", "mine")
        world.sql("UPDATE agents SET prompt = %s WHERE name = %s", long, names[cell(others[0], "Number")])
        world.sync()
        for row, wanted in ((first, "row of {}"), (second, "page of {}"), (third, "mine")):
            name = names[cell(row, "Number")]
            assert prompts(world, name) == (wanted.format(name), wanted.format(name))
        left = inbox_rows(world)
        assert len(left) == 7
        [toggle] = world.call("GET", f"/blocks/{others[0]['id']}/children")["results"]
        blocks = world.call("GET", f"/blocks/{toggle['id']}/children")["results"]
        texts = ["".join(run["plain_text"] for run in block[block["type"]]["rich_text"]) for block in blocks]
        assert "".join(texts[1:]) == long
        for row in left:
            choose(world, row, "Notion")
        world.sync()
        assert inbox_rows(world) == []
        world.assert_in_sync()


def test_run_takes_a_choice_within_a_poll_and_asks_no_more_than_it_must(world: World) -> None:
    with_inbox(world, "prompt")
    disputed_prompts(world, "Ada")
    row = inbox_row(world)
    stage = Stage(world)
    stage.run_until(200)
    [(source,)] = world.sql("SELECT data_source_id FROM sync_engine.sync_inbox")
    before = len(engine_requests(world))
    stage.run_for(600)
    asked = [entry.path for entry in engine_requests(world)[before:]]
    assert {path for path in asked if source in path} == {f"/v1/data_sources/{source}/query"}
    # One a minute, and a few more at the beginning, when the intervals are still growing.
    assert sum(source in path for path in asked) <= 15 and row["id"] not in "".join(asked)
    stage.at(stage.elapsed + 1, lambda: choose(world, row, "Notion"))
    stage.run_for(70)
    assert prompts(world, "Ada") == ("page of Ada", "page of Ada")
    assert inbox_rows(world) == []


def test_run_shows_a_new_conflict_at_once_and_closes_one_that_was_taken_back(world: World) -> None:
    with_inbox(world, "prompt")
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', 'before')")
    world.sync()
    stage = Stage(world)
    stage.run_until(30)
    page = world.page("agents", "Ada")["id"]

    def clash() -> None:
        world.sql("UPDATE agents SET prompt = 'row' WHERE name = 'Ada'")
        world.edit(page, Prompt=text("page"))

    stage.at(stage.elapsed + 1, clash)
    stage.run_for(70)
    assert cell(inbox_row(world), "Notion") == "page"
    stage.at(stage.elapsed + 1, lambda: world.edit(page, Prompt=text("row")))
    stage.run_for(150)
    assert inbox_rows(world) == []


def test_a_webhook_about_a_row_makes_the_choice_count_at_once(world: World) -> None:
    with_inbox(world, "prompt")
    disputed_prompts(world, "Ada")
    row = inbox_row(world)
    [(source,)] = world.sql("SELECT data_source_id FROM sync_engine.sync_inbox")
    stage = Stage(world)
    stage.run_until(300)

    def told() -> None:
        choose(world, row, "Postgres")
        with world.app.database.transaction() as uow:
            uow.hints.add(
                Hint("e1", "page.properties_updated", row["id"], world.clock.now(), source, ("somebody",))
            )

    stage.at(stage.elapsed + 1, told)
    stage.run_for(5)
    assert prompts(world, "Ada") == ("row of Ada", "row of Ada")
