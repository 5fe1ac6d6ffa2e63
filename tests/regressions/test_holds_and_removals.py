"""Holds follow a row to its new key; removals forget nothing that was still to be told, and are flagged once."""

from __future__ import annotations

from sync_engine.engine.holding import held_list
from sync_engine.engine.review import conflict_list
from sync_engine.engine.rollback import Selection, rollback
from tests.support.world import World, shown


def test_a_held_record_is_tried_again_after_its_key_changed(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    world.sync()
    world.edit(world.page("agents", "A")["id"], Temperature={"number": 9})
    world.sync()
    assert len(held_list(world.app.context)) == 1
    world.sql("ALTER TABLE agents DROP CONSTRAINT agents_temperature_check")
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
