"""Row filters: which rows have a page, what happens when one leaves or enters, and what a filter may not be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sync_engine.adapters.postgres.registrations import PostgresRegistrations
from sync_engine.engine.configure.setup import plan_setup, setup
from sync_engine.engine.inquiry.audit_record import history
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.review.brake import brake_discard, brake_release
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import ConfigurationError, DatabaseError, NotSetUp
from tests.acceptance.test_policies import CONFIG
from tests.support.looping import Stage
from tests.support.postgres import Database
from tests.support.world import World, make_world, names, shown, text, title

SCHEMA = """
CREATE TABLE things (id serial PRIMARY KEY, name text NOT NULL, note text, status text DEFAULT 'draft', i int);
INSERT INTO things (name, note, status)
SELECT 'T' || i, 'note', CASE WHEN i <= 3 THEN 'live' ELSE 'draft' END FROM generate_series(1, 6) i;
"""
LIVE = "where = \"status <> 'draft'\"\n"
HOLD = 'delete = { from_postgres = "hold", from_notion = "hold" }\n'


@pytest.fixture
def tables(empty_database: Database, tmp_path: Path) -> Iterator[Any]:
    """Six things, three of them drafts, under the rules that the test names, synced once."""
    with ExitStack() as stack:

        def make(rules: str = LIVE) -> World:
            made = make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG + rules)
            world = stack.enter_context(made)
            world.setup()
            world.sync()
            return world

        yield make


def titles(world: World) -> list[str]:
    return sorted(shown(page, "Name") for page in world.pages("things"))


def is_proven(world: World) -> None:
    """Both sides agree, and the log alone tells the same."""
    world.assert_in_sync()
    world.assert_log_tells_all()


def configure(world: World, rules: str) -> None:
    (world.folder / "sync.toml").write_text(CONFIG + rules)
    world.app = world._open()


def test_only_rows_that_fit_have_a_page(tables: Any) -> None:
    world = tables()
    assert titles(world) == ["T1", "T2", "T3"]
    is_proven(world)
    world.sql("INSERT INTO things (name, status) VALUES ('new', 'live'), ('not yet', 'draft'), ('null', NULL)")
    assert names(world.sync(), "notion") == [("create", 1)]
    assert titles(world) == ["T1", "T2", "T3", "new"]
    is_proven(world)


def test_a_row_that_leaves_takes_its_page_along_and_one_that_enters_brings_it_back(tables: Any) -> None:
    world = tables()
    page = world.page("things", "T1")["id"]
    world.sql("UPDATE things SET status = 'draft', note = 'written as a draft' WHERE name = 'T1'")
    assert names(world.sync(), "notion") == [("trash", 1)]
    assert titles(world) == ["T2", "T3"]
    is_proven(world)
    world.sql("UPDATE things SET note = 'once more' WHERE name = 'T1'")
    assert world.sync().quiet and titles(world) == ["T2", "T3"]

    world.sql("UPDATE things SET status = 'live' WHERE name IN ('T1', 'T4')")
    assert names(world.sync(), "notion") == [("create", 1), ("restore", 1)]
    back = world.page("things", "T1")
    assert back["id"] == page and shown(back, "Note") == "once more"
    assert shown(world.page("things", "T4"), "Note") == "note", "a row that nobody had told of brings all values"
    assert conflict_list(world.app.context, "all") == []
    is_proven(world)
    told = [entry["op"] for entry in history(world.app.context, "things", "1")]
    assert "leave" in told and "enter" in told


def test_an_edit_in_notion_may_take_the_row_out_and_a_new_page_may_never_fit(tables: Any) -> None:
    world = tables()
    world.edit(world.page("things", "T1")["id"], Status=text("draft"), Note=text("typed"))
    created = world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("things")},
            "properties": {"Name": title("made here"), "Status": text("draft")},
        },
    )
    done = world.sync()
    assert names(done, "postgres") == [("insert", 1), ("update", 1)]
    assert world.sql("SELECT status, note FROM things WHERE name = 'T1'") == [("draft", "typed")]
    assert titles(world) == ["T2", "T3"], "the pages of rows outside of the filter go"
    assert world.call("GET", f"/pages/{created['id']}")["in_trash"]
    is_proven(world)


def test_held_pages_of_rows_outside_still_edit_them_and_bring_them_back(tables: Any) -> None:
    world = tables(LIVE + HOLD)
    page = world.page("things", "T1")["id"]
    world.sql("UPDATE things SET status = 'draft' WHERE name = 'T1'")
    assert names(world.sync(), "notion") == []
    [held] = held_list(world.app.context)
    assert "outside of the filter" in str(held["reason"]) and held["op"] == "trash"
    assert verify(world.app.context).in_sync

    world.edit(page, Note=text("typed meanwhile"))
    world.sync()
    assert world.sql("SELECT note, status FROM things WHERE name = 'T1'") == [("typed meanwhile", "draft")]
    world.edit(page, Status=text("back"))
    world.sync()
    assert world.sql("SELECT status FROM things WHERE name = 'T1'") == [("back",)]
    [conflict] = conflict_list(world.app.context, "all")
    assert conflict["field"] == "status" and conflict["winner"] == "notion"
    assert held_list(world.app.context) == []
    is_proven(world)


def test_an_edit_of_both_sides_while_the_row_was_outside_is_a_conflict(tables: Any) -> None:
    world = tables(LIVE + HOLD)
    page = world.page("things", "T1")["id"]
    world.sql("UPDATE things SET status = 'draft' WHERE name = 'T1'")
    world.sync()
    world.sql("UPDATE things SET note = 'from Postgres' WHERE name = 'T1'")
    world.edit(page, Note=text("from Notion"))
    world.sync()
    [conflict] = conflict_list(world.app.context, "all")
    assert conflict["field"] == "note"
    world.sql("UPDATE things SET status = 'live' WHERE name = 'T1'")
    world.sync()
    is_proven(world)


def test_a_changed_filter_is_planned_in_rows_taken_over_by_setup_and_met_by_the_brake(tables: Any) -> None:
    world = tables(LIVE + "brake = { share = 0.1, min = 1 }\n")
    world.sql("UPDATE things SET status = 'live'")
    world.sync()
    assert len(titles(world)) == 6
    configure(world, "where = \"status = 'archived' or id > 4\"\nbrake = { share = 0.1, min = 1 }\n")
    with pytest.raises(NotSetUp, match="its row filter was changed"):
        world.sync()
    [change] = plan_setup(world.app.installation)
    assert "2 of 6 rows, 4 leave, 0 enter" in change.detail
    world.setup()
    assert plan_setup(world.app.installation) == []

    rehearsed = world.sync(dry_run=True)
    assert [line["op"] for line in rehearsed.planned] == ["trash"] * 4
    assert world.sql("SELECT row_filter_due FROM sync_engine.sync_mappings") == [(True,)]
    stopped = world.sync()
    assert len(titles(world)) == 6
    assert [stop.count for _, stop in stopped.stops] == [4]
    refused = brake_discard(world.app.context)
    assert "outside of the filter" in str(refused)
    assert len(titles(world)) == 6 and world.sql("SELECT count(*) FROM things") == [(6,)]
    brake_release(world.app.context)
    world.sync()
    assert titles(world) == ["T5", "T6"]
    is_proven(world)

    configure(world, "")
    assert "without a filter: 6 of 6 rows, 0 leave, 4 enter" in plan_setup(world.app.installation)[0].detail
    world.setup()
    assert names(world.sync(), "notion") == [("restore", 4)]
    is_proven(world)


def test_a_rollback_of_the_edit_that_took_a_row_out_brings_its_page_back(tables: Any) -> None:
    world = tables()
    page = world.page("things", "T1")["id"]
    world.sql("UPDATE things SET status = 'draft' WHERE name = 'T1'")
    world.sync()
    [(seq,)] = world.sql("SELECT max(seq) FROM sync_engine.sync_events WHERE op = 'u' AND key = '1'")
    rollback(world.app.context, Selection(events=(seq,)))
    assert world.sql("SELECT status FROM things WHERE name = 'T1'") == [("live",)]
    world.sync()
    assert world.page("things", "T1")["id"] == page
    is_proven(world)


def test_a_filter_that_fails_for_one_row_stops_no_other(tables: Any) -> None:
    world = tables('where = "10 / i > 1"\n')
    assert titles(world) == []
    world.sql("UPDATE things SET i = 5 WHERE id <= 3")
    world.sync()
    assert titles(world) == ["T1", "T2", "T3"]
    world.sql("UPDATE things SET i = 0, note = 'told all the same' WHERE id = 1")
    world.sql("UPDATE things SET i = 0 WHERE id = 4")
    world.sql("UPDATE things SET i = 9 WHERE id = 2")
    world.sync()
    assert titles(world) == ["T1", "T3"], "it stays where it is, and a new one waits outside"
    assert shown(world.page("things", "T1"), "Note") == "told all the same"


def test_a_filter_by_time_is_asked_again_when_every_page_is_read(tables: Any) -> None:
    world = tables("where = \"now() < current_setting('app.until', true)::timestamptz\"\n")
    assert titles(world) == []
    world.sql(f"ALTER DATABASE {world.database.name} SET app.until = '2100-01-01'")
    world.app = world._open()
    assert world.sync().quiet
    assert titles(world) == []
    world.sync(full=True)
    assert len(titles(world)) == 6


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("stauts = 'live'", 'column "stauts" does not exist'),
        ("name", "boolean"),
        ("status = 'live'; DROP TABLE things", "syntax error"),
        ("true); DROP TABLE things; --", "multiple commands|more than one|syntax error"),
        ("true), more int, CHECK (true", "more than one expression"),
        ("true) , CHECK (false", "more than one expression"),
        ("id IN (SELECT 1)", "subquery"),
        ("count(*) > 1", "aggregate"),
        ("nextval('things_id_seq') > 0", "volatile"),
        ("random() > 0.5", "volatile"),
        ("things IS NOT NULL", "things"),
        ("/* never ends", "comment|syntax"),
        ("status = 'live", "unterminated"),
    ],
)
def test_what_is_no_filter_is_refused_by_plan_and_setup(tables: Any, where: str, says: str) -> None:
    world = tables("")
    escaped = where.replace("\\", "\\\\").replace('"', '\\"')
    configure(world, f'where = "{escaped}"\n')
    for step in (plan_setup, setup):
        with pytest.raises(ConfigurationError, match=says) as raised:
            step(world.app.installation)
        assert "things" in raised.value.message and "where" in raised.value.message
    assert world.sql("SELECT count(*) FROM things") == [(6,)]
    assert world.sql("SELECT row_filter_sql FROM sync_engine.sync_mappings") == [("",)]


@pytest.mark.parametrize(
    "where",
    [
        "status = 'live' -- as it is",
        "status LIKE '%i{v}e%' OR status = 'live'",
        '\\"status\\" = $$live$$',
        "i IS NULL AND status = 'live'",
    ],
)
def test_a_filter_may_be_spelled_as_sql_is(tables: Any, where: str) -> None:
    world = tables(f'where = "{where}"\n')
    assert titles(world) == ["T1", "T2", "T3"]
    is_proven(world)


def test_a_filter_over_a_column_that_was_renamed_says_so_and_waits(tables: Any) -> None:
    world = tables()
    world.sql("ALTER TABLE things RENAME COLUMN status TO state")
    world.restart()
    world.sql("UPDATE things SET note = 'edited' WHERE id = 1")
    with pytest.raises(DatabaseError, match="row filter of table things cannot be asked"):
        world.sync()
    configure(world, "where = \"state <> 'draft'\"\n")
    world.setup()
    world.sync()
    assert shown(world.page("things", "T1"), "Note") == "edited"
    is_proven(world)


def test_rows_that_come_and_go_while_the_filter_is_asked_are_never_lost(tables: Any) -> None:
    """Verdicts are numbered by the engine's own transaction; changes that commit late have smaller numbers."""
    world = tables("where = \"status <> 'draft'\"\nbrake = { share = 1.0, min = 1000 }\n")
    stop = threading.Event()

    def write(offset: int) -> None:
        with world.database.connect(autocommit=True) as own:
            turn = 0
            while not stop.is_set():
                turn += 1
                key = (turn * 7 + offset) % 6 + 1
                status = "live" if (turn + offset) % 3 else "draft"
                with own.transaction():
                    own.execute("UPDATE things SET status = %s, i = %s WHERE id = %s", [status, turn, key])
                if turn % 50 == 0:
                    own.execute("DELETE FROM things WHERE id = %s", [key])
                    own.execute("INSERT INTO things (id, name, status) VALUES (%s, 'again', 'live')", [key])

    writers = [threading.Thread(target=write, args=(offset,)) for offset in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(6):
            world.sync()
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    world.sync()
    world.sync()
    assert replay_verify(world.app.context).ok
    is_proven(world)


def test_a_continuous_run_follows_rows_in_and_out(tables: Any) -> None:
    world = tables()
    stage = Stage(world)
    stage.at(5, lambda: world.sql("UPDATE things SET status = 'draft' WHERE name = 'T1'") and None)
    stage.at(15, lambda: world.sql("UPDATE things SET status = 'live' WHERE name IN ('T1', 'T4')") and None)
    stage.run_until(12)
    assert titles(world) == ["T2", "T3"]
    stage.run_until(40)
    assert titles(world) == ["T1", "T2", "T3", "T4"]
    is_proven(world)


def test_a_kill_while_a_changed_filter_is_asked_leaves_it_due(
    tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tables()
    configure(world, "where = \"status = 'draft'\"\n")
    world.setup()
    with monkeypatch.context() as patched:

        def dying(*given: Any) -> Any:
            raise KeyboardInterrupt

        patched.setattr(PostgresRegistrations, "save", dying)
        with pytest.raises(KeyboardInterrupt):
            world.sync()
    assert world.sql("SELECT count(*) FROM sync_engine.sync_events WHERE op IN ('e', 'l')") == [(3,)]
    world.sync()
    assert titles(world) == ["T4", "T5", "T6"]
    is_proven(world)
