"""The promises of docs/explanation/guarantees.md that need both sides; the others stand with their part."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.errors import NotionError
from tests.acceptance.test_first_loop import seed
from tests.support.postgres import Database
from tests.support.world import World, make_world, names, text, title

HARD_SCHEMA = """
CREATE TABLE hard (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    label text NOT NULL,
    big bigint,
    exact numeric,
    real8 double precision,
    at timestamptz,
    yes boolean,
    long_text text,
    tags text[],
    doc jsonb,
    note text NOT NULL DEFAULT '',
    api_key text
);
INSERT INTO hard (label, big, exact, real8, at, yes, long_text, tags, doc, note, api_key) VALUES
 ('beyond doubles', 9007199254740993, 12345678901234567890.123456789, 'NaN', 'infinity', NULL,
  repeat('0123456789', 25000), ARRAY['a, b', 'c'], '{"n": 12345678901234567890.5, "b": 1.10}', '', 'sk-secret-1'),
 ('lossy but shown', 42, 0.10, 0.1, '2026-01-02 03:04:05.678901+00', NULL, '', ARRAY[]::text[], 'null', '', NULL),
 ('plain', 7, 1.50, 2.5, '2026-01-02 03:04:00+00', true, 'x', ARRAY['a'], '{}', 'note', 'sk-secret-2');
"""

HARD_CONFIG = """
version = 1
[postgres]
url = "env:DATABASE_URL"
[notion]
token = "env:NOTION_TOKEN"
parent_page = "env:NOTION_PARENT_PAGE_ID"
[[tables]]
name = "hard"
title = "label"
"""


@pytest.fixture
def hard(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """A table of values that Notion cannot hold exactly, and a secret."""
    with make_world(empty_database, tmp_path, schema=HARD_SCHEMA, config=HARD_CONFIG) as made:
        made.setup()
        yield made


def rows(world: World) -> list[tuple[str]]:
    return world.sql("SELECT h::text FROM hard h ORDER BY id")


def test_G3_after_edits_stop_both_sides_are_equal_within_two_passes_and_the_next_writes_nothing(
    world: World,
) -> None:
    seed(world)
    world.sync()
    world.sql("UPDATE agents SET max_tokens = max_tokens + 1, team_id = NULL WHERE name < 'Agent 5'")
    for number in range(4, 8):
        world.edit(world.page("agents", f"Agent {number}")["id"], Prompt=text(f"edit {number}"))
    world.sync()
    world.sync()
    world.assert_in_sync()


def test_G8_what_notion_cannot_hold_is_never_cut_and_never_comes_back(hard: World) -> None:
    before = rows(hard)
    hard.sync()
    hard.sync(full=True)
    assert rows(hard) == before
    reasons = [str(item["reason"]) for item in held_list(hard.app.context)]
    assert len(reasons) == 1, "the record with values that do not fit is listed once, with its reason"
    hard.assert_in_sync()

    for name in ("beyond doubles", "lossy but shown"):
        hard.edit(hard.page("hard", name)["id"], Note=text("edited beside it"))
    hard.sync()
    hard.sync()
    after = hard.sql("SELECT (to_jsonb(h) - 'note')::text FROM hard h ORDER BY id")
    assert hard.sql("SELECT count(*) FROM hard WHERE note = 'edited beside it'") == [(2,)]
    hard.sql("UPDATE hard SET note = '' WHERE note = 'edited beside it'")
    assert rows(hard) == before
    assert after == hard.sql("SELECT (to_jsonb(h) - 'note')::text FROM hard h ORDER BY id")


def test_G9_a_page_in_the_trash_waits_for_a_person_and_absence_is_no_deletion(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")
    world.call("PATCH", f"/pages/{page['id']}", {"in_trash": True})
    world.sync(full=True)
    assert world.sql("SELECT count(*) FROM agents") == [(9,)]
    assert [item["op"] for item in held_list(world.app.context)] == ["delete"]

    world.sandbox.revoke_access(world.source("agents"))
    with pytest.raises(NotionError):
        world.sync(full=True)
    assert world.sql("SELECT count(*) FROM agents") == [(9,)]
    world.sandbox.restore_access(world.source("agents"))
    world.call("PATCH", f"/pages/{page['id']}", {"in_trash": False})
    world.sync(full=True)
    assert held_list(world.app.context) == []
    world.assert_in_sync()


def test_G9_many_deletes_at_once_stop_at_the_brake(world: World) -> None:
    world.sql("INSERT INTO agents (name) SELECT 'A' || i FROM generate_series(1, 60) i")
    world.sync()
    world.sql("DELETE FROM agents WHERE name <> 'A1'")
    done = world.sync()
    assert done.braked == {"agents": 59}
    assert not done.quiet
    assert len(world.pages("agents")) == 60


def test_G10_one_bad_record_never_stops_the_others(world: World) -> None:
    seed(world)
    world.sync()
    world.edit(world.page("agents", "Agent 1")["id"], Temperature={"number": 5})
    for number in range(2, 10):
        world.edit(world.page("agents", f"Agent {number}")["id"], Temperature={"number": 1})
    done = world.sync()
    assert names(done, "postgres") == [("update", 8)]
    [held] = held_list(world.app.context)
    assert held["constraint"] == "agents_temperature_check" and held["side"] == "postgres"
    world.sql("ALTER TABLE agents DROP CONSTRAINT agents_temperature_check")
    world.restart()
    retry_held(world.app.context, [int(str(held["id"]))])
    assert names(world.sync(), "postgres") == [("update", 1)]
    world.assert_in_sync()


def test_G10_a_value_that_the_column_cannot_take_holds_that_field_only(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")
    world.edit(page["id"], Max_Tokens={"number": 1.5}, Prompt=text("goes through"))
    world.sync()
    assert world.sql("SELECT prompt, max_tokens FROM agents WHERE name = 'Agent 1'") == [("goes through", 2000)]
    [held] = held_list(world.app.context)
    assert held["op"] == "field" and "max_tokens" in str(held["reason"])
    world.edit(page["id"], Max_Tokens={"number": 3})
    world.sync()
    assert held_list(world.app.context) == []
    world.assert_in_sync()


def test_G14_no_secret_is_logged_or_sent(hard: World) -> None:
    hard.sync()
    hard.sql("UPDATE hard SET api_key = 'sk-secret-3', note = 'moved' WHERE label = 'plain'")
    hard.edit(hard.page("hard", "plain")["id"], Label=title("still plain"))
    hard.sync()
    stored = hard.sql(
        """SELECT e::text FROM sync_engine.sync_events e UNION ALL
           SELECT r::text FROM sync_engine.sync_records r UNION ALL
           SELECT c::text FROM sync_engine.sync_changes c UNION ALL
           SELECT u::text FROM sync_engine.sync_runs u"""
    )
    shown = json.dumps([hard.pages("hard"), [repr(item) for item in hard.sandbox.requests]])
    assert "sk-secret" not in str(stored) + shown
    assert hard.sandbox.token not in str(stored)
    assert hard.sandbox.token not in repr(hard.app.settings)
