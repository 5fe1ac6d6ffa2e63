"""Conflicts, their review, and taking a bad import back on both sides."""

from __future__ import annotations

import pytest

from sync_engine.engine.review.conflicts import conflict_list, resolve, swap
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import NotionError
from tests.acceptance.test_first_loop import seed
from tests.support.world import World, names, shown, text, title


def collide(world: World, name: str = "Agent 1") -> None:
    """Edit one field of one record on both sides."""
    world.sql("UPDATE agents SET prompt = 'from postgres' WHERE name = %s", name)
    world.edit(world.page("agents", name)["id"], Prompt=text("from notion"))


def test_G5_two_edits_of_one_field_are_one_conflict_and_swap_reverses_it_on_both_sides(world: World) -> None:
    seed(world)
    world.sync()
    collide(world)
    done = world.sync()
    assert done.total.conflicts_new == 1
    [conflict] = conflict_list(world.app.context, "all")
    assert (conflict["table"], conflict["field"], conflict["status"]) == ("agents", "prompt", "auto")
    assert conflict["base"] == "prompt 🔴 " * 300 + "1"
    assert conflict["postgres"]["value"] == "from postgres"  # type: ignore[index, call-overload]
    assert conflict["notion"]["value"] == "from notion"  # type: ignore[index, call-overload]
    assert conflict["winner"] == "notion" and conflict["type"] == "ambiguous_time"
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("from notion",)]
    world.assert_in_sync()

    swap(world.app.context, int(str(conflict["id"])))
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("from postgres",)]
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from postgres"
    world.assert_in_sync()
    swap(world.app.context, int(str(conflict["id"])))
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from notion"
    world.assert_in_sync()


def test_newest_wins_when_the_order_is_known(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")
    world.edit(page["id"], Prompt=text("older, from notion"))
    world.sync(direction="from-notion", limit=0)  # observed, not applied
    world.sql("UPDATE agents SET prompt = 'newer, from postgres' WHERE name = 'Agent 1'")
    world.sync()
    [conflict] = conflict_list(world.app.context, "all")
    assert (conflict["type"], conflict["winner"]) == ("update_differing", "postgres")
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "newer, from postgres"


def test_G7_rollback_of_a_bulk_notion_edit_and_rollback_of_the_rollback(world: World) -> None:
    seed(world)
    world.sync()
    before = world.sql("SELECT id, name, prompt, mood FROM agents ORDER BY id")
    for number in range(1, 8):
        world.edit(
            world.page("agents", f"Agent {number}")["id"],
            Prompt=text("oops"),
            Mood={"select": {"name": "on fire"}},
        )
    bad = world.sync()
    assert names(bad, "postgres") == [("update", 7)]
    after = world.sql("SELECT id, name, prompt, mood FROM agents ORDER BY id")
    assert after != before

    planned = rollback(world.app.context, Selection(run=bad.run_id), dry_run=True)
    assert planned.to_json()["undone"] == 0
    assert world.sql("SELECT id, name, prompt, mood FROM agents ORDER BY id") == after

    undone = rollback(world.app.context, Selection(run=bad.run_id))
    assert (undone.undone, undone.blocked) == (7, 0)
    assert world.sql("SELECT id, name, prompt, mood FROM agents ORDER BY id") == before
    world.assert_in_sync()

    redone = rollback(world.app.context, Selection(run=undone.rollback_id))
    assert redone.undone == 7
    assert world.sql("SELECT id, name, prompt, mood FROM agents ORDER BY id") == after
    world.assert_in_sync()


def test_G7_a_later_edit_survives_a_rollback(world: World) -> None:
    seed(world)
    world.sync()
    for number in (1, 2):
        world.edit(world.page("agents", f"Agent {number}")["id"], Prompt=text("oops"))
    bad = world.sync()
    world.sql("UPDATE agents SET prompt = 'mine now' WHERE name = 'Agent 2'")
    undone = rollback(world.app.context, Selection(run=bad.run_id))
    assert (undone.undone, undone.blocked) == (1, 1)
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 2'") == [("mine now",)]
    world.sync()
    world.assert_in_sync()
    rollback(world.app.context, Selection(run=bad.run_id), force=True)
    assert world.sql("SELECT right(prompt, 2) FROM agents WHERE name = 'Agent 2'") == [(" 2",)]
    world.assert_in_sync()


def test_a_bad_import_is_taken_back_to_a_mark_on_both_sides(world: World) -> None:
    seed(world)
    world.sync()
    before = world.sql(
        "SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM (SELECT id, name, prompt FROM agents) a"
    )
    create_mark(world.app.context, "before-import")
    world.sql("INSERT INTO agents (name, prompt) SELECT 'Import ' || i, 'bad' FROM generate_series(1, 5) i")
    world.sql("UPDATE agents SET prompt = 'bad' WHERE name = 'Agent 1'")
    world.sync()
    assert len(world.pages("agents")) == 14
    world.sql("UPDATE agents SET prompt = 'not carried yet' WHERE name = 'Agent 2'")
    undone = rollback(world.app.context, Selection(to="before-import"))
    assert undone.blocked == 0 and undone.undone == 7
    assert len(world.pages("agents")) == 9
    assert before == world.sql(
        "SELECT md5(string_agg(a::text, '|' ORDER BY id)) FROM (SELECT id, name, prompt FROM agents) a"
    )
    world.assert_in_sync()
    redone = rollback(world.app.context, Selection(run=undone.rollback_id))
    assert redone.blocked == 0
    assert len(world.pages("agents")) == 14
    assert world.sql("SELECT count(*) FROM agents WHERE prompt = 'bad'") == [(6,)]
    world.assert_in_sync()


@pytest.mark.parametrize("interruptions", [1, 2])
@pytest.mark.parametrize("by", ["run", "mark"])
def test_G6_an_interrupted_rollback_goes_on_where_it_stopped(world: World, by: str, interruptions: int) -> None:
    seed(world)
    world.sync()
    create_mark(world.app.context, "before")
    before = world.sql("SELECT id, name, prompt FROM agents ORDER BY id")
    world.sql("UPDATE agents SET prompt = 'oops'")
    bad = world.sync()
    selection = Selection(run=bad.run_id) if by == "run" else Selection(to="before")
    for _ in range(interruptions):
        world.sandbox.fail_next("PATCH", "/v1/pages/", "unauthorized", times=100, skip=2)
        with pytest.raises(NotionError):
            rollback(world.app.context, selection)
        world.sandbox.faults.clear()

    finished = rollback(world.app.context, selection)
    assert finished.blocked == 0 and finished.undone > 0
    assert world.sql("SELECT id, name, prompt FROM agents ORDER BY id") == before
    world.assert_in_sync()
    assert sum(world.sync().total.applied.values()) == 0

    redone = rollback(world.app.context, Selection(run=finished.rollback_id))
    assert redone.undone == finished.undone
    assert world.sql("SELECT count(*) FROM agents WHERE prompt = 'oops'") == [(redone.undone,)]
    world.assert_in_sync()


def test_the_first_sync_rolled_back_takes_pages_and_leaves_rows(world: World) -> None:
    seed(world)
    first = world.sync()
    undone = rollback(world.app.context, Selection(run=first.run_id))
    assert undone.undone == 11
    assert world.sql("SELECT count(*) FROM agents") == [(9,)]
    assert world.pages("agents") == []
    assert sum(world.sync().total.applied.values()) == 0
    world.sql("UPDATE agents SET prompt = 'again' WHERE name = 'Agent 1'")
    world.sync()
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "again"


def test_a_manual_conflict_waits_for_a_person_while_other_fields_go_on(world: World) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + '[tables.fields.prompt]\nconflict = "manual"\n')
    world.reopen()
    seed(world)
    world.sync()
    collide(world)
    world.sql("UPDATE agents SET max_tokens = 1 WHERE name = 'Agent 1'")
    done = world.sync()
    assert done.total.conflicts_open == 1
    page = world.page("agents", "Agent 1")
    assert (shown(page, "Prompt"), page["properties"]["Max Tokens"]["number"]) == ("from notion", 1)
    assert world.sql("SELECT prompt FROM agents WHERE name = 'Agent 1'") == [("from postgres",)]
    assert world.sync().total.conflicts_new == 0
    [conflict] = conflict_list(world.app.context, "open")
    resolve(world.app.context, int(str(conflict["id"])), keep="postgres")
    assert shown(world.page("agents", "Agent 1"), "Prompt") == "from postgres"
    assert conflict_list(world.app.context, "open") == []
    world.assert_in_sync()


def test_a_deleted_row_trashes_its_page_and_rollback_brings_both_back(world: World) -> None:
    seed(world)
    world.sync()
    page = world.page("agents", "Agent 1")
    [(key,)] = world.sql("DELETE FROM agents WHERE name = 'Agent 1' RETURNING id::text")
    done = world.sync()
    assert names(done, "notion") == [("trash", 1)]
    undone = rollback(world.app.context, Selection(run=done.run_id))
    assert undone.undone == 1
    assert world.sql("SELECT id::text FROM agents WHERE name = 'Agent 1'") == [(key,)]
    assert world.page("agents", "Agent 1")["id"] == page["id"]
    world.assert_in_sync()


def test_a_row_that_postgres_refuses_is_held_and_the_others_go_on(world: World) -> None:
    seed(world)
    world.sync()
    world.edit(world.page("agents", "Agent 1")["id"], Temperature={"number": 9})
    world.edit(world.page("agents", "Agent 2")["id"], Name=title("Agent Two"))
    done = world.sync()
    assert done.total.held_new == 1
    assert world.sql("SELECT count(*) FROM agents WHERE name = 'Agent Two'") == [(1,)]
    world.edit(world.page("agents", "Agent 1")["id"], Temperature={"number": 1.5})
    assert world.sync().total.held_open == 0
    assert str(world.sql("SELECT temperature FROM agents WHERE name = 'Agent 1'")[0][0]) == "1.50"
    world.assert_in_sync()
