"""The audit views say what the commands say, at a cost that one record has, and to nobody but the owner."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sync_engine.engine.inquiry.audit_record import blame, record_at
from tests.support.world import World, text

STORY = "WHERE table_name = 'agents' AND key = %s"


@pytest.fixture
def told(world: World) -> World:
    """A record edited on both sides, with a conflict, its neighbours, and one deleted."""
    for number in range(1, 4):
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'be kind')", f"Agent {number}")
    world.sync()
    world.sql("ALTER TABLE agents RENAME COLUMN prompt TO instructions")
    world.reopen()
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("from notion"))
    world.sync()
    with world.connection.transaction():
        world.sql("SET LOCAL sync_engine.actor = 'Ada'")
        world.sql("UPDATE agents SET mood = 'busy', tags = '{a,b}' WHERE name = 'Agent 1'")
    world.sql("DELETE FROM agents WHERE name = 'Agent 3'")
    world.sync()
    world.sync()
    return world


def key_of(world: World, name: str = "Agent 1") -> str:
    return str(world.sql("SELECT id::text FROM agents WHERE name = %s", name)[0][0])


def test_blame_is_that_of_the_command(told: World) -> None:
    key = key_of(told)
    view = told.sql(f"SELECT field, seq, source FROM sync_engine.audit_blame {STORY} ORDER BY field", key)
    asked = [(item["field"], item["seq"], item["source"]) for item in blame(told.app.context, "agents", key)]
    assert view == asked
    who = dict(told.sql(f"SELECT field, actor_name FROM sync_engine.audit_blame {STORY}", key))
    assert (who["mood"], who["tags"]) == ("Ada", "Ada")


def test_as_of_is_that_of_the_command(told: World) -> None:
    key = key_of(told)
    for (at,) in told.sql("SELECT at FROM sync_engine.audit_log ORDER BY seq"):
        rows = told.sql("SELECT source, field FROM sync_engine.audit_at('agents', %s, %s)", key, at)
        sides: Any = record_at(told.app.context, "agents", key, at)["sides"]
        expected = {(side, field) for side, values in sides.items() for field in values or {}}
        assert set(rows) == expected
    [(gone,)] = told.sql("SELECT key FROM sync_engine.audit_log WHERE op = 'delete' AND source = 'postgres'")
    assert told.sql("SELECT * FROM sync_engine.audit_at('agents', %s, now())", gone) == []


def test_history_names_fields_and_not_columns(told: World) -> None:
    found = told.sql(
        f"SELECT source, value_before, value_after FROM sync_engine.audit_history {STORY} AND field = 'prompt'"
        " AND op = 'update' ORDER BY seq",
        key_of(told),
    )
    assert found == [("notion", "be kind", "from notion"), ("postgres", "be kind", "from notion")]


@pytest.mark.parametrize("view", ["audit_history", "audit_blame"])
def test_a_record_is_found_by_the_index_of_the_log(told: World, view: str) -> None:
    told.log_was_forged = True
    told.sql(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, after)"
        " SELECT 2, 'p', 'u', n::text, '{\"name\": 1}' FROM generate_series(1, 20000) n"
    )
    told.sync(direction="from-notion", limit=0)
    told.sql("ANALYZE sync_engine.sync_events, sync_engine.sync_history")
    with psycopg.connect(told.database.url) as connection:
        [(plans,)] = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM sync_engine.{view} {STORY}", [key_of(told)]
        ).fetchall()
    scans = [node for node in _nodes(plans[0]["Plan"]) if node.get("Relation Name") == "sync_events"]
    assert scans
    rows = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans
    )
    assert rows <= 1000


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in _nodes(child))]


def test_nobody_but_the_owner_may_look(told: World) -> None:
    told.sql("CREATE ROLE onlooker; GRANT USAGE ON SCHEMA sync_engine TO onlooker")
    with told.database.connect() as connection:
        connection.execute("SET ROLE onlooker")
        for query in ("TABLE sync_engine.audit_log", "SELECT sync_engine.audit_at('agents', 'k', now())"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(query)
    told.sql("DROP OWNED BY onlooker; DROP ROLE onlooker")
