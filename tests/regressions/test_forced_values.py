"""A value put back by a swap or a rollback may be changed by a trigger on its way; the page follows the row."""

from __future__ import annotations

from sync_engine.engine.review.conflicts import conflict_list, swap
from tests.support.world import World, shown, text


def test_a_swap_to_a_value_that_a_trigger_changes_back_leaves_both_sides_equal(world: World) -> None:
    world.sql(
        """CREATE FUNCTION lowered() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN NEW.prompt := lower(NEW.prompt); RETURN NEW; END $$"""
    )
    world.sql("CREATE TRIGGER lowered BEFORE UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION lowered()")
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "postgres"\n')
    world.reopen()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'loud'")
    world.edit(world.page("agents", "A")["id"], Prompt=text("LOUD"))
    world.sync()
    [conflict] = conflict_list(world.app.context, "all")
    swap(world.app.context, int(str(conflict["id"])))
    world.sync()
    assert world.sql("SELECT prompt FROM agents") == [("loud",)]
    assert shown(world.page("agents", "A"), "Prompt") == "loud"
    world.assert_in_sync()
