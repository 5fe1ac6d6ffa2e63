"""A new primary key of a relation's target is no edit of the relation, on either side."""

from __future__ import annotations

from sync_engine.engine.review.conflicts import conflict_list
from tests.support.world import World

SCHEMA = """ALTER TABLE agents DROP CONSTRAINT agents_team_id_fkey,
    ADD FOREIGN KEY (team_id) REFERENCES teams ON UPDATE CASCADE"""


def test_clearing_a_relation_while_its_target_gets_a_new_key_is_no_conflict(world: World) -> None:
    world.sql(SCHEMA)
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, team_id) SELECT 'A', id FROM teams")
    world.sync()
    world.sql("UPDATE teams SET id = gen_random_uuid()")
    world.sql("UPDATE agents SET team_id = NULL")
    world.edit(world.page("agents", "A")["id"], Max_Tokens={"number": 5})
    world.sync()
    assert world.sql("SELECT team_id, max_tokens FROM agents") == [(None, 5)]
    assert conflict_list(world.app.context, "all") == []
    world.assert_in_sync()


def test_children_of_a_row_with_a_new_key_need_no_request(world: World) -> None:
    world.sql(SCHEMA)
    world.sql("INSERT INTO teams (name) VALUES ('T')")
    world.sql("INSERT INTO agents (name, team_id) SELECT 'A' || i, id FROM teams, generate_series(1, 3) i")
    world.sync()
    world.sql("ALTER TABLE agents DISABLE TRIGGER touch")
    world.sql("UPDATE teams SET id = gen_random_uuid()")
    world.sandbox.clear_requests()
    world.sync()
    assert len([item for item in world.sandbox.requests if item.method == "PATCH"]) == 1
    world.assert_in_sync()
