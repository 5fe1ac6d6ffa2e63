"""Held records: tried again or given up by a person, in order, and never in the way of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run as run_command
from sync_engine.domain.values import JsonObject
from sync_engine.engine.review.discard import discard_held
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import UsageError
from tests.acceptance.test_first_loop import seed
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world, names, shown, text, title

MEMBERS = """
CREATE TABLE teams (id serial PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'));
CREATE TABLE agents (
    id serial PRIMARY KEY, name text NOT NULL, size int NOT NULL DEFAULT 1, team_id int NOT NULL REFERENCES teams
);
"""


@pytest.fixture
def members(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Agents that must have a team."""
    with make_world(empty_database, tmp_path, schema=MEMBERS) as made:
        made.setup()
        made.sql("INSERT INTO teams (name) VALUES ('one'); INSERT INTO agents (name, team_id) VALUES ('A', 1)")
        made.sync()
        yield made


def held(world: World) -> JsonObject:
    [item] = held_list(world.app.context)
    return item


def number(item: JsonObject) -> int:
    return int(str(item["id"]))


def cli(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run_command(arguments, world.environment | {"SYNC_CONFIG": str(world.folder / "sync.toml")})
    return code, capsys.readouterr().out


def test_an_edit_that_postgres_refuses_is_given_up_on_the_page(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(world)
    world.sql("UPDATE agents SET temperature = 1")
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    world.edit(page, Temperature={"number": 9}, Prompt=text("first"))
    world.sync()
    item = held(world)
    assert (item["side"], item["op"], item["constraint"]) == ("postgres", "update", "agents_temperature_check")
    code, out = cli(world, capsys, "held", "discard", str(item["id"]), "--dry-run", "--json")
    assert (code, json.loads(out)["dry_run"]) == (0, True) and held(world) == item
    code, out = cli(world, capsys, "held", "discard", str(item["id"]), "--json")
    assert code == 0 and held_list(world.app.context) == []
    assert world.page("agents", "Agent 1")["properties"]["Temperature"]["number"] == 1
    world.assert_in_sync()
    rolled = rollback(world.app.context, Selection(run=json.loads(out)["run_id"]))
    assert rolled.undone == 0 or rolled.blocked == 0
    assert cli(world, capsys, "held", "discard", str(item["id"]))[0] == 2


def test_later_edits_wait_behind_a_held_one_and_collapse_into_the_newest(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    world.edit(page, Temperature={"number": 9})
    world.sync()
    for prompt in ("one", "two", "three"):
        world.edit(page, Prompt=text(prompt))
        world.sync()
    assert world.sql("SELECT temperature::text, left(prompt, 6) FROM agents WHERE name = 'Agent 1'") == [
        ("0.10", "prompt")
    ]
    assert int(str(held(world)["attempts"])) >= 1
    world.edit(page, Temperature={"number": 1})
    done = world.sync()
    assert names(done, "postgres") == [("update", 1)], "one write for all of them"
    assert world.sql("SELECT temperature::text, prompt FROM agents WHERE name = 'Agent 1'") == [("1.00", "three")]
    world.assert_in_sync()


def test_a_held_delete_is_approved_by_a_retry_or_given_up_by_a_discard(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(world)
    world.sync()
    for name in ("Agent 1", "Agent 2"):
        world.call("PATCH", f"/pages/{world.page('agents', name)['id']}", {"in_trash": True})
    world.sync(full=True)
    items = held_list(world.app.context)
    assert [item["op"] for item in items] == ["delete", "delete"]
    [(key,)] = world.sql("SELECT id::text FROM agents WHERE name = 'Agent 1'")
    one = next(item for item in items if item["key"] == key)
    assert cli(world, capsys, "held", "retry", str(one["id"]))[0] == 0
    assert names(world.sync(), "postgres") == [("delete", 1)]
    assert world.sql("SELECT count(*) FROM agents WHERE name = 'Agent 1'") == [(0,)]
    assert cli(world, capsys, "held", "discard", str(number(held(world))))[0] == 0
    assert world.page("agents", "Agent 2")
    world.assert_in_sync()


def test_a_held_delete_of_a_row_is_given_up_by_bringing_it_back(empty_database: Database, tmp_path: Path) -> None:
    config = CONFIG.replace("[[tables]]", '[defaults]\ndelete = { from_postgres = "hold" }\n[[tables]]', 1)
    with make_world(empty_database, tmp_path, config=config) as world:
        world.setup()
        seed(world)
        world.sync()
        before = world.sql("SELECT a::text FROM agents a ORDER BY id")
        world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
        world.sync()
        item = held(world)
        assert (item["side"], item["op"]) == ("notion", "trash") and world.page("agents", "Agent 3")
        discard_held(world.app.context, number(item))
        assert world.sql("SELECT a::text FROM agents a ORDER BY id") == before
        world.assert_in_sync()


def test_a_child_of_a_held_page_waits_for_it(members: World) -> None:
    source = members.source("teams")
    parent = {"type": "data_source_id", "data_source_id": source}
    team = members.call("POST", "/pages", {"parent": parent, "properties": {"Name": title("bad")}})
    parent = {"type": "data_source_id", "data_source_id": members.source("agents")}
    properties = {"Name": title("B"), "Team": {"relation": [{"id": team["id"]}]}, "Size": {"number": 2}}
    members.call("POST", "/pages", {"parent": parent, "properties": properties})
    members.sync()
    reasons = {item["table"]: item for item in held_list(members.app.context)}
    assert reasons["teams"]["constraint"] == "teams_name_check" and reasons["teams"]["waiting_for"] == ""
    assert reasons["agents"]["waiting_for"] == f"teams {team['id']}"
    members.edit(team["id"], Name=title("good"))
    members.sync()
    assert held_list(members.app.context) == []
    query = "SELECT a.name, t.name FROM agents a JOIN teams t ON t.id = a.team_id WHERE a.name = 'B'"
    assert members.sql(query) == [("B", "good")]
    members.assert_in_sync()


def test_a_page_that_cannot_become_a_row_is_left_alone_until_it_is_edited(members: World) -> None:
    parent = {"type": "data_source_id", "data_source_id": members.source("teams")}
    team = members.call("POST", "/pages", {"parent": parent, "properties": {"Name": title("bad")}})
    members.sync()
    discard_held(members.app.context, number(held(members)))
    assert members.sync().quiet and held_list(members.app.context) == []
    assert len(members.pages("teams")) == 2
    members.edit(team["id"], Name=title("good"))
    assert names(members.sync(), "postgres") == [("insert", 1)]
    members.assert_in_sync()


def test_a_page_that_was_moved_out_is_forgotten_and_made_anew(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    elsewhere = {"type": "page_id", "page_id": world.sandbox.parent_page_id}
    world.call("POST", f"/pages/{page}/move", {"parent": elsewhere})
    world.sync(full=True)
    item = held(world)
    assert item["op"] == "missing"
    discard_held(world.app.context, number(item))
    assert names(world.sync(), "notion") == [("create", 1)]
    assert world.page("agents", "Agent 1")["id"] != page
    world.assert_in_sync()


def test_a_value_that_only_notion_cannot_show_has_nothing_to_give_up(members: World) -> None:
    members.sql("ALTER TABLE agents ADD COLUMN big numeric")
    members.reopen()
    members.sql("UPDATE agents SET big = 12345678901234567890.5")
    members.sync()
    with pytest.raises(UsageError, match="nothing to give up"):
        discard_held(members.app.context, number(held(members)))


FLIPPY = """
CREATE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.prompt := lower(NEW.prompt); RETURN NEW; END $$;
CREATE TRIGGER lower_it BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION lower_it();
"""


def test_a_field_that_flips_is_held_and_the_others_go_on(world: World) -> None:
    seed(world)
    world.sql(FLIPPY)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    for _ in range(5):
        if shown(world.page("agents", "Agent 1"), "Prompt") != "LOUD":
            world.edit(page, Prompt=text("LOUD"))  # an automation that insists
        world.sync()
    item = held(world)
    assert (item["op"], item["constraint"]) == ("field", "prompt")
    assert "'LOUD'" in str(item["reason"]) and "'loud'" in str(item["reason"])
    world.edit(page, Max_Tokens={"number": 7})
    world.sync()
    assert world.sql("SELECT max_tokens, prompt FROM agents WHERE name = 'Agent 1'") == [(7, "loud")]
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "LOUD"
    assert held(world)["constraint"] == "prompt" and world.sync().quiet

    world.sql("DROP TRIGGER lower_it ON agents")
    world.reopen()
    retry_held(world.app.context, [number(held(world))])
    world.sync()
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("LOUD",)]
    world.assert_in_sync()


def test_a_field_that_flips_is_given_up_on_the_page(world: World) -> None:
    seed(world)
    world.sql(FLIPPY)
    world.sync()
    page = world.page("agents", "Agent 1")["id"]
    for _ in range(4):
        world.edit(page, Prompt=text("LOUD"))
        world.sync()
    discard_held(world.app.context, number(held(world)))
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "loud"
    world.assert_in_sync()
