"""Relations to many when the tables, the configuration or the installation change, and when Postgres says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_engine.engine.configure.doctor import examine
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.acceptance.test_many_to_many import (
    ENDS,
    JUNCTIONS,
    TABLES,
    Make,
    both,
    filled,
    link,
    pick,
    quiet,
    rows,
    shown,
)
from tests.support.looping import Stage
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, title_of

BOTH_ENDS = TABLES.replace(
    'name = "tools"\n',
    'name = "tools"\n[tables.relations.agents]\nthrough = "agent_tools"\nto = "agents"\n',
    1,
)
NO_RELATION = f"""{CONNECTED}[[tables]]
name = "tools"
[[tables]]
name = "agents"
"""


@pytest.fixture
def linked(empty_database: Database, tmp_path: Path) -> Iterator[Make]:
    """Makes a world of agents and tools and a junction between them."""
    with ExitStack() as stack:

        def make(junction: str = JUNCTIONS["plain"], config: str = TABLES, ends: str = ENDS) -> World:
            return stack.enter_context(make_world(empty_database, tmp_path, schema=ends + junction, config=config))

        yield make


def configure(world: World, config: str) -> None:
    (world.folder / "sync.toml").write_text(config)
    world.reopen()


def unlink(world: World, tool: str, junction: str = "agent_tools") -> None:
    world.sql(f"DELETE FROM {junction} WHERE tool_id = (SELECT id FROM tools WHERE name = %s)", tool)


def refusing(world: World, body: str) -> None:
    """A trigger of the junction that has its own mind."""
    world.sql(f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    world.sql(
        "CREATE TRIGGER refuse BEFORE INSERT OR DELETE ON agent_tools FOR EACH ROW EXECUTE FUNCTION refuse()"
    )


def test_a_run_that_comes_first_brings_the_links_that_are_there(linked: Make) -> None:
    world = linked()
    world.sql("INSERT INTO tools (name) VALUES ('hammer'), ('saw')")
    world.sql("INSERT INTO agents (name) VALUES ('Ada')")
    link(world, "Ada", "hammer", "saw")
    world.setup()
    Stage(world).run_for(120)
    assert both(world, "Ada") == ["hammer", "saw"]
    quiet(world)


def test_a_run_finds_links_that_changed_while_nothing_was_captured(linked: Make) -> None:
    world = filled(linked())
    world.sql("ALTER TABLE agent_tools DISABLE TRIGGER ALL")
    world.sql("DELETE FROM agent_tools")
    link(world, "Bob", "file")
    world.sql("ALTER TABLE agent_tools ENABLE TRIGGER ALL")
    world.setup()
    Stage(world).run_for(120)
    assert (both(world, "Ada"), both(world, "Bob")) == ([], ["file"])
    quiet(world)


def test_rows_that_came_while_their_table_was_not_captured_have_their_links(linked: Make) -> None:
    world = filled(linked())
    world.sql("ALTER TABLE agents DISABLE TRIGGER ALL")
    world.sql("INSERT INTO agents (name) VALUES ('Cy')")
    link(world, "Cy", "saw")
    world.sql("ALTER TABLE agents ENABLE TRIGGER ALL")
    world.setup()
    world.sync()
    assert both(world, "Cy") == ["saw"]
    quiet(world)


def test_a_relation_added_later_has_the_links_that_are_there(linked: Make) -> None:
    world = filled(linked(config=NO_RELATION))
    configure(world, TABLES)
    world.sync()
    assert both(world, "Ada") == ["hammer", "saw"]
    quiet(world)


def test_the_other_end_added_later_has_the_links_that_are_there(linked: Make) -> None:
    world = filled(linked())
    configure(world, BOTH_ENDS)
    world.sync()
    assert len(world.page("tools", "saw")["properties"]["Agents"]["relation"]) == 1
    quiet(world)


def test_a_relation_taken_out_and_put_back_learns_what_changed_meanwhile(linked: Make) -> None:
    world = filled(linked())
    configure(world, NO_RELATION)
    world.sync()
    world.sql("DELETE FROM agent_tools")
    link(world, "Bob", "file")
    world.sync()
    configure(world, TABLES)
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == ([], ["file"])
    quiet(world)


def test_a_relation_by_another_name_is_filled(linked: Make) -> None:
    world = filled(linked())
    configure(world, TABLES.replace("relations.tools", "relations.kit"))
    world.sync()
    assert shown(world, "Ada", "Kit") == ["hammer", "saw"]
    quiet(world)


@pytest.mark.parametrize("known", [False, True])
def test_a_relation_through_another_junction_shows_its_links(linked: Make, known: bool) -> None:
    """Also where the other one was captured before, for another relation."""
    world = linked(JUNCTIONS["plain"] + ";" + JUNCTIONS["plain"].replace("agent_tools", "kit"))
    also = '[tables.relations.spare]\nthrough = "kit"\nto = "tools"\n'
    (world.folder / "sync.toml").write_text(TABLES + also * known)
    world.app = world._open()
    filled(world)
    world.sql("INSERT INTO kit SELECT a.id, t.id FROM agents a, tools t WHERE a.name = 'Bob'")
    world.sync()
    configure(world, TABLES.replace("agent_tools", "kit") + also * known)
    world.sync()
    assert (shown(world, "Ada"), shown(world, "Bob")) == ([], ["file", "hammer", "saw"])
    quiet(world)


def test_a_junction_with_another_name_is_followed(linked: Make) -> None:
    world = filled(linked())
    world.sql("ALTER TABLE agent_tools RENAME TO kit")
    world.restart()
    unlink(world, "hammer", "kit")
    world.sync()
    assert shown(world, "Ada") == ["saw"]
    configure(world, TABLES.replace("agent_tools", "kit"))
    unlink(world, "saw", "kit")
    world.sync()
    assert shown(world, "Ada") == []
    quiet(world)


def test_doctor_tells_that_a_junction_is_not_captured(linked: Make) -> None:
    world = filled(linked())
    world.sql('DROP TRIGGER "00_sync_engine_capture" ON agent_tools')
    found = {item.where: item.level for item in examine(world.app.installation)}
    assert found["public.agent_tools"] == "error"


def test_a_link_that_another_row_of_the_junction_forbids_is_held_with_the_constraint(linked: Make) -> None:
    world = filled(linked(JUNCTIONS["plain"].replace("PRIMARY KEY", "UNIQUE (tool_id), PRIMARY KEY")))
    pick(world, "Bob", "saw")
    world.sync()
    [held] = held_list(world.app.context)
    assert held["constraint"] == "agent_tools_tool_id_key"
    assert (rows(world, "Bob"), shown(world, "Bob")) == ([], ["saw"])
    pick(world, "Ada", "hammer")
    world.sync()
    retry_held(world.app.context, [int(str(held["id"]))])
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == (["hammer"], ["saw"])
    quiet(world)


@pytest.mark.parametrize(
    ("body", "reason"), [("RETURN NULL;", "suppressed"), ("RAISE 'no links today';", "no links today")]
)
def test_links_that_a_trigger_refuses_are_held_and_not_taken_back(linked: Make, body: str, reason: str) -> None:
    world = filled(linked())
    refusing(world, body)
    pick(world, "Ada", "saw")
    pick(world, "Bob", "saw")
    world.sync()
    held = held_list(world.app.context)
    assert [reason in str(item["reason"]) for item in held] == [True, True]
    assert (shown(world, "Ada"), shown(world, "Bob")) == (["saw"], ["saw"])
    world.sql("DROP TRIGGER refuse ON agent_tools")
    world.restart()
    retry_held(world.app.context, [int(str(item["id"])) for item in held])
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == (["saw"], ["saw"])
    quiet(world)


def test_a_link_that_a_trigger_makes_another_one_is_shown_as_it_is(linked: Make) -> None:
    world = filled(linked())
    refusing(world, "NEW.tool_id := (SELECT id FROM tools WHERE name = 'file'); RETURN NEW;")
    pick(world, "Bob", "saw")
    world.sync()
    assert both(world, "Bob") == ["file"]


def test_G9_a_link_whose_row_would_take_others_along_is_held(linked: Make) -> None:
    notes = "CREATE TABLE notes (link_id uuid REFERENCES agent_tools ON DELETE CASCADE)"
    world = filled(linked(f"{JUNCTIONS['surrogate key and payload']}; {notes}"))
    world.sql("INSERT INTO notes SELECT id FROM agent_tools")
    pick(world, "Ada", "hammer")
    world.sync()
    assert world.sql("SELECT count(*) FROM notes") == [(2,)]
    [held] = held_list(world.app.context)
    assert "notes" in str(held["reason"])


@pytest.mark.parametrize("by", ["notion", "postgres"])
def test_G7_a_link_that_a_rollback_brings_back_is_the_row_that_it_was(linked: Make, by: str) -> None:
    world = filled(linked(JUNCTIONS["surrogate key and payload"]))
    world.sql("UPDATE agent_tools SET weight = 0.9, is_primary = true")
    world.sync()
    create_mark(world.app.context, "before")
    before = world.sql("SELECT id, weight, is_primary FROM agent_tools ORDER BY 1")
    if by == "notion":
        pick(world, "Ada", "hammer")
    else:
        unlink(world, "saw")
    world.sync()
    undone = rollback(world.app.context, Selection(to="before"))
    assert both(world, "Ada") == ["hammer", "saw"]
    assert world.sql("SELECT id, weight, is_primary FROM agent_tools ORDER BY 1") == before
    rollback(world.app.context, Selection(run=undone.rollback_id))
    assert both(world, "Ada") == ["hammer"]
    quiet(world)


@pytest.mark.parametrize("by", ["notion", "postgres"])
def test_G7_a_rollback_of_links_that_both_ends_show_is_one_fact(linked: Make, by: str) -> None:
    world = filled(linked(config=BOTH_ENDS))
    if by == "notion":
        pick(world, "Ada", "hammer", "file")
    else:
        unlink(world, "saw")
    undone = rollback(world.app.context, Selection(run=world.sync().run_id))
    assert undone.to_json()["blocked"] == 0
    assert both(world, "Ada") == ["hammer", "saw"]
    quiet(world)


KEYED = """
CREATE TABLE tools (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE agents (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE agent_tools (agent text REFERENCES agents ON UPDATE CASCADE ON DELETE CASCADE,
    tool text REFERENCES tools ON UPDATE CASCADE ON DELETE CASCADE, PRIMARY KEY (agent, tool));
INSERT INTO tools VALUES ('h', 'hammer'), ('s', 'saw'), ('f', 'file');
INSERT INTO agents VALUES ('A', 'Ada'), ('B', 'Bob');
INSERT INTO agent_tools VALUES ('A', 'h'), ('A', 's'), ('B', 'h');
"""


@pytest.mark.parametrize("policy", ["", 'conflict = "manual"\n'])
def test_keys_that_change_are_no_edit_of_the_links(linked: Make, policy: str) -> None:
    world = linked("", TABLES + policy, KEYED)
    world.setup()
    world.sync()
    world.sql("UPDATE tools SET code = 'zz' WHERE code = 'h'")
    assert not any(world.sync().table("agents").applied.values())
    quiet(world)
    world.sql("UPDATE agents SET code = code || '1'; UPDATE tools SET code = code || '1'")
    world.sql("DELETE FROM agent_tools WHERE agent = 'B1'")
    pick(world, "Ada", "file")
    world.sync()
    assert (shown(world, "Ada"), shown(world, "Bob")) == (["file"], [])
    assert world.sql("SELECT * FROM agent_tools") == [("A1", "f1")]
    quiet(world)


SOFT = 'delete = {from_postgres = "trash", from_notion = "soft", soft_column = "deleted_at"}'


def test_links_of_a_row_that_counts_as_deleted_are_known_when_it_is_back(linked: Make) -> None:
    config = TABLES.replace('name = "agents"\n', f'name = "agents"\n{SOFT}\n')
    world = filled(linked(config=config, ends=ENDS.replace("note text", "note text, deleted_at timestamptz")))
    world.sql("UPDATE agents SET deleted_at = now() WHERE name = 'Ada'")
    world.sync()
    assert [title_of(page) for page in world.pages("agents")] == ["Bob"]
    unlink(world, "saw")
    world.sync()
    world.sql("UPDATE agents SET deleted_at = NULL")
    world.sync()
    assert both(world, "Ada") == ["hammer"]
    quiet(world)


def test_links_of_a_row_outside_of_its_filter_are_known_when_it_enters(linked: Make) -> None:
    config = TABLES.replace('name = "agents"\n', 'name = "agents"\nwhere = "note IS DISTINCT FROM \'out\'"\n')
    world = filled(linked(config=config))
    world.sql("UPDATE agents SET note = 'out' WHERE name = 'Ada'")
    world.sync()
    unlink(world, "saw")
    link(world, "Ada", "file")
    world.sync()
    world.sql("UPDATE agents SET note = 'in' WHERE name = 'Ada'")
    world.sync()
    assert both(world, "Ada") == ["file", "hammer"]
    quiet(world)
