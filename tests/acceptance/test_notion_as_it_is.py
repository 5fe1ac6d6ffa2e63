"""What Notion does that a sync must survive, through the whole engine: each test names the fact it rests on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sync_engine.engine.rollback import Selection, rollback
from tests.support.world import World, shown, text

BOLD = {"type": "text", "text": {"content": "bold"}, "annotations": {"bold": True}}
LINK = {"type": "text", "text": {"content": "here", "link": {"url": "https://example.com/"}}}
EQUATION = {"type": "equation", "equation": {"expression": "e=mc^2"}}


def agents(world: World, count: int) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Field')")
    world.sql(
        """INSERT INTO agents (name, prompt, team_id)
           SELECT 'Agent ' || i, 'be kind', t.id FROM generate_series(1, %s) i, teams t""",
        count,
    )


def prompt(world: World, name: str) -> str:
    [(found,)] = world.sql("SELECT prompt FROM agents WHERE name = %s", name)
    return str(found)


def mention(page_id: str) -> dict[str, Any]:
    return {"type": "mention", "mention": {"type": "page", "page": {"id": page_id}}}


def runs(world: World, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.page("agents", name)["properties"]["Prompt"]["rich_text"]
    return found


@pytest.fixture
def formatted(world: World) -> World:
    """A prompt with a bold word, a link, an equation and a mention, known to Postgres by its plain text."""
    agents(world, 2)
    world.sync()
    target = world.page("teams", "Field")["id"]
    body = {"rich_text": [BOLD, {"text": {"content": " and "}}, LINK, EQUATION, mention(target)]}
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=body)
    world.sync()
    assert prompt(world, "Agent 1") == "bold and heree=mc^2Field"
    return world


# notion-api.md §8: rewriting a rich text from plain text destroys mentions, equations, links and formatting.


def test_formatting_survives_everything_but_a_change_of_its_own_text(formatted: World) -> None:
    before = runs(formatted, "Agent 1")
    formatted.sql("UPDATE agents SET max_tokens = 7, name = 'Renamed' WHERE name = 'Agent 1'")
    formatted.sync(full=True)
    assert runs(formatted, "Renamed") == before
    formatted.sql("UPDATE agents SET prompt = 'for a moment' WHERE name = 'Renamed'")
    formatted.sql("UPDATE agents SET prompt = 'bold and heree=mc^2Field' WHERE name = 'Renamed'")
    formatted.sync()
    assert runs(formatted, "Renamed") == before, "a text that came back before it crossed was never written"
    formatted.assert_in_sync()
    assert runs(formatted, "Renamed") == before


def test_a_page_that_is_taken_out_of_the_trash_keeps_its_formatting(formatted: World) -> None:
    before = runs(formatted, "Agent 1")
    formatted.sql("DELETE FROM agents WHERE name = 'Agent 1'")
    deleted = formatted.sync()
    formatted.sandbox.clear_requests()
    rollback(formatted.app.context, Selection(run=deleted.run_id))
    formatted.sync()
    assert runs(formatted, "Agent 1") == before
    formatted.assert_in_sync()


def test_a_text_changed_in_postgres_is_written_plain(formatted: World) -> None:
    formatted.sql("UPDATE agents SET prompt = prompt || '!' WHERE name = 'Agent 1'")
    formatted.sync()
    assert [run["plain_text"] for run in runs(formatted, "Agent 1")] == ["bold and heree=mc^2Field!"]
    formatted.assert_in_sync()


# §3: 2,000 UTF-16 units a run, 100 runs; equal neighbours are merged.


@pytest.mark.parametrize("content", ["x" * 1999 + "🔴", "🔴" * 1000 + "y", "0123456789" * 20_000])
def test_long_texts_go_and_come_back(world: World, content: str) -> None:
    agents(world, 1)
    world.sql("UPDATE agents SET prompt = %s", content)
    world.sync()
    assert shown(world.page("agents", "Agent 1"), "Prompt") == content
    page = world.page("agents", "Agent 1")["id"]
    world.sql("UPDATE agents SET prompt = 'short'")
    world.sync()
    pieces = [content[start : start + 1000] for start in range(0, min(len(content), 100_000), 1000)]
    world.edit(page, Prompt={"rich_text": [{"text": {"content": piece}} for piece in pieces]})
    world.sync()
    assert prompt(world, "Agent 1") == "".join(pieces)
    world.assert_in_sync()


# §4: times are cut to the minute; clocks differ; rows move while they are listed.


def test_a_page_edited_twice_in_one_minute(world: World) -> None:
    agents(world, 1)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    for wish in ("first", "second"):
        world.edit(page, Prompt=text(wish))
        world.sync()
        assert prompt(world, "Agent 1") == wish
    stamps = world.page("agents", "Agent 1")
    assert stamps["last_edited_time"].endswith(":00.000Z")
    world.assert_in_sync()


@pytest.mark.parametrize("seconds", [90, -90])
def test_a_clock_ninety_seconds_off_misses_nothing_and_widens_every_interval(world: World, seconds: int) -> None:
    world.sandbox.advance(seconds)
    agents(world, 2)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    for wish in ("one", "two", "three"):
        world.edit(page, Prompt=text(wish))
        world.sync()
        assert prompt(world, "Agent 1") == wish
        world.sandbox.advance(45)
        world.clock.advance(45)
    world.assert_in_sync()
    assert world.app.workspace.clock_skew() >= timedelta(seconds=90)


def test_two_edits_whose_order_the_clocks_cannot_tell_are_called_ambiguous(world: World) -> None:
    world.sandbox.advance(90)
    agents(world, 1)
    world.sync()
    world.sql("UPDATE agents SET prompt = 'row'")
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("page"))
    world.sync()
    [(reason,)] = world.sql("SELECT reason FROM sync_engine.sync_conflicts")
    assert "ambiguous" in str(reason) or "unknown" in str(reason), reason
    world.assert_in_sync()
