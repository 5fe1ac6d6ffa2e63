"""Each kind of conflict of `docs/explanation/conflicts.md`, end to end, and what becomes of it by default."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.inquiry.audit import AuditQuery, log
from sync_engine.engine.passes import carry
from sync_engine.engine.review.conflicts import conflict_list, conflict_show
from sync_engine.engine.review.holding import held_list
from tests.support.world import World, shown, text, title


def told(world: World) -> list[dict[str, Any]]:
    context = world.app.context
    return [dict(conflict_show(context, int(str(row["id"])))) for row in conflict_list(context, "all")]


def make_page(world: World, table: str, **properties: Any) -> str:
    named = {name.replace("_", " "): value for name, value in properties.items()}
    parent = {"type": "data_source_id", "data_source_id": world.source(table)}
    made: str = world.call("POST", "/pages", {"parent": parent, "properties": named})["id"]
    return made


def test_insert_exists_both_sides_made_the_record_and_it_is_linked_and_merged(world: World) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "postgres"\n')
    world.reopen()
    world.sync()
    key = "00000000-0000-4000-8000-000000000001"
    told_on_page = {"Name": title("A"), "Prompt": text("typed"), "Max_Tokens": {"number": 7}}
    page = make_page(world, "agents", **told_on_page, Sync_Key=text(key))
    world.sql("INSERT INTO agents (id, name, prompt, max_tokens) VALUES (%s, 'A', 'stored', 7)", key)
    world.sync()
    assert world.page("agents", "A")["id"] == page
    flagged = {row["field"]: row for row in told(world)}
    assert flagged["prompt"]["type"] == "insert_exists"
    assert {"name", "max_tokens"}.isdisjoint(flagged), "what both sides said alike is no conflict"
    assert (flagged["prompt"]["postgres"]["value"], flagged["prompt"]["notion"]["value"]) == ("stored", "typed")
    assert (flagged["prompt"]["winner"], flagged["prompt"]["base"]) == ("postgres", None)
    assert shown(world.page("agents", "A"), "Prompt") == "stored"
    world.assert_in_sync()


def test_update_recently_deleted_an_edit_of_what_the_other_side_deleted_is_kept_in_the_log(world: World) -> None:
    """The page is in the trash when it is edited; it stays there, and what was typed is told."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.sql("DELETE FROM agents")
    world.edit(page, Prompt=text("typed a moment before"))
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sync(full=True)
    assert world.sql("SELECT count(*) FROM agents") == [(0,)]
    assert world.call("GET", f"/pages/{page}")["in_trash"]
    events = [str(event) for event in log(world.app.context, AuditQuery())]
    assert any("typed a moment before" in event for event in events)
    assert world.sync(full=True).quiet


def test_delete_missing_both_sides_deleted_it_and_nothing_is_left_to_do(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.sql("DELETE FROM agents")
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    done = world.sync(full=True)
    assert sum(done.total.applied.values()) == 0
    assert (told(world), held_list(world.app.context)) == ([], [])


def test_unique_clash_with_another_row_is_held_with_the_constraint_and_the_value(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base'), ('B', 'base')")
    world.sync()
    page = world.page("agents", "B")["id"]
    world.edit(page, Name=title("A"), Prompt=text("typed"))
    world.sync()
    [held] = held_list(world.app.context)
    assert held["constraint"] == "agents_name_key"
    assert "(A)" in str(held["reason"])
    assert sorted(world.sql("SELECT name, prompt FROM agents")) == [("A", "base"), ("B", "base")]
    world.edit(page, Name=title("C"))
    world.sync()
    assert sorted(world.sql("SELECT name, prompt FROM agents")) == [("A", "base"), ("C", "typed")]
    assert held_list(world.app.context) == []
    world.assert_in_sync()


def test_constraint_rejected_a_value_against_a_check_is_held_and_others_go_on(world: World) -> None:
    world.sql("INSERT INTO agents (name, temperature) VALUES ('A', 1), ('B', 1)")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Temperature={"number": 5})
    world.edit(world.page("agents", "B")["id"], Temperature={"number": 2})
    world.sync()
    [held] = held_list(world.app.context)
    assert (held["constraint"], held["table"]) == ("agents_temperature_check", "agents")
    assert sorted(world.sql("SELECT name, temperature::int FROM agents")) == [("A", 1), ("B", 2)]


def test_target_missing_an_archived_page_waits_and_comes_back_by_itself(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.call("PATCH", f"/pages/{page}", {"is_archived": True})
    for _ in range(2):
        world.sandbox.advance(300)
        world.sync(full=True)
    assert world.sql("SELECT count(*) FROM agents") == [(1,)]
    [held] = held_list(world.app.context)
    assert held["reason"] == "the page was archived in Notion"
    world.call("PATCH", f"/pages/{page}", {"is_archived": False})
    world.sync(full=True)
    assert held_list(world.app.context) == []
    world.sql("UPDATE agents SET prompt = 'stored'")
    world.sync()
    assert shown(world.page("agents", "A"), "Prompt") == "stored"
    world.assert_in_sync()


def test_target_missing_a_page_that_notion_does_not_know_any_more_is_held_and_the_row_stays(world: World) -> None:
    """Deleted for ever, or not shared: an answer of 404 cannot tell the two apart."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base'), ('B', 'base')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sandbox.purge(page)
    for _ in range(2):
        world.sandbox.advance(300)
        world.sync(full=True)
    assert world.sql("SELECT count(*) FROM agents") == [(2,)]
    [held] = held_list(world.app.context)
    assert held["reason"] == "Notion no longer shows this page: deleted for ever, or not shared"
    assert world.sync(full=True).quiet


def test_update_origin_change_a_row_that_changed_under_the_decision_is_decided_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres is written only if the row still holds what was decided on (compare-and-set)."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Prompt=text("typed"))
    other = world.database.connect(autocommit=True)
    applied, waiting = carry.apply_to_postgres, ["UPDATE agents SET prompt = 'stored meanwhile'"]

    def disturbed(*arguments: Any) -> Any:
        if waiting:
            other.execute(waiting.pop())
        return applied(*arguments)

    monkeypatch.setattr(carry, "apply_to_postgres", disturbed)
    world.sync()
    other.close()
    [conflict] = told(world)
    assert (conflict["postgres"]["value"], conflict["notion"]["value"]) == ("stored meanwhile", "typed")
    world.assert_in_sync()
