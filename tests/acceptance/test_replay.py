"""Folding the log again: it makes what is there, finds what was tampered with, and rebuilds what was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Ran, command_line
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world, text, title

SyncEngine = Callable[..., Ran]


@pytest.fixture
def lived(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    """Rows and pages made, edited, deleted, trashed and taken back on both sides."""
    monkeypatch.chdir(world.folder)
    sync_engine = command_line(capsys, world.environment | {"USER": "tester"})
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    for number in range(1, 7):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'be kind')", f"Agent {number}")
    world.sync()
    team = world.page("teams", "Root")["id"]
    made = {
        "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
        "properties": {"Name": title("Made in Notion"), "Team": {"relation": [{"id": team}]}},
    }
    world.call("POST", "/pages", made)
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name IN ('Agent 1', 'Agent 2')")
    world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
    world.call("PATCH", f"/pages/{world.page('agents', 'Agent 4')['id']}", {"in_trash": True})
    world.sql("UPDATE teams SET id = '00000000-0000-0000-0000-000000000001'")
    world.sync()
    world.edit(world.page("agents", "Agent 5")["id"], Prompt=text("oops"))
    run = world.sync().run_id
    assert sync_engine("rollback", "--run", run, "--yes").code == 0
    assert sync_engine("sync", "--full").code == 0
    return sync_engine


def verified(sync_engine: SyncEngine) -> Any:
    return sync_engine("replay", "--target", "verify", "--json").json()


def test_G13_the_log_makes_what_the_engine_and_both_sides_hold(world: World, lived: SyncEngine) -> None:
    found = verified(lived)
    assert found.keys() >= {"target", "ok", "events", "records", "differences"}
    assert (found["target"], found["ok"], found["differences"]) == ("verify", True, [])
    assert found["events"] == world.sql("SELECT count(*) FROM sync_engine.sync_events")[0][0]
    assert found["records"] >= 7
    assert lived("replay", "--target", "verify").code == 0


def test_G13_edits_that_no_pass_has_seen_are_no_difference(world: World, lived: SyncEngine) -> None:
    before = world.sql("SELECT count(*) FROM sync_engine.sync_events")
    world.sql("UPDATE agents SET prompt = 'just now' WHERE name = 'Agent 6'")
    world.edit(world.page("agents", "Agent 2")["id"], Prompt=text("just now"))
    assert verified(lived)["ok"] is True
    assert world.sql("SELECT count(*) - 1 FROM sync_engine.sync_events") == before, "only what the trigger wrote"
    [(pending,)] = world.sql("SELECT count(*) FROM sync_engine.sync_records WHERE NOT quiet AND key IS NOT NULL")
    assert pending <= 1, "what was read for the comparison is not kept"


@pytest.mark.parametrize(
    ("tampering", "differing"),
    [
        ('UPDATE sync_engine.sync_events SET after = after || \'{"prompt": "forged"}\'', {"engine", "row"}),
        ("DELETE FROM sync_engine.sync_events", {"engine", "row"}),
        ('UPDATE sync_engine.sync_records SET base = base || \'{"prompt": "forged"}\'', {"engine"}),
    ],
)
def test_G13_what_was_tampered_with_is_found(
    world: World, lived: SyncEngine, tampering: str, differing: set[str]
) -> None:
    world.log_was_forged = True
    [(key,)] = world.sql("SELECT id::text FROM agents WHERE name = 'Agent 2'")
    op = " AND op = 'u' AND source = 'p' AND after ? 'prompt'" if "sync_events" in tampering else ""
    world.sql("ALTER TABLE sync_engine.sync_events DISABLE TRIGGER USER")
    world.sql(f"{tampering} WHERE key = '{key}'{op}")
    found = verified(lived)
    assert found["ok"] is False
    assert {item["found_in"] for item in found["differences"]} >= differing
    assert {(item["table"], item["key"]) for item in found["differences"]} == {("agents", key)}
    assert "prompt" in {item["field"] for item in found["differences"]}
    shown = lived("replay", "--target", "verify")
    assert shown.code == 7 and "prompt" in shown.out


def test_G13_a_page_that_holds_something_else_is_found(world: World, lived: SyncEngine) -> None:
    page = world.page("agents", "Agent 2")["id"]
    [(seq,)] = world.sql(
        "SELECT max(seq) FROM sync_engine.sync_events WHERE page_id = %s AND after ? 'prompt'", page
    )
    world.log_was_forged = True
    world.sql(
        "UPDATE sync_engine.sync_records SET notion_observed_at = now() + interval '1 hour' WHERE page_id = %s",
        page,
    )
    world.sql("ALTER TABLE sync_engine.sync_events DISABLE TRIGGER USER")
    forged = 'UPDATE sync_engine.sync_events SET after = after || \'{"prompt": "forged"}\' WHERE seq = %s'
    world.sql(forged, seq)
    assert {item["found_in"] for item in verified(lived)["differences"]} == {"engine", "page"}


def test_rows_as_of_a_time_in_a_schema_of_their_own(world: World, lived: SyncEngine) -> None:
    rows = "SELECT id, name, prompt, temperature, tags, metadata, mood, team_id, created_at FROM {} ORDER BY id"
    then = world.sql(rows.format("agents"))
    assert lived("mark", "create", "then").code == 0
    world.sql("UPDATE agents SET prompt = 'later', tags = '{x}'")
    world.sql("DELETE FROM teams")
    planned = lived("replay", "--target", "schema:past", "--until", "then", "--dry-run", "--json").json()
    assert planned["records"] == len(then) + 1
    done = lived("replay", "--target", "schema:past", "--until", "then", "--json").json()
    assert (done["target"], done["ok"], done["records"]) == ("schema:past", True, len(then) + 1)
    assert world.sql(rows.format("past.agents")) == then
    assert world.sql("SELECT name FROM past.teams") == [("Root",)]
    taken = lived("replay", "--target", "schema:past", "--until", "then")
    assert taken.code == 2 and "past" in taken.err
    assert lived("replay", "--target", "schema:now", "--table", "agents").code == 0
    assert world.sql(rows.format("now.agents")) == world.sql(rows.format("agents"))
    assert world.sql("SELECT to_regclass('now.teams')") == [(None,)]


@pytest.mark.parametrize("target", ["nowhere", "schema:", ""])
def test_a_target_that_is_none_is_refused(lived: SyncEngine, target: str) -> None:
    shown = lived("replay", "--target", target)
    assert shown.code == 2 and "schema:NAME" in shown.err


EVERY_TYPE = """
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN short AS varchar(5);
CREATE TABLE kinds (
    id integer PRIMARY KEY, name text, j json, jb jsonb, js json[], n numeric, f double precision, m money,
    b bytea, a integer[], t text[], nested integer[][], p pair, ps pair[], r int4range, i interval, d date,
    ts timestamp, tz timestamptz, ip inet, s short, c char(4), x varchar(3), u uuid, bits bit(3)
);
INSERT INTO kinds VALUES
    (1, 'all', '{"b": 1, "a": "x\\"y"}', '"text"', ARRAY['1'::json, '{"k": []}'], 1.50, 'NaN', 12.34,
     '\\x00ff', '{1,NULL,3}', ARRAY['a,b', NULL, '', '"'], '{{1,2},{3,4}}', ROW(1, 'b,"c'),
     ARRAY[ROW(2, NULL)::pair], '[1,5)', '1 day 2 hours', '0044-03-15 BC', '2026-01-01 00:00:00.123456',
     '2026-01-01 00:00:00+02', '10.0.0.1/8',
     'five5', 'ab', 'xyz', '00000000-0000-0000-0000-000000000001', B'101');
INSERT INTO kinds (id) VALUES (2);
"""


@pytest.fixture
def kinds(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    config = CONFIG.split("[[tables]]")[0] + '[[tables]]\nname = "kinds"\ntitle = "name"\n'
    with make_world(empty_database, tmp_path, schema=EVERY_TYPE, config=config) as world:
        world.setup()
        yield world


def test_every_type_is_rebuilt_exactly(
    kinds: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kinds.folder)
    sync_engine = command_line(capsys, kinds.environment)
    kinds.sync()
    kinds.sql("UPDATE kinds SET jb = 'null', a = '{}', n = 'Infinity' WHERE id = 2")
    assert sync_engine("replay", "--target", "schema:copy").code == 0
    whole = "SELECT id, to_json(k)::text, row(k.*)::text FROM {}.kinds k ORDER BY id"
    assert kinds.sql(whole.format("copy")) == kinds.sql(whole.format("public"))
