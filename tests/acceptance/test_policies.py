"""Policies that combine both edits, groups that win together, and resolvers of the user's own, on both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.main import run as run_command
from sync_engine.domain.values import Value
from sync_engine.engine.configure.config_text import write_config
from sync_engine.engine.review.conflicts import conflict_list, resolve
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import ConfigurationError, UsageError
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, names, shown, text

SCHEMA = """
CREATE TABLE things (
    id serial PRIMARY KEY,
    name text NOT NULL,
    stock integer NOT NULL DEFAULT 10,
    low integer NOT NULL DEFAULT 1,
    high integer NOT NULL DEFAULT 5,
    seen timestamptz DEFAULT '2026-01-01 10:00:30+00',
    tags text[] DEFAULT '{a,b}',
    notes text DEFAULT E'one\ntwo\nthree\n',
    CHECK (low <= high)
);
CREATE FUNCTION longest(base jsonb, ours jsonb, theirs jsonb) RETURNS jsonb LANGUAGE sql AS
$$ SELECT CASE WHEN length(ours #>> '{}') > length(theirs #>> '{}') THEN ours
               WHEN length(ours #>> '{}') < length(theirs #>> '{}') THEN theirs END $$;
INSERT INTO things (name) VALUES ('A');
"""
CONFIG = f"""{CONNECTED}[[tables]]
name = "things"
title = "name"
"""

Make = Callable[[str], World]


@pytest.fixture
def things(empty_database: Database, tmp_path: Path) -> Iterator[Make]:
    """One thing on both sides, under the rules that the test adds to the table."""
    with ExitStack() as stack:

        def make(rules: str) -> World:
            world = stack.enter_context(
                make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG + rules + "\n")
            )
            world.setup()
            world.sync()
            return world

        yield make


def page(world: World) -> str:
    [found] = world.pages("things")
    return str(found["id"])


def conflict(world: World) -> tuple[str, str, str]:
    [found] = conflict_list(world.app.context, "all")
    return str(found["field"]), str(found["winner"]), str(found["policy"])


def test_a_delta_adds_what_both_sides_took(things: Make) -> None:
    world = things('[tables.fields.stock]\nconflict = "delta"')
    world.sql("UPDATE things SET stock = stock - 3")
    world.edit(page(world), Stock={"number": 14})
    done = world.sync()
    assert world.sql("SELECT stock FROM things") == [(11,)]
    assert world.pages("things")[0]["properties"]["Stock"]["number"] == 11
    assert conflict(world) == ("stock", "merged", "delta")
    assert done.total.conflicts_new == 1 and done.total.conflicts_open == 0
    world.assert_in_sync()
    rollback(world.app.context, Selection(run=done.run_id))
    assert world.sql("SELECT stock FROM things") == [(7,)]
    world.assert_in_sync()


@pytest.mark.parametrize(("policy", "wins"), [("min", 2), ("max", 20)])
def test_min_and_max_of_numbers(things: Make, policy: str, wins: int) -> None:
    world = things(f'[tables.fields.stock]\nconflict = "{policy}"')
    world.sql("UPDATE things SET stock = 2")
    world.edit(page(world), Stock={"number": 20})
    world.sync()
    assert world.sql("SELECT stock FROM things") == [(wins,)]
    assert world.pages("things")[0]["properties"]["Stock"]["number"] == wins
    world.assert_in_sync()


def test_max_of_times_keeps_the_seconds_that_notion_cannot_show(things: Make) -> None:
    world = things('[tables.fields.seen]\nconflict = "max"')
    world.sql("UPDATE things SET seen = '2026-05-01 12:00:45+00'")
    world.edit(page(world), Seen={"date": {"start": "2026-04-01T12:00:00.000+00:00"}})
    world.sync()
    assert world.sql("SELECT seen = '2026-05-01 12:00:45+00' FROM things") == [(True,)]
    world.assert_in_sync()


def options(world: World) -> list[str]:
    return [option["name"] for option in world.pages("things")[0]["properties"]["Tags"]["multi_select"]]


def select(*tags: str) -> dict[str, list[dict[str, str]]]:
    return {"multi_select": [{"name": tag} for tag in tags]}


def test_options_are_merged_by_element_unless_a_policy_says_otherwise(things: Make) -> None:
    world = things("")
    world.sql("UPDATE things SET tags = '{a,b,c}'")
    world.edit(page(world), Tags=select("b", "d"))
    world.sync()
    assert world.sql("SELECT tags FROM things") == [(["b", "c", "d"],)]
    assert options(world) == ["b", "c", "d"]
    assert conflict(world) == ("tags", "merged", "union")
    world.assert_in_sync()


def test_options_go_to_one_side_where_a_policy_says_so(things: Make) -> None:
    world = things('[tables.fields.tags]\nconflict = "postgres"')
    world.sql("UPDATE things SET tags = '{a,c}'")
    world.edit(page(world), Tags=select("b", "d"))
    world.sync()
    assert options(world) == ["a", "c"]
    world.assert_in_sync()


def test_lines_of_a_text_merge_and_a_clash_of_lines_goes_to_the_newer(things: Make) -> None:
    world = things('[tables.fields.notes]\nconflict = "lines"')
    world.sql(r"UPDATE things SET notes = E'ONE\ntwo\nthree\n'")
    world.edit(page(world), Notes=text("one\ntwo\nTHREE\n"))
    world.sync()
    assert world.sql("SELECT notes FROM things") == [("ONE\ntwo\nTHREE\n",)]
    assert shown(world.pages("things")[0], "Notes") == "ONE\ntwo\nTHREE\n"
    world.sql(r"UPDATE things SET notes = E'mine\ntwo\nTHREE\n'")
    world.edit(page(world), Notes=text("yours\ntwo\nTHREE\n"))
    world.sync()
    kept = [str(found["winner"]) for found in conflict_list(world.app.context, "all")]
    assert kept[0] == "merged" and kept[1] in ("postgres", "notion")
    world.assert_in_sync()


def test_fields_of_a_group_win_together_so_that_no_merge_breaks_the_rule(things: Make) -> None:
    world = things('groups = [["low", "high"]]\nconflict = "notion"')
    world.sql("UPDATE things SET low = 4")
    world.edit(page(world), High={"number": 2}, Notes=text("beside"))
    done = world.sync()
    assert done.total.held_new == 0
    assert world.sql("SELECT low, high, notes FROM things") == [(1, 2, "beside")]
    assert {str(found["field"]) for found in conflict_list(world.app.context, "all")} == {"low", "high"}
    world.assert_in_sync()


def test_a_group_may_have_a_policy_of_its_own(things: Make) -> None:
    world = things('groups = [{ fields = ["low", "high"], conflict = "manual" }]')
    world.sql("UPDATE things SET low = 4, stock = 1")
    world.edit(page(world), High={"number": 2})
    done = world.sync()
    assert (done.total.conflicts_open, names(done, "notion")) == (2, [("update", 1)])
    assert world.sql("SELECT low, high FROM things") == [(4, 5)]
    assert world.sync().total.conflicts_new == 0
    world.edit(page(world), High={"number": 5})
    world.sync()
    assert conflict_list(world.app.context, "open") == []
    world.assert_in_sync()


def test_a_function_in_sql_decides_or_leaves_it_to_a_person(things: Make) -> None:
    world = things('[tables.fields.notes]\nconflict = "sql:public.longest"')
    world.sql("UPDATE things SET notes = 'the longer one'")
    world.edit(page(world), Notes=text("short"))
    world.sync()
    assert world.sql("SELECT notes FROM things") == [("the longer one",)]
    assert conflict(world) == ("notes", "merged", "sql:public.longest")
    world.assert_in_sync()
    world.sql("UPDATE things SET notes = 'aaaa'")
    world.edit(page(world), Notes=text("bbbb"))
    assert world.sync().total.conflicts_open == 1


def test_a_function_that_fails_leaves_it_to_a_person_with_what_it_said(things: Make) -> None:
    world = things('[tables.fields.notes]\nconflict = "sql:public.missing"')
    world.sql("UPDATE things SET notes = 'one', stock = 3")
    world.edit(page(world), Notes=text("other"))
    assert world.sync().total.conflicts_open == 1
    [found] = conflict_list(world.app.context, "open")
    assert "public.missing failed" in str(found["reason"])
    assert world.pages("things")[0]["properties"]["Stock"]["number"] == 3


def joined(_base: Value, postgres: Value, notion: Value) -> Value:
    """A resolver for the tests: both, or nobody's when one says so."""
    if postgres == "ask":
        raise LookupError
    if postgres == "fail":
        raise ValueError("not today")
    return f"{postgres} + {notion}"


@pytest.mark.parametrize(("edit", "left"), [("mine", ""), ("ask", "to a person"), ("fail", "not today")])
def test_a_function_in_python_decides(things: Make, edit: str, left: str) -> None:
    world = things(f'[tables.fields.notes]\nconflict = "python:{__name__}:joined"')
    world.sql("UPDATE things SET notes = %s", edit)
    world.edit(page(world), Notes=text("theirs"))
    world.sync()
    if left:
        [found] = conflict_list(world.app.context, "open")
        assert left in str(found["reason"])
    else:
        assert world.sql("SELECT notes FROM things") == [("mine + theirs",)]
        world.assert_in_sync()


def test_a_resolver_that_is_not_there_is_told_before_anything_is_done(things: Make) -> None:
    with pytest.raises(ConfigurationError, match="python:nowhere:nothing cannot be loaded"):
        things('[tables.fields.notes]\nconflict = "python:nowhere:nothing"')


def test_a_function_also_decides_numbers(things: Make) -> None:
    world = things('[tables.fields.stock]\nconflict = "sql:public.longest"')
    world.sql("UPDATE things SET stock = 3")
    world.edit(page(world), Stock={"number": 44})
    world.sync()
    assert world.sql("SELECT stock FROM things") == [(44,)]
    world.assert_in_sync()


def test_init_proposes_the_columns_of_a_check_as_a_group(things: Make) -> None:
    world = things("")
    with world.app.database.transaction() as uow:
        proposed = write_config(uow.rows.tables(["public"]))
    assert '\ngroups = [["low", "high"]]   # ' in proposed
    (world.folder / "sync.toml").write_text(proposed)
    world.reopen()
    [group] = world.app.context.mapping("things").groups
    assert group.fields == ("low", "high")


def disputed(things: Make, field: str) -> World:
    return things(f'[tables.fields.{field}]\nconflict = "manual"')


def test_a_person_keeps_both_merged(things: Make, capsys: pytest.CaptureFixture[str]) -> None:
    world = things('conflict = "manual"')
    world.sql(r"UPDATE things SET stock = 7, tags = '{a,b,c}', notes = E'ONE\ntwo\nthree\n', low = 3")
    world.edit(
        page(world), Stock={"number": 14}, Tags=select("b"), Notes=text("one\ntwo\nTHREE\n"), Low={"number": 2}
    )
    assert world.sync().total.conflicts_open == 4
    environment = world.environment | {"SYNC_CONFIG": str(world.folder / "sync.toml")}
    numbers = {str(found["field"]): str(found["id"]) for found in conflict_list(world.app.context, "open")}
    assert (
        run_command(
            ["conflicts", "resolve", numbers["stock"], "--keep", "both-merged", "--dry-run", "--json"], environment
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["value"] == 11
    bulk = ["conflicts", "resolve", "--all", "--keep", "both-merged", "--table", "things"]
    assert run_command([*bulk, "--json"], environment) == 2, "nobody there to confirm the count"
    assert run_command([*bulk, "--yes", "--json", "--type", "update_differing"], environment) == 0
    assert conflict_list(world.app.context, "open") == []
    assert world.sql("SELECT stock, tags, notes, low FROM things") == [(11, ["b", "c"], "ONE\ntwo\nTHREE\n", 4)]
    assert options(world) == ["b", "c"]
    world.assert_in_sync()


def test_what_cannot_be_merged_is_said(things: Make) -> None:
    world = disputed(things, "seen")
    world.sql("UPDATE things SET seen = '2026-05-01 12:00:45+00'")
    world.edit(page(world), Seen={"date": {"start": "2026-04-01T12:00:00.000+00:00"}})
    world.sync()
    [found] = conflict_list(world.app.context, "open")
    with pytest.raises(UsageError, match="cannot be merged"):
        resolve(world.app.context, int(str(found["id"])), keep="both-merged")
    assert conflict_list(world.app.context, "open") == [found]


def test_a_merged_value_gives_way_to_one_side_after_all(things: Make) -> None:
    world = things('[tables.fields.stock]\nconflict = "delta"')
    world.sql("UPDATE things SET stock = 7")
    world.edit(page(world), Stock={"number": 14})
    world.sync()
    [found] = conflict_list(world.app.context, "auto")
    resolve(world.app.context, int(str(found["id"])), keep="notion")
    assert world.sql("SELECT stock FROM things") == [(14,)]
    world.assert_in_sync()
