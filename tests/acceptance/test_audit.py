"""Questions about the past: who set it, what was it then, why does it hold this; as a user asks them."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from sync_engine.engine.inquiry.audit import AuditQuery, export
from tests.support.cli import Ran, command_line
from tests.support.world import World, text, title

SyncEngine = Callable[..., Ran]


@pytest.fixture
def sync_engine(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    monkeypatch.chdir(world.folder)
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    for number in range(1, 4):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'be kind')", f"Agent {number}")
    made = command_line(capsys, world.environment | {"USER": "tester"})
    assert made("sync", "--quiet").code == 0
    return made


def key_of(world: World, name: str = "Agent 1") -> str:
    return str(world.sql("SELECT id::text FROM agents WHERE name = %s", name)[0][0])


def now(world: World) -> str:
    return str(world.sql("SELECT clock_timestamp()")[0][0].isoformat())


def as_application(world: World, statement: str, **settings: str) -> None:
    """One transaction of an application that names its actor."""
    with world.database.connect() as connection:
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name.replace("__", "."), value])
        connection.execute(statement.encode())


def by_field(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["field"]: item for item in found}


def test_blame_names_the_person_behind_each_field_whichever_side_it_was_set_on(
    world: World, sync_engine: SyncEngine
) -> None:
    key = key_of(world)
    as_application(
        world,
        "UPDATE agents SET mood = 'busy' WHERE name = 'Agent 1'",
        sync_engine__actor="billing job",
    )
    as_application(
        world,
        "UPDATE agents SET max_tokens = 7 WHERE name = 'Agent 1'",
        request__jwt__claims='{"sub": "user-9", "email": "secret@example.com"}',
    )
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("be very kind"))
    assert sync_engine("sync", "--quiet").code == 0
    found = by_field(sync_engine("audit", "blame", "agents", key, "--json").json())
    assert found["mood"].keys() >= {"field", "value", "seq", "at", "source", "actor"}
    assert (found["mood"]["value"], found["mood"]["actor"]["name"]) == ("busy", "billing job")
    assert (found["max_tokens"]["value"], found["max_tokens"]["actor"]["sub"]) == (7, "user-9")
    assert "secret@example.com" not in json.dumps(found)
    prompt = found["prompt"]
    assert (prompt["value"], prompt["source"], prompt["origin"]) == ("be very kind", "notion", "")
    assert prompt["actor"]["name"]
    assert (found["name"]["value"], found["name"]["source"]) == ("Agent 1", "postgres")
    shown = sync_engine("audit", "blame", "agents", key).out
    assert "billing job" in shown and "user-9" in shown and prompt["actor"]["name"] in shown


def test_blame_of_a_conflict_names_the_winner(world: World, sync_engine: SyncEngine) -> None:
    key = key_of(world)
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    assert sync_engine("sync", "--direction", "from-notion", "--limit", "1", "--table", "teams").code == 0
    as_application(
        world, "UPDATE agents SET prompt = 'from postgres' WHERE name = 'Agent 1'", sync_engine__actor="Ada"
    )
    assert sync_engine("sync", "--quiet").code == 0
    [conflict] = sync_engine("conflicts", "list", "--status", "all", "--json").json()
    found = by_field(sync_engine("audit", "blame", "agents", key, "--json").json())["prompt"]
    assert found["source"] == conflict["winner"]
    assert found["value"] == conflict[conflict["winner"]]["value"]
    assert found["origin"] == ""


def test_blame_of_what_a_rollback_put_back(world: World, sync_engine: SyncEngine) -> None:
    key = key_of(world)
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("oops"))
    run = sync_engine("sync", "--json").json()["run_id"]
    undone = sync_engine("rollback", "--run", run, "--yes", "--json").json()
    found = by_field(sync_engine("audit", "blame", "agents", key, "--json").json())["prompt"]
    assert (found["value"], found["origin"]) == ("be kind", f"rollback:{undone['rollback_id']}")
    log = sync_engine("audit", "log", "--run", undone["rollback_id"], "--json").json()
    assert {event["source"] for event in log} == {"postgres", "notion"}


def test_a_record_as_of_a_time(world: World, sync_engine: SyncEngine) -> None:
    key, born = key_of(world), now(world)
    world.sql("UPDATE agents SET prompt = 'second' WHERE name = 'Agent 1'")
    second = now(world)
    assert sync_engine("mark", "create", "before-the-end").code == 0
    world.sql("DELETE FROM agents WHERE name = 'Agent 1'")
    assert sync_engine("sync", "--quiet").code == 0

    def at(time: str) -> Any:
        return sync_engine("audit", "at", "agents", key, "--time", time, "--json").json()

    assert at(born).keys() >= {"table", "key", "at", "exists", "values"}
    assert (at(born)["exists"], at(born)["values"]["prompt"]) == (True, "be kind")
    assert at(second)["values"]["prompt"] == "second"
    assert at("before-the-end")["values"]["prompt"] == "second"
    gone = at("now")
    assert (gone["exists"], gone["values"]) == (False, {})
    assert gone["sides"] == {"postgres": None, "notion": None}
    unknown = at("2000-01-01")
    assert unknown["exists"] is False and unknown["known_since"] > "2000-01-02"
    assert "second" in sync_engine("audit", "at", "agents", key, "--time", second).out
    assert "did not exist" in sync_engine("audit", "at", "agents", key, "--time", "now").out


def test_what_changed_of_a_record_and_of_a_table_between_two_times(world: World, sync_engine: SyncEngine) -> None:
    keys = {name: key_of(world, name) for name in ("Agent 1", "Agent 2", "Agent 3")}
    before = now(world)
    world.sql("UPDATE agents SET prompt = 'be very kind' WHERE name = 'Agent 1'")
    world.sql("UPDATE agents SET mood = 'busy' WHERE name = 'Agent 2'")
    world.sql("UPDATE agents SET mood = 'calm' WHERE name = 'Agent 2'")
    world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
    world.sql("INSERT INTO agents (name) VALUES ('Agent 4')")
    arguments = ("audit", "at", "agents", "--time", before, "--until", "now", "--json")
    changed = {item["key"]: item for item in sync_engine(*arguments).json()}
    assert {item["op"] for item in changed.values()} == {"update", "delete", "insert"}
    [prompt] = [item for item in changed[keys["Agent 1"]]["changes"] if item["field"] == "prompt"]
    assert (prompt["from"], prompt["to"]) == ("be kind", "be very kind")
    assert {"op": "insert", "text": "very "} in prompt["words"]
    assert "mood" not in {item["field"] for item in changed[keys["Agent 2"]]["changes"]}
    one = sync_engine("audit", "at", "agents", keys["Agent 1"], "--time", before, "--and", "now", "--json").json()
    assert one == changed[keys["Agent 1"]] | {"until": one["until"]}
    whole = sync_engine("audit", "at", "agents", "--time", before, "--json").json()
    assert {item["values"]["name"] for item in whole} == {"Agent 1", "Agent 2", "Agent 3"}
    assert "{+very +}" in sync_engine("audit", "at", "agents", "--time", before, "--and", "now").out
    assert sync_engine("audit", "at", "agents", "--time", "now", "--and", before).code == 2


def test_a_page_made_in_notion_is_there_before_its_row(world: World, sync_engine: SyncEngine) -> None:
    world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("agents")},
            "properties": {"Name": title("Made in Notion")},
        },
    )
    assert sync_engine("sync", "--quiet").code == 0
    key = key_of(world, "Made in Notion")
    [first, *_] = sync_engine("audit", "history", "agents", key, "--json").json()
    assert (first["source"], first["op"]) == ("notion", "insert")
    then = sync_engine("audit", "at", "agents", key, "--time", first["at"], "--json").json()
    assert then["exists"] is True
    assert (then["sides"]["postgres"], then["values"]["name"]) == (None, "Made in Notion")
    whole = sync_engine("audit", "at", "agents", "--time", first["at"], "--json").json()
    assert [item["values"]["name"] for item in whole if not item["key"]] == ["Made in Notion"]


def test_history_follows_a_record_through_a_change_of_its_key(world: World, sync_engine: SyncEngine) -> None:
    old = key_of(world)
    new = "00000000-0000-0000-0000-000000000001"
    world.sql("UPDATE agents SET prompt = 'under the old key' WHERE id = %s", old)
    world.sql("UPDATE agents SET id = %s WHERE id = %s", new, old)
    assert sync_engine("sync", "--quiet").code == 0
    found = sync_engine("audit", "history", "agents", new, "--json").json()
    assert "under the old key" in json.dumps(found)
    assert {event["source"] for event in found} == {"postgres", "notion"}


def test_history_shows_texts_word_by_word(world: World, sync_engine: SyncEngine) -> None:
    world.sql("UPDATE agents SET prompt = 'be very kind' WHERE name = 'Agent 1'")
    found = sync_engine("audit", "history", "agents", key_of(world), "--json").json()
    [change] = [item for item in found[-1]["changes"] if item["field"] == "prompt"]
    assert (change["from"], change["to"]) == ("be kind", "be very kind")
    assert [span["op"] for span in change["words"]] == ["equal", "insert", "equal"]
    assert "be {+very +}kind" in sync_engine("audit", "history", "agents", key_of(world)).out


def test_explain_tells_the_whole_story(world: World, sync_engine: SyncEngine) -> None:
    key = key_of(world)

    def story(field: str = "prompt") -> Any:
        return sync_engine("audit", "explain", "agents", key, field, "--json").json()

    told = story()
    assert told.keys() >= {"table", "key", "field", "value", "events", "decision", "policy", "reason"}
    assert (told["decision"], told["base"], told["value"]) == ("backfilled", "be kind", "be kind")

    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = 'Agent 1'")
    assert sync_engine("sync", "--quiet").code == 0
    told = story()
    assert told["decision"] == f"{told['conflicts'][0]['winner']} won"
    assert told["reason"] == told["conflicts"][0]["reason"]
    assert told["policy"] == "newest"
    assert (told["request"]["to"], told["response"]["status"]) == (told["value"], "done")
    assert told["request"]["because_of"]
    assert [event["to"] for event in told["events"] if not event["origin"]][-1:] != ["be kind"]
    shown = sync_engine("audit", "explain", "agents", key, "prompt").out
    assert told["reason"] in shown and "last write" in shown

    world.sql("UPDATE agents SET prompt = 'only here' WHERE name = 'Agent 1'")
    assert sync_engine("sync", "--quiet").code == 0
    assert story()["decision"] == "carried across"
    assert sync_engine("audit", "explain", "agents", key, "nothing").code == 2
    assert sync_engine("audit", "explain", "agents", "nobody", "prompt").code == 2


def test_log_finds_a_field_under_the_name_of_either_side(world: World, sync_engine: SyncEngine) -> None:
    world.sql("ALTER TABLE agents RENAME COLUMN prompt TO instructions")
    world.reopen()
    world.sql("UPDATE agents SET instructions = 'renamed' WHERE name = 'Agent 1'")
    world.edit(world.page("agents", "Agent 2")["id"], Prompt=text("edited"))
    assert sync_engine("sync", "--quiet").code == 0
    arguments = ("audit", "log", "--table", "agents", "--field", "prompt", "--since", "1 minute ago", "--json")
    found = sync_engine(*arguments).json()
    assert {event["source"] for event in found if not event["origin"]} == {"postgres", "notion"}


def test_export_is_the_whole_log(world: World, sync_engine: SyncEngine) -> None:
    world.edit(world.page("agents", "Agent 2")["id"], Prompt=text("edited"))
    assert sync_engine("sync", "--quiet").code == 0
    total = world.sql("SELECT count(*) FROM sync_engine.sync_events")[0][0]
    lines = [json.loads(line) for line in sync_engine("audit", "export").out.splitlines()]
    assert len(lines) == total
    assert lines[0].keys() >= {"seq", "txid", "occurred", "old_key", "page_id", "before", "after", "actor"}
    rows = list(csv.DictReader(io.StringIO(sync_engine("audit", "export", "--format", "csv").out)))
    assert [row["seq"] for row in rows] == [str(line["seq"]) for line in lines]
    done = sync_engine("audit", "export", "--table", "teams", "--out", "teams.jsonl", "--json").json()
    written = (world.folder / "teams.jsonl").read_text().splitlines()
    assert done["events"] == len(written) > 0
    assert {json.loads(line)["table"] for line in written} == {"teams"}
    assert not (world.folder / "teams.jsonl.partial").exists()
    assert sync_engine("audit", "export", "--out", "no/such/folder/x").code == 2


def test_export_reads_a_long_log_in_little_memory(world: World) -> None:
    world.log_was_forged = True
    world.sql(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, after)"
        " SELECT 2, 'p', 'u', n::text, jsonb_build_object('prompt', repeat('x', 500))"
        " FROM generate_series(1, 30000) n"
    )
    tracemalloc.start()
    try:
        count = sum(1 for _ in export(world.app.context, AuditQuery()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count >= 30_000
    assert peak < 12_000_000, "30,000 events of 500 characters are 15 MB and more as text alone"
