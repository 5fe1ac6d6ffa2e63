"""What Notion does that a sync must survive, through the whole engine: each test names the fact it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.sandbox.model import Page
from tests.support.looping import engine_requests
from tests.support.world import World, shown, text, title_of

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


# §9: a person may add a second data source to a database at any time; databases in the trash are told apart.


def test_a_second_data_source_in_the_database_changes_nothing(world: World) -> None:
    agents(world, 2)
    world.sync()
    source = world.call("GET", f"/data_sources/{world.source('agents')}")
    parent = {"type": "database_id", "database_id": source["parent"]["database_id"]}
    body = {"parent": parent, "title": [{"text": {"content": "Second"}}], "properties": {"Name": {"title": {}}}}
    second = world.call("POST", "/data_sources", body)
    in_second = {"parent": {"type": "data_source_id", "data_source_id": second["id"]}, "properties": {}}
    world.call("POST", "/pages", in_second)
    world.reopen()
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("typed"))
    world.sql("UPDATE agents SET prompt = 'stored' WHERE name = 'Agent 2'")
    world.sync(full=True)
    assert world.source("agents") == source["id"]
    assert prompt(world, "Agent 1") == "typed"
    assert shown(world.page("agents", "Agent 2"), "Prompt") == "stored"
    assert world.sql("SELECT count(*) FROM agents") == [(2,)]
    world.assert_in_sync()


# §5: several edits of a page that waits are one request.


def test_superseded_writes_of_a_page_collapse(world: World) -> None:
    agents(world, 1)
    world.sync()
    world.sandbox.clear_requests()
    for number in range(20):
        world.sql("UPDATE agents SET prompt = %s, max_tokens = %s", f"version {number}", number)
    world.sync()
    assert len(world.sandbox.requests.matching("PATCH", "/v1/pages/")) == 1
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "version 19"


# §1.3, §4, §5: what things cost, and listings that move while they are read.


def test_nothing_changed_costs_one_query_a_table(world: World) -> None:
    agents(world, 5)
    world.sync()
    world.clock.advance(3600)
    world.sandbox.advance(3600)
    world.reopen()
    world.sandbox.clear_requests()
    world.sync()
    asked = [(entry.method, entry.path.rpartition("/")[2]) for entry in world.sandbox.requests]
    assert asked == [("POST", "query")] * 2


def test_a_push_of_a_thousand_pages_costs_little_more_than_a_request_each(world: World) -> None:
    agents(world, 1000)
    world.sandbox.clear_requests()
    world.sync()
    asked = engine_requests(world)
    assert sum(entry.method == "POST" and entry.path == "/v1/pages" for entry in asked) == 1001
    assert len(asked) <= 1.05 * 1001
    world.sandbox.clear_requests()
    world.sync()
    assert len(engine_requests(world)) <= 0.05 * 1001, "the poll that sees them again"


def test_twelve_thousand_rows_are_pulled_completely(world: World) -> None:
    """§3: a query ends after 10,000 rows and says so by `request_status` only."""
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sync()
    duplicate(world, world.page("teams", "T")["id"], 12_000)
    summary = world.sync(full=True, direction="from-notion")
    assert world.sql("SELECT count(*) FROM teams") == [(12_001,)]
    assert summary.total.captured_notion == 12_000


def duplicate(world: World, page_id: str, count: int) -> None:
    """Copies of a page, made over the hours past; one by one through the API it would take a minute."""
    space = world.sandbox.workspace
    with space.lock:
        model = space.store.take(Page, page_id)
        for number in range(1, count + 1):
            at = model.created - 60_000 * (1 + number // 180)
            copy = replace(
                model, id=str(uuid4()), created=at, edited=at, touched=at, seq=space.store.next_sequence()
            )
            space.store.put(copy)
        space.store.commit()


def test_rows_edited_while_they_are_listed_are_not_lost(world: World) -> None:
    """§4: a row that is edited moves in the listing, and what a cursor means then is nowhere stated."""
    agents(world, 250)
    world.sync()
    world.sandbox.advance(3600)
    world.clock.advance(3600)
    pages = [(page["id"], title_of(page)) for page in world.pages("agents")]
    queries: list[int] = []

    def between_requests() -> None:
        if len(queries) < 30 and len(queries) % 3 == 0:
            page_id, _ = pages[len(queries) * 8]
            world.edit(page_id, Prompt=text(f"while listed {len(queries)}"))
        queries.append(1)

    with world.app.workspace.guarded(between_requests):
        world.sync(full=True)
    world.sync()
    edited = {title: f"while listed {number}" for number in range(0, 30, 3) for _, title in [pages[number * 8]]}
    found = dict(world.sql("SELECT name, prompt FROM agents WHERE prompt LIKE 'while listed%%'"))
    assert found.items() <= edited.items()
    assert found == {title: wish for title, wish in edited.items() if wish in found.values()}
    assert len(found) >= 2
    world.assert_in_sync()
