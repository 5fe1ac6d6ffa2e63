"""A key that is inserted again after its record went: the page that went with it is still known."""

from __future__ import annotations

from sync_engine.engine.holding import held_list
from tests.support.world import World


def test_a_relation_to_the_page_that_went_is_no_edit(world: World) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + 'delete = { from_postgres = "hold", from_notion = "hold" }\n')
    world.reopen()
    [(team,)] = world.sql("INSERT INTO teams (name) VALUES ('T') RETURNING id::text")
    world.sql("INSERT INTO agents (name, team_id) VALUES ('A', %s)", team)
    world.sync()
    old = world.page("teams", "T")["id"]
    world.sql("DELETE FROM teams")
    world.sync()
    world.sql("INSERT INTO teams (id, name) VALUES (%s, 'again')", team)
    world.sync(full=True)
    assert world.page("teams", "again")["id"] != old
    assert world.sql("SELECT count(*) FROM agents") == [(0,)]
    [held] = held_list(world.app.context)
    assert (held["table"], held["op"]) == ("agents", "trash")
    assert world.sync(full=True).quiet
