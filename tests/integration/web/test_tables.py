"""A table's rows in the browser, and what becomes of an edited cell."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest

from sync_engine.web import Console
from tests.integration.web.conftest import Browser, visible
from tests.support.world import World, shown


def value(world: World, column: str) -> Any:
    return world.sql(f"SELECT {column} FROM agents WHERE name = 'Ada'")[0][0]


@pytest.mark.parametrize(
    ("field", "fields", "stored"),
    [
        ("prompt", {"value": "line one\r\nline two 🎉"}, "line one\nline two 🎉"),
        ("prompt", {"value": ""}, ""),
        ("prompt", {"value": "kept", "null": "yes"}, None),
        ("temperature", {"value": " 1.25 "}, "1.25"),
        ("max_tokens", {"value": ""}, None),
        ("tags", {"value": "a\r\n\r\n with, comma \r\nc"}, ["a", "with, comma", "c"]),
        ("tags", {"value": ""}, []),
        ("metadata", {"value": '{"a": [1, 2.50]}'}, {"a": [1, 2.5]}),
        ("mood", {"choice": "=on fire"}, "on fire"),
        ("mood", {"choice": ""}, None),
        ("is_active", {"choice": "=false"}, False),
        ("is_active", {"choice": ""}, None),
        ("born", {"value": "2026-02-28"}, "2026-02-28"),
    ],
)
def test_a_cell_of_each_type_is_edited(
    world: World, browser: Browser, agent: str, field: str, fields: dict[str, str], stored: object
) -> None:
    answer = browser.edit("agents", agent, field, **fields)
    assert answer.status_code == 200, visible(answer.text)
    assert "Saved in Postgres" in answer.text
    found = value(world, field)
    assert (found if isinstance(found, list | dict | bool) or found is None else str(found)) == stored


def test_a_relation_is_chosen_by_title(world: World, browser: Browser, agent: str) -> None:
    opened = browser.page("/tables/agents", row=agent, edit="team_id")
    assert ">Field</option>" in opened and ">Home</option>" in opened
    [(home,)] = world.sql("SELECT id::text FROM teams WHERE name = 'Home'")
    answer = browser.submit(opened, "/cell/agents", choice=f"={home}")
    assert '<span class="chip blue">Home</span>' in answer.text
    assert str(value(world, "team_id")) == home


def test_the_edit_is_a_persons_and_crosses_to_notion(world: World, browser: Browser, agent: str) -> None:
    browser.edit("agents", agent, "prompt", value="from the console")
    [(actor, origin)] = world.sql(
        "SELECT actor, origin FROM sync_engine.sync_events WHERE source = 'postgres' ORDER BY seq DESC LIMIT 1"
    )
    assert "console" in json.dumps(actor)
    assert not origin
    page = browser.page("/tables/agents")
    answer = browser.submit(page, "/sync")
    assert "1 updated in Notion" in answer.text
    assert str(answer.url).startswith(f"{browser.url}/tables/agents?ran=")
    assert shown(world.page("agents", "Ada"), "Prompt") == "from the console"
    assert "by console" in visible(browser.page("/history/agents", key=agent))
    world.assert_in_sync()


def test_an_edit_made_meanwhile_is_told_and_not_overwritten(world: World, browser: Browser, agent: str) -> None:
    opened = browser.page("/tables/agents", row=agent, edit="prompt")
    world.sql("UPDATE agents SET prompt = 'theirs', max_tokens = 5")
    answer = browser.submit(opened, "/cell/agents", value="mine")
    assert answer.status_code == 409
    assert "Somebody else changed this cell" in answer.text
    assert "theirs" in answer.text and ">\nmine</textarea>" in answer.text
    assert value(world, "prompt") == "theirs"
    again = browser.submit(answer.text, "/cell/agents", value="mine")
    assert again.status_code == 200
    assert value(world, "prompt") == "mine"


def test_an_edit_of_another_cell_is_not_in_the_way(world: World, browser: Browser, agent: str) -> None:
    opened = browser.page("/tables/agents", row=agent, edit="prompt")
    world.sql("UPDATE agents SET max_tokens = 5")
    assert browser.submit(opened, "/cell/agents", value="mine").status_code == 200
    assert value(world, "prompt") == "mine"


def test_the_edited_row_is_shown_wherever_it_lies(world: World, browser: Browser, agent: str) -> None:
    opened = browser.page("/tables/agents", q="Ada", row=agent, edit="prompt")
    world.sql("UPDATE agents SET name = 'Renamed', prompt = 'theirs'")
    answer = browser.submit(opened, "/cell/agents", value="mine")
    assert answer.status_code == 409
    assert "Somebody else changed this cell" in answer.text and ">\nmine</textarea>" in answer.text


def test_a_row_deleted_meanwhile_is_told(world: World, browser: Browser, agent: str) -> None:
    opened = browser.page("/tables/agents", row=agent, edit="prompt")
    world.sql("DELETE FROM agents")
    answer = browser.submit(opened, "/cell/agents", value="mine")
    assert answer.status_code == 400
    assert "the row was deleted" in answer.text


@pytest.mark.parametrize(
    ("field", "fields", "reason"),
    [
        ("temperature", {"value": "3"}, "agents_temperature_check"),
        ("temperature", {"value": "warm"}, 'invalid input syntax for type numeric: "warm"'),
        ("max_tokens", {"value": "99999999999"}, "out of range for type integer"),
        ("born", {"value": "2026-02-30"}, "out of range"),
        ("metadata", {"value": "{"}, "invalid input syntax for type json"),
        ("name", {"value": "Bob"}, "agents_name_key"),
        ("created_at", {"value": ""}, "created_at"),
    ],
)
def test_what_postgres_says_is_shown_beside_the_cell(
    world: World, browser: Browser, agent: str, field: str, fields: dict[str, str], reason: str
) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('Bob')")
    answer = browser.edit("agents", agent, field, **fields)
    assert answer.status_code == 422
    assert reason in html.unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    if fields["value"]:
        assert fields["value"] in html.unescape(answer.text)
    assert value(world, "name") == "Ada"


def test_saving_without_a_change_writes_nothing(world: World, browser: Browser, agent: str) -> None:
    world.sql("UPDATE agents SET prompt = E'one\\r\\ntwo'")
    before = world.sql("SELECT xmin, updated_at FROM agents")
    answer = browser.edit("agents", agent, "prompt", value="one\r\ntwo")
    assert "Saved in Postgres" not in answer.text
    assert world.sql("SELECT xmin, updated_at FROM agents") == before
    browser.edit("agents", agent, "prompt", value="one\r\ntwo\r\nthree")
    assert value(world, "prompt") == "one\r\ntwo\r\nthree"


def test_a_computed_cell_has_no_editor(browser: Browser, agent: str) -> None:
    assert browser.get("/tables/agents", row=agent, edit="nothing").status_code == 404


def test_rows_are_paged_both_ways_and_found_by_title(world: World, browser: Browser) -> None:
    world.sql("INSERT INTO teams (name) SELECT 'Team ' || i || ' & <co>' FROM generate_series(1, 120) AS i")
    first = browser.page("/tables/teams")
    assert "120 rows" in first
    assert first.count("<tr id=") == 50

    def follow(page: str, rel: str) -> str:
        place = page.index(f'rel="{rel}"')
        link = html.unescape(page[page.rindex('href="', 0, place) + 6 : place].partition('"')[0])
        return browser.page(link)

    second = follow(first, "next")
    third = follow(second, "next")
    assert third.count("<tr id=") == 20
    assert 'rel="next"' not in third
    assert keys(follow(third, "prev")) == keys(second)
    assert keys(follow(follow(third, "prev"), "prev")) == keys(first)
    assert len({*keys(first), *keys(second), *keys(third)}) == 120
    assert browser.page("/tables/teams", q="team 7 ").count("<tr id=") == 1
    assert "contains" in browser.page("/tables/teams", q="nobody")


def keys(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('<tr id="')[1:]]


def test_a_long_text_is_folded(world: World, browser: Browser, agent: str) -> None:
    world.sql("UPDATE agents SET prompt = repeat('0123456789', 280)")
    page = browser.page("/tables/agents")
    assert "All 2,800 characters" in page
    assert page.count("0123456789" * 22) < 16


def test_links_through_a_junction_are_shown_by_title_and_are_no_cell_to_edit(world: World, agent: str) -> None:
    world.sql(
        "CREATE TABLE helpers (agent uuid REFERENCES agents, team uuid REFERENCES teams,"
        " PRIMARY KEY (agent, team))"
    )
    world.sql("INSERT INTO teams (name) VALUES ('North'), ('South')")
    world.sql("INSERT INTO helpers SELECT a.id, t.id FROM agents a, teams t WHERE a.name = 'Ada'")
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.relations.helps]\nthrough = "helpers"\nto = "teams"\n')
    world.reopen()
    world.sync()
    with Console.start(world.app) as console:
        browser = Browser(console.url)
        page = browser.page("/tables/agents")
        assert "North" in visible(page) and "South" in visible(page)
        assert "edit=helps" not in page
        refused = browser.get("/tables/agents", row=agent, edit="helps")
        assert "relation of several columns or rows" in html.unescape(refused.text)
        browser.client.close()
