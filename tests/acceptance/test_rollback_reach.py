"""How far a rollback reaches: rows that a cascade took, columns that changed, pages that are gone for ever."""

from __future__ import annotations

from sync_engine.engine.undo.marks import create_mark, list_marks
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.world import World, text


def seed(world: World) -> None:
    world.sql("INSERT INTO teams (name) VALUES ('Root')")
    for number in (1, 2, 3):
        world.sql(
            "INSERT INTO agents (name, prompt, team_id) SELECT %s, 'be kind', id FROM teams", f"Agent {number}"
        )
    world.sync()


def rows(world: World) -> list[tuple[object, ...]]:
    return world.sql("SELECT to_jsonb(a) - 'updated_at' FROM agents a ORDER BY id")


def test_G7_rows_that_a_cascade_took_come_back_with_their_parent(world: World) -> None:
    seed(world)
    before = rows(world)
    create_mark(world.app.context, "good")
    world.sql("DELETE FROM teams")
    [(txid,)] = world.sql("SELECT max(txid)::text::bigint FROM sync_engine.sync_events")
    world.sync()
    assert rows(world) == []
    done = rollback(world.app.context, Selection(txid=txid))
    assert (done.undone, done.blocked) == (4, 0)
    assert rows(world) == before
    world.assert_in_sync()


def test_G7_rows_that_a_cascade_took_come_back_with_the_run_that_caused_it(world: World) -> None:
    seed(world)
    before = rows(world)
    create_mark(world.app.context, "good")
    world.sql("DELETE FROM teams")
    world.sync()
    done = rollback(world.app.context, Selection(to="good"))
    assert (done.undone, done.blocked) == (4, 0)
    assert rows(world) == before
    world.assert_in_sync()


def test_G7_a_renamed_column_is_put_back_under_its_new_name(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    world.sql("UPDATE agents SET prompt = 'worse'")
    world.sync()
    world.sql("ALTER TABLE agents RENAME prompt TO instructions")
    world.restart()
    done = rollback(world.app.context, Selection(to="good"))
    assert (done.undone, done.blocked) == (3, 0)
    assert world.sql("SELECT DISTINCT instructions FROM agents") == [("be kind",)]
    world.assert_in_sync()


def test_G7_a_dropped_column_is_refused_with_the_reason_and_the_rest_is_put_back(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    world.sql("UPDATE agents SET prompt = 'worse', max_tokens = 7")
    world.sync()
    world.sql("ALTER TABLE agents DROP prompt")
    world.restart()
    done = rollback(world.app.context, Selection(to="good"))
    assert done.undone == 3
    assert world.sql("SELECT DISTINCT max_tokens FROM agents") == [(2000,)]
    assert {item.blocked["prompt"] for item in done.plan} == {
        "no longer synced: its column was dropped, or left out"
    }


def test_G7_a_value_that_a_retyped_column_cannot_take_is_refused_with_the_reason(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    world.sql("UPDATE agents SET prompt = '12'")
    world.sync()
    world.sql("ALTER TABLE agents ALTER prompt TYPE integer USING prompt::integer")
    world.restart()
    done = rollback(world.app.context, Selection(to="good"))
    assert done.undone == 0
    assert done.blocked == 3
    assert world.sql("SELECT DISTINCT prompt FROM agents") == [(12,)]


def test_G7_a_purged_page_is_made_anew_and_linked(world: World) -> None:
    seed(world)
    page = world.page("teams", "Root")["id"]
    world.sql("UPDATE agents SET team_id = NULL")
    world.sql("DELETE FROM teams")
    bad = world.sync()
    world.sandbox.purge(page)
    done = rollback(world.app.context, Selection(run=bad.run_id))
    assert done.blocked == 0, done.failed
    assert world.sql("SELECT count(*) FROM agents JOIN teams ON teams.id = team_id") == [(3,)]
    new = world.page("teams", "Root")["id"]
    assert new != page
    assert {item["id"] for found in world.pages("agents") for item in found["properties"]["Team"]["relation"]} == {
        new
    }
    world.assert_in_sync()


def test_G7_what_one_actor_did_in_one_table_since_a_time(world: World) -> None:
    seed(world)
    world.connection.execute("SELECT set_config('sync_engine.actor', 'Ada', false)")
    world.sql("UPDATE agents SET prompt = 'early'")
    [(since,)] = world.sql("SELECT clock_timestamp()")
    world.sql("UPDATE agents SET prompt = 'late'")
    world.sql("UPDATE teams SET name = 'late'")
    world.connection.execute("SELECT set_config('sync_engine.actor', 'Bob', false)")
    world.sql("UPDATE agents SET max_tokens = 1")
    world.sync()
    rollback(world.app.context, Selection(actor="Ada", table="agents", since=since))
    assert world.sql("SELECT DISTINCT prompt, max_tokens FROM agents") == [("early", 1)]
    assert world.sql("SELECT name FROM teams") == [("late",)]
    world.edit(world.page("agents", "Agent 1")["id"], Prompt=text("x"))
    world.sync()
    world.assert_in_sync()


def test_a_bulk_change_is_marked_before_it_is_made(world: World) -> None:
    seed(world)
    create_mark(world.app.context, "good")
    world.sql("UPDATE agents SET prompt = 'worse'")
    world.sync()
    after = rows(world)
    done = rollback(world.app.context, Selection(to="good"))
    name = f"before rollback {done.rollback_id}"
    assert [item["name"] for item in list_marks(world.app.context)] == ["good", name]
    rollback(world.app.context, Selection(to=name))
    assert rows(world) == after
