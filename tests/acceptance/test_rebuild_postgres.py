"""Rows that were lost or damaged behind the log's back are put back from it, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli import Ran, command_line
from tests.support.postgres import Database
from tests.support.world import CONFIG, World, make_world

SyncEngine = Callable[..., Ran]

STATE = "SELECT to_jsonb(a) - 'updated_at' FROM agents a ORDER BY a.id"
TEAMS = "SELECT to_jsonb(t) FROM teams t ORDER BY t.id"


@pytest.fixture
def sync_engine(world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> SyncEngine:
    monkeypatch.chdir(world.folder)
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    world.sql("INSERT INTO teams (name, parent_id) SELECT 'Leaf', id FROM teams")
    for number in range(1, 7):
        world.sql(
            "INSERT INTO agents (name, prompt, tags, metadata, team_id, born)"
            """ SELECT %s, 'be kind', '{a,"b c"}', '{"x": [1, 2.50]}', id, '2020-02-29' FROM teams"""
            " WHERE name = 'Leaf'",
            f"Agent {number}",
        )
    world.sync()
    return command_line(capsys, world.environment | {"USER": "tester"})


def unseen(world: World, *statements: str) -> None:
    """What happens to the tables while nothing is captured."""
    world.sql("SET session_replication_role = replica")
    for table in ("teams", "agents"):
        world.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for statement in statements:
        world.sql(statement)
    for table in ("teams", "agents"):
        for (name,) in world.sql(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", table
        ):
            how = "ENABLE" if name == "touch" else "ENABLE ALWAYS"
            world.sql(f'ALTER TABLE {table} {how} TRIGGER "{name}"')
    world.sql("RESET session_replication_role")


def replay(sync_engine: SyncEngine, *more: str) -> Any:
    return sync_engine("replay", "--target", "postgres", *more, "--yes", "--json").json()


def test_nothing_is_written_where_nothing_was_lost(world: World, sync_engine: SyncEngine) -> None:
    found = replay(sync_engine)
    assert (found["ok"], found["counts"], found["plan"]) == (True, {}, [])


def test_lost_tables_come_back_whole_and_nothing_crosses(world: World, sync_engine: SyncEngine) -> None:
    before = (world.sql(STATE), world.sql(TEAMS))
    unseen(world, "TRUNCATE agents, teams")
    planned = sync_engine("replay", "--target", "postgres", "--dry-run", "--json").json()
    assert planned["counts"] == {"insert": 8}
    assert world.sql(TEAMS) == [], "a dry run writes nothing"
    done = replay(sync_engine)
    assert done["counts"] == {"insert": 8}
    assert (world.sql(STATE), world.sql(TEAMS)) == before
    logged = world.sql("SELECT DISTINCT origin FROM sync_engine.sync_events WHERE origin LIKE 'replay:%'")
    assert logged == [(f"replay:{done['run_id']}",)]
    world.assert_in_sync()
    assert replay(sync_engine)["counts"] == {}


def test_a_damaged_row_is_mended_and_an_unknown_one_left_alone(world: World, sync_engine: SyncEngine) -> None:
    before = world.sql(STATE)
    unseen(
        world,
        "UPDATE agents SET prompt = 'damaged', tags = NULL WHERE name = 'Agent 2'",
        "INSERT INTO agents (name) VALUES ('Nobody told')",
    )
    done = replay(sync_engine)
    assert done["counts"] == {"update": 1, "unknown": 1}
    [mended] = [line for line in done["plan"] if line["op"] == "update"]
    assert mended["fields"] == ["prompt", "tags"]
    world.sql("DELETE FROM agents WHERE name = 'Nobody told'")
    assert world.sql(STATE) == before
    world.assert_in_sync()


def test_unique_values_that_rows_took_from_each_other_are_given_back(
    world: World, sync_engine: SyncEngine
) -> None:
    before = world.sql(STATE)
    unseen(
        world,
        "UPDATE agents SET name = 'x' WHERE name = 'Agent 1'",
        "UPDATE agents SET name = 'Agent 1' WHERE name = 'Agent 2'",
        "UPDATE agents SET name = 'Agent 2' WHERE name = 'Agent 3'",
    )
    assert replay(sync_engine)["counts"] == {"update": 3}
    assert world.sql(STATE) == before


def test_the_table_as_of_a_mark_crosses_as_an_edit_and_can_be_taken_back(
    world: World, sync_engine: SyncEngine
) -> None:
    before = world.sql(STATE)
    sync_engine("mark", "create", "good")
    world.sql("UPDATE agents SET prompt = 'worse' WHERE name = 'Agent 1'")
    world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
    world.sql("INSERT INTO agents (name) VALUES ('Later')")
    world.sync()
    after = world.sql(STATE)
    done = replay(sync_engine, "--until", "good")
    assert done["counts"] == {"insert": 1, "update": 1, "delete": 1}
    assert world.sql(STATE) == before
    world.sync()
    world.assert_in_sync()
    assert len(world.pages("agents")) == 6
    taken = sync_engine("rollback", "--run", done["run_id"], "--yes", "--json").json()
    assert taken["undone"] == 3, taken
    assert world.sql(STATE) == after
    world.assert_in_sync()


def test_a_rollback_over_a_repair_brings_no_damage_back(world: World, sync_engine: SyncEngine) -> None:
    before = world.sql(STATE)
    sync_engine("mark", "create", "good")
    unseen(world, "UPDATE agents SET prompt = 'damaged'", "DELETE FROM agents WHERE name = 'Agent 5'")
    assert replay(sync_engine)["counts"] == {"insert": 1, "update": 5}
    sync_engine("rollback", "--to", "good", "--yes")
    assert world.sql(STATE) == before
    world.assert_in_sync()


def test_only_the_records_of_a_span_and_a_table(world: World, sync_engine: SyncEngine) -> None:
    sync_engine("mark", "create", "good")
    world.sql("UPDATE agents SET prompt = 'later' WHERE name = 'Agent 1'")
    world.sync()
    unseen(world, "UPDATE agents SET prompt = 'damaged'", "UPDATE teams SET name = 'damaged'")
    assert replay(sync_engine, "--from", "good", "--table", "agents")["counts"] == {"update": 1}
    assert world.sql("SELECT count(*) FROM agents WHERE prompt = 'damaged'") == [(5,)]
    assert replay(sync_engine)["counts"] == {"update": 7}


def test_a_row_that_cannot_be_put_back_is_told_and_stops_no_other(world: World, sync_engine: SyncEngine) -> None:
    unseen(world, "TRUNCATE agents", "ALTER TABLE agents ADD CONSTRAINT picky CHECK (name <> 'Agent 4')")
    world.restart()
    ran = sync_engine("replay", "--target", "postgres", "--yes", "--json")
    assert ran.code == 1
    assert ran.json()["counts"] == {"insert": 5, "refused": 1}
    assert "picky" in next(line["reason"] for line in ran.json()["plan"] if line["op"] == "refused")
    world.sql("ALTER TABLE agents DROP CONSTRAINT picky")
    assert replay(sync_engine)["counts"] == {"insert": 1}


CYCLE = """
CREATE TABLE a (id int PRIMARY KEY, name text NOT NULL, b_id int);
CREATE TABLE b (id int PRIMARY KEY, name text NOT NULL, a_id int NOT NULL REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b;
INSERT INTO a VALUES (1, 'A', NULL);
INSERT INTO b VALUES (1, 'B', 1);
UPDATE a SET b_id = 1;
"""
CYCLIC = CONFIG.replace('"teams"', '"a"').replace('"agents"', '"b"')


def test_rows_that_refer_to_each_other_in_a_circle_come_back(
    empty_database: Database, tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_world(empty_database, tmp_path, schema=CYCLE, config=CYCLIC) as world:
        world.setup()
        world.sync()
        monkeypatch.chdir(world.folder)
        sync_engine = command_line(capsys, world.environment)
        for table in ("a", "b"):
            world.sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        world.sql("TRUNCATE a, b")
        world.setup()
        for table in ("a", "b"):
            world.sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            for (name,) in world.sql(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", table
            ):
                world.sql(f'ALTER TABLE {table} ENABLE ALWAYS TRIGGER "{name}"')
        assert replay(sync_engine)["counts"] == {"insert": 2}
        assert world.sql("SELECT b_id FROM a") == [(1,)]
        world.assert_in_sync()
