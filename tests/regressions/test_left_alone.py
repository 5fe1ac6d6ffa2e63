"""Records that one side gave up and the other keeps: what happens to the page they have is told all the same."""

from __future__ import annotations

import json

from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.world import World, shown, text


def test_a_page_that_a_person_takes_out_of_the_trash_is_synced_with_its_row_again(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    first = world.sync()
    page = world.page("agents", "A")["id"]
    rollback(world.app.context, Selection(run=first.run_id))
    world.call("PATCH", f"/pages/{page}", {"in_trash": False})
    world.edit(page, Prompt=text("typed"))
    world.sync()
    assert world.sql("SELECT prompt FROM agents") == [("typed",)]
    world.sql("UPDATE agents SET prompt = 'answered'")
    world.sync()
    assert shown(world.page("agents", "A"), "Prompt") == "answered"
    world.assert_in_sync()


def test_what_was_typed_into_the_page_of_an_ignored_delete_is_in_the_log(world: World) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + 'delete = { from_postgres = "ignore", from_notion = "ignore" }\n')
    world.reopen()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    page = world.page("agents", "A")["id"]
    world.sql("DELETE FROM agents")
    world.sync()
    world.edit(page, Prompt=text("typed a moment ago"))
    world.call("PATCH", f"/pages/{page}", {"in_trash": True})
    world.sync(full=True)
    told = json.dumps(world.sql("SELECT before, after FROM sync_engine.sync_events"))
    assert "typed a moment ago" in told
    assert held_list(world.app.context) == []
    assert world.sync(full=True).quiet
