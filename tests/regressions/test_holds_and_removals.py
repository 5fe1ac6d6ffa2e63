"""Holds follow a row to its new key; removals forget nothing that was still to be told, and are flagged once."""

from __future__ import annotations

import pytest

from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.stateful.mortal import Fuse, Killed, watched
from tests.support.world import World, shown, text


def test_a_held_record_is_tried_again_after_its_key_changed(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Temperature={"number": 9})
    world.sync()
    assert len(held_list(world.app.context)) == 1
    world.sql("ALTER TABLE agents DROP CONSTRAINT agents_temperature_check")
    world.restart()
    world.sql("UPDATE agents SET id = gen_random_uuid()")
    world.sync()
    assert held_list(world.app.context) == []
    world.assert_in_sync()


def test_a_row_whose_page_was_taken_back_brings_all_its_edits_when_it_is_edited_again(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'first')")
    first = world.sync()
    world.sql("UPDATE agents SET prompt = 'not carried yet'")
    rollback(world.app.context, Selection(run=first.run_id))
    world.sql("UPDATE agents SET max_tokens = 5")
    world.sync()
    page = world.page("agents", "A")
    assert (shown(page, "Prompt"), page["properties"]["Max Tokens"]["number"]) == ("not carried yet", 5)
    world.assert_in_sync()


def test_an_edit_that_beat_a_delete_is_flagged_once_however_long_it_waits(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sql("UPDATE agents SET prompt = 'newer'")
    world.sync(full=True, direction="from-notion")
    world.sync(full=True, direction="from-notion")
    world.sync(full=True)
    assert shown(world.page("agents", "A"), "Prompt") == "newer"
    assert [item["type"] for item in conflict_list(world.app.context, "all")] == ["delete_recently_updated"]
    world.assert_in_sync()


def test_a_value_that_notion_cannot_hold_stays_listed_whatever_else_is_edited(world: World) -> None:
    world.sql("ALTER TABLE agents ADD COLUMN big bigint")
    world.reopen()
    world.sql("INSERT INTO agents (name, big) VALUES ('A', 9007199254740993)")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'x'")
    world.sync()
    assert [item["constraint"] for item in held_list(world.app.context)] == ["big"]
    world.edit(world.page("agents", "A")["id"], Prompt=text("y"))
    world.sync()
    assert [item["constraint"] for item in held_list(world.app.context)] == ["big"]
    world.sql("UPDATE agents SET big = 5")
    world.sync()
    assert held_list(world.app.context) == []
    world.assert_in_sync()


def test_all_refused_fields_of_a_record_are_told(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.edit(page, Max_Tokens={"number": 1.5}, Born={"date": {"start": "2026-01-01", "end": "2026-01-02"}})
    world.sync()
    [held] = held_list(world.app.context)
    assert held["constraint"] == "born, max_tokens"
    assert "whole number" in str(held["reason"]) and "range" in str(held["reason"])


@pytest.mark.parametrize("calls", [28, 36, 39])
def test_a_rollback_that_is_killed_is_completed_and_never_undone(world: World, calls: int) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'p'), ('B', 'q')")
    world.sync()
    before = world.sql("SELECT id, name, prompt FROM agents ORDER BY name")
    world.sql("DELETE FROM agents WHERE name = 'A'")
    world.edit(world.page("agents", "B")["id"], Prompt=text("oops"))
    bad = world.sync()
    with pytest.raises(Killed):
        rollback(watched(world.app.context, Fuse(calls)), Selection(run=bad.run_id))
    world.sync()
    world.sync(full=True)
    world.assert_in_sync()
    rollback(world.app.context, Selection(run=bad.run_id))
    assert world.sql("SELECT id, name, prompt FROM agents ORDER BY name") == before
    world.assert_in_sync()
