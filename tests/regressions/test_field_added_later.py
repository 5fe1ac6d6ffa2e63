"""A column that is mapped only after the first sync brings the values that are there already."""

from __future__ import annotations

from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.world import World, shown, title


def test_values_of_a_field_added_to_the_configuration_cross(world: World) -> None:
    config = world.folder / "sync.toml"
    whole = config.read_text()
    config.write_text(whole + "[tables.fields.prompt]\nignore = true\n")
    world.reopen()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'was there')")
    world.sync()
    source = {"type": "data_source_id", "data_source_id": world.source("agents")}
    world.call("POST", "/pages", {"parent": source, "properties": {"Name": title("B")}})
    made = world.sync()
    config.write_text(whole)
    world.reopen()
    world.sync()
    assert shown(world.page("agents", "A"), "Prompt") == "was there"
    world.assert_in_sync()
    assert rollback(world.app.context, Selection(run=made.run_id), force=True).undone == 1
    assert world.sql("SELECT name FROM agents") == [("A",)]
