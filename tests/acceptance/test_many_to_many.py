"""Relations to many: links made and taken away on either side, whatever the junction table looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sync_engine.domain.events import Side
from sync_engine.engine.passes import carry
from sync_engine.engine.review.conflicts import conflict_list, resolve, swap
from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, title, title_of

ENDS = """
CREATE TABLE tools (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE agents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, note text);
"""

JUNCTIONS = {
    "plain": """CREATE TABLE agent_tools (agent_id uuid REFERENCES agents ON DELETE CASCADE,
        tool_id uuid REFERENCES tools ON DELETE CASCADE, PRIMARY KEY (agent_id, tool_id))""",
    "surrogate key and payload": """CREATE TABLE agent_tools (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        tool_id uuid NOT NULL REFERENCES tools ON DELETE CASCADE,
        agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
        is_primary boolean NOT NULL DEFAULT false, weight numeric DEFAULT 0.5, UNIQUE (agent_id, tool_id))""",
}

TABLES = f"""{CONNECTED}[[tables]]
name = "tools"
[[tables]]
name = "agents"
[tables.relations.tools]
through = "agent_tools"
to = "tools"
"""

Make = Callable[..., World]


@pytest.fixture
def linked(empty_database: Database, tmp_path: Path) -> Iterator[Make]:
    """Makes a world of agents and tools and a junction between them."""
    with ExitStack() as stack:

        def make(junction: str = JUNCTIONS["plain"], config: str = TABLES, ends: str = ENDS) -> World:
            return stack.enter_context(make_world(empty_database, tmp_path, schema=ends + junction, config=config))

        yield make


def filled(world: World) -> World:
    """Three tools; Ada has two of them, Bob none; both sides in sync."""
    world.sql("INSERT INTO tools (name) VALUES ('hammer'), ('saw'), ('file')")
    world.sql("INSERT INTO agents (name) VALUES ('Ada'), ('Bob')")
    link(world, "Ada", "hammer", "saw")
    world.setup()
    world.sync()
    return world


def link(world: World, agent: str, *tools: str) -> None:
    for tool in tools:
        world.sql(
            "INSERT INTO agent_tools (agent_id, tool_id) SELECT a.id, t.id FROM agents a, tools t"
            " WHERE a.name = %s AND t.name = %s",
            agent,
            tool,
        )


def rows(world: World, agent: str) -> list[str]:
    """The names of an agent's tools in Postgres."""
    found = world.sql(
        "SELECT t.name FROM agent_tools x JOIN tools t ON t.id = x.tool_id JOIN agents a ON a.id = x.agent_id"
        " WHERE a.name = %s ORDER BY 1",
        agent,
    )
    return [name for (name,) in found]


def shown(world: World, agent: str, relation: str = "Tools") -> list[str]:
    """The names of an agent's tools in Notion."""
    names = {page["id"]: title_of(page) for page in world.pages("tools")}
    page = world.page("agents", agent)
    item = world.call("GET", f"/pages/{page['id']}/properties/{page['properties'][relation]['id']}?page_size=100")
    return sorted(names[entry["relation"]["id"]] for entry in item["results"])


def pick(world: World, agent: str, *tools: str) -> None:
    """A person chooses these tools on the agent's page."""
    pages = {title_of(page): page["id"] for page in world.pages("tools")}
    chosen = {"relation": [{"id": pages[tool]} for tool in tools]}
    world.edit(world.page("agents", agent)["id"], Tools=chosen)


def both(world: World, agent: str) -> list[str]:
    found = rows(world, agent)
    assert found == shown(world, agent)
    return found


def quiet(world: World) -> None:
    """Nothing is left to do, and the log tells what both sides hold."""
    again = world.sync(full=True)
    assert again.quiet
    assert not any(again.total.applied.values())
    world.assert_in_sync()
    world.assert_log_tells_all()


@pytest.mark.parametrize("kind", JUNCTIONS)
def test_links_cross_in_both_directions(linked: Make, kind: str) -> None:
    world = filled(linked(JUNCTIONS[kind]))
    assert both(world, "Ada") == ["hammer", "saw"]
    assert both(world, "Bob") == []
    quiet(world)

    link(world, "Bob", "file")
    world.sql("DELETE FROM agent_tools WHERE tool_id = (SELECT id FROM tools WHERE name = 'saw')")
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == (["hammer"], ["file"])

    pick(world, "Ada", "saw", "file")
    world.sync()
    assert both(world, "Ada") == ["file", "saw"]
    pick(world, "Ada")
    world.sync()
    assert both(world, "Ada") == []
    quiet(world)


def test_the_payload_of_links_that_stay_is_untouched(linked: Make) -> None:
    world = filled(linked(JUNCTIONS["surrogate key and payload"]))
    world.sql("UPDATE agent_tools SET weight = 0.9 WHERE tool_id = (SELECT id FROM tools WHERE name = 'saw')")
    [(before,)] = world.sql("SELECT x.id FROM agent_tools x JOIN tools t ON t.id = tool_id WHERE t.name = 'saw'")
    pick(world, "Ada", "saw", "file")
    world.sync()
    assert world.sql(
        "SELECT t.name, x.weight::text FROM agent_tools x JOIN tools t ON t.id = tool_id ORDER BY 1"
    ) == [("file", "0.5"), ("saw", "0.9")]
    assert world.sql("SELECT count(*) FROM agent_tools WHERE id = %s", before) == [(1,)]
    quiet(world)


def test_a_link_that_is_moved_to_another_row_leaves_the_first(linked: Make) -> None:
    """An update of one end only: the log tells of both records."""
    world = filled(linked(JUNCTIONS["surrogate key and payload"]))
    world.sql(
        "UPDATE agent_tools SET agent_id = (SELECT id FROM agents WHERE name = 'Bob')"
        " WHERE tool_id = (SELECT id FROM tools WHERE name = 'saw')"
    )
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == (["hammer"], ["saw"])
    world.sql(
        "UPDATE agent_tools SET tool_id = (SELECT id FROM tools WHERE name = 'file')"
        " WHERE tool_id = (SELECT id FROM tools WHERE name = 'saw')"
    )
    world.sync()
    assert both(world, "Bob") == ["file"]
    quiet(world)


def test_links_added_and_removed_on_both_sides_are_merged_one_by_one(linked: Make) -> None:
    world = filled(linked())
    link(world, "Ada", "file")
    pick(world, "Ada", "saw")
    world.sync()
    assert both(world, "Ada") == ["file", "saw"]
    assert [found["status"] for found in conflict_list(world.app.context, "all")] in ([], ["auto"])
    quiet(world)


def test_a_new_page_brings_its_links_and_a_link_to_a_new_page_waits_for_its_row(linked: Make) -> None:
    world = filled(linked())
    made = new_page(world, "tools", "drill")
    new_page(world, "agents", "Cy", Tools={"relation": [{"id": made}]})
    world.sync()
    assert both(world, "Cy") == ["drill"]
    quiet(world)


def new_page(world: World, table: str, name: str, **properties: Any) -> str:
    parent = {"type": "data_source_id", "data_source_id": world.source(table)}
    made = world.call("POST", "/pages", {"parent": parent, "properties": {"Name": title(name), **properties}})
    return str(made["id"])


def test_more_links_than_a_page_shows_at_once_are_read_and_written(linked: Make) -> None:
    world = linked()
    world.sql("INSERT INTO tools (name) SELECT 'tool ' || to_char(i, 'FM000') FROM generate_series(1, 101) i")
    world.sql("INSERT INTO agents (name) VALUES ('Ada')")
    world.sql("INSERT INTO agent_tools SELECT a.id, t.id FROM agents a, tools t WHERE t.name <= 'tool 100'")
    world.setup()
    world.sync()
    assert len(both(world, "Ada")) == 100
    pick(world, "Ada", *[f"tool {number:03}" for number in range(1, 61)])
    world.sync()
    assert len(both(world, "Ada")) == 60
    quiet(world)


def test_more_links_than_notion_takes_are_held_and_never_cut(linked: Make) -> None:
    world = linked()
    world.sql("INSERT INTO tools (name) SELECT 'tool ' || to_char(i, 'FM000') FROM generate_series(1, 101) i")
    world.sql("INSERT INTO agents (name, note) VALUES ('Ada', 'before')")
    world.sql("INSERT INTO agent_tools SELECT a.id, t.id FROM agents a, tools t WHERE t.name <= 'tool 100'")
    world.setup()
    world.sync()
    link(world, "Ada", "tool 101")
    world.sql("UPDATE agents SET note = 'after'")
    world.sync()
    assert len(shown(world, "Ada")) == 100
    assert len(rows(world, "Ada")) == 101
    assert world.page("agents", "Ada")["properties"]["Note"]["rich_text"][0]["plain_text"] == "after"
    [(reason,)] = world.sql("SELECT reason FROM sync_engine.sync_held")
    assert "101 links" in reason
    world.sql("DELETE FROM agent_tools WHERE tool_id = (SELECT id FROM tools WHERE name = 'tool 001')")
    world.sync()
    assert len(both(world, "Ada")) == 100
    assert world.sql("SELECT count(*) FROM sync_engine.sync_held") == [(0,)]
    quiet(world)


SELF = """
CREATE TABLE domains (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE domain_links (parent_id int REFERENCES domains ON DELETE CASCADE,
    child_id int REFERENCES domains ON DELETE CASCADE,
    PRIMARY KEY (parent_id, child_id), CHECK (parent_id <> child_id));
"""


def test_a_junction_of_a_table_with_itself_shows_both_directions(linked: Make) -> None:
    config = f"""{CONNECTED}[[tables]]
name = "domains"
[tables.relations.children]
through = "domain_links"
to = "domains"
from_column = "parent_id"
to_column = "child_id"
[tables.relations.parents]
through = "domain_links"
to = "domains"
from_column = "child_id"
"""
    world = linked("", config, SELF)
    world.sql("INSERT INTO domains (name) VALUES ('root'), ('left'), ('right')")
    world.sql("INSERT INTO domain_links VALUES (1, 2), (1, 3)")
    world.setup()
    world.sync()

    def related(name: str, relation: str) -> list[str]:
        names = {page["id"]: title_of(page) for page in world.pages("domains")}
        page = world.page("domains", name)
        return sorted(names[item["id"]] for item in page["properties"][relation]["relation"])

    assert related("root", "Children") == ["left", "right"]
    assert related("left", "Parents") == ["root"]
    pages = {title_of(page): page["id"] for page in world.pages("domains")}
    world.edit(pages["right"], Parents={"relation": [{"id": pages["left"]}]})
    world.sync()
    assert world.sql("SELECT parent_id, child_id FROM domain_links ORDER BY 1, 2") == [(1, 2), (2, 3)]
    assert (related("root", "Children"), related("left", "Children")) == (["left"], ["right"])
    quiet(world)


COMPOSITE = """
CREATE TABLE tools (region text, number int, name text NOT NULL, PRIMARY KEY (region, number));
CREATE TABLE agents (code text, site text, name text NOT NULL, PRIMARY KEY (site, code));
CREATE TABLE agent_tools (agent_code text, agent_site text, tool_number int, tool_region text,
    PRIMARY KEY (agent_site, agent_code, tool_region, tool_number),
    FOREIGN KEY (agent_code, agent_site) REFERENCES agents (code, site) ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (tool_number, tool_region) REFERENCES tools (number, region) ON UPDATE CASCADE ON DELETE CASCADE);
"""


def test_composite_keys_with_commas_in_them(linked: Make) -> None:
    world = linked("", TABLES, COMPOSITE)
    world.sql("INSERT INTO tools VALUES ('e,u', 1, 'hammer'), ('us', 1, 'saw')")
    world.sql("INSERT INTO agents VALUES ('a\"1', 'x', 'Ada')")
    world.sql("INSERT INTO agent_tools VALUES ('a\"1', 'x', 1, 'e,u')")
    world.setup()
    world.sync()
    assert shown(world, "Ada") == ["hammer"]
    pick(world, "Ada", "saw")
    world.sync()
    assert world.sql("SELECT tool_region FROM agent_tools") == [("us",)]
    quiet(world)


def test_a_row_that_goes_takes_its_links_along_and_nothing_else(linked: Make) -> None:
    world = filled(linked())
    link(world, "Bob", "saw")
    world.sync()
    world.sql("DELETE FROM tools WHERE name = 'saw'")
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == (["hammer"], [])
    world.sql("DELETE FROM agents WHERE name = 'Ada'")
    world.sync()
    assert [title_of(page) for page in world.pages("agents")] == ["Bob"]
    quiet(world)


def test_links_changed_while_nothing_was_captured_are_found_after_setup(linked: Make) -> None:
    world = filled(linked())
    world.sql("ALTER TABLE agent_tools DISABLE TRIGGER ALL")
    world.sql("DELETE FROM agent_tools")
    link(world, "Bob", "file")
    world.sql("ALTER TABLE agent_tools ENABLE TRIGGER ALL")
    world.setup()
    world.sync()
    assert (both(world, "Ada"), both(world, "Bob")) == ([], ["file"])
    quiet(world)


def test_a_truncated_junction_takes_all_links_away(linked: Make) -> None:
    world = filled(linked())
    world.sql("TRUNCATE agent_tools")
    world.sync()
    assert both(world, "Ada") == []
    quiet(world)


def test_G5_a_policy_for_the_whole_list_makes_a_conflict_that_can_be_swapped(linked: Make) -> None:
    world = filled(linked(config=f'{TABLES}conflict = "postgres"\n'))
    link(world, "Ada", "file")
    pick(world, "Ada", "saw")
    world.sync()
    assert both(world, "Ada") == ["file", "hammer", "saw"]
    [conflict] = conflict_list(world.app.context, "all")
    assert (conflict["field"], conflict["winner"]) == ("tools", "postgres")
    swap(world.app.context, int(str(conflict["id"])))
    assert both(world, "Ada") == ["saw"]
    quiet(world)


def test_G5_links_under_the_policy_manual_wait_for_a_person(linked: Make) -> None:
    world = filled(linked(config=f'{TABLES}conflict = "manual"\n'))
    link(world, "Ada", "file")
    pick(world, "Ada", "saw")
    world.sync()
    assert (rows(world, "Ada"), shown(world, "Ada")) == (["file", "hammer", "saw"], ["saw"])
    [conflict] = conflict_list(world.app.context, "open")
    resolve(world.app.context, int(str(conflict["id"])), keep="both-merged")
    assert both(world, "Ada") == ["file", "saw"]
    quiet(world)


@pytest.mark.parametrize("kind", JUNCTIONS)
def test_G7_a_rollback_takes_links_back_on_both_sides_and_can_be_taken_back(linked: Make, kind: str) -> None:
    world = filled(linked(JUNCTIONS[kind]))
    pick(world, "Ada", "file")
    pick(world, "Bob", "hammer")
    bad = world.sync()
    undone = rollback(world.app.context, Selection(run=bad.run_id))
    assert (both(world, "Ada"), both(world, "Bob")) == (["hammer", "saw"], [])
    rollback(world.app.context, Selection(run=undone.rollback_id))
    assert (both(world, "Ada"), both(world, "Bob")) == (["file"], ["hammer"])
    quiet(world)


def test_G7_a_rollback_leaves_links_that_somebody_changed_since(linked: Make) -> None:
    world = filled(linked())
    pick(world, "Ada", "file")
    bad = world.sync()
    link(world, "Ada", "saw")
    world.sync()
    found = rollback(world.app.context, Selection(run=bad.run_id))
    assert both(world, "Ada") == ["file", "saw"]
    assert found.to_json()["blocked"] == 1


def test_links_of_a_row_and_of_a_target_come_back_with_a_rollback_of_their_deletion(linked: Make) -> None:
    world = filled(linked(JUNCTIONS["surrogate key and payload"]))
    world.sql("UPDATE agent_tools SET weight = 0.9")
    world.sync()
    create_mark(world.app.context, "before")
    world.sql("DELETE FROM agents WHERE name = 'Ada'")
    world.sql("DELETE FROM tools WHERE name = 'hammer'")
    world.sync()
    rollback(world.app.context, Selection(to="before"))
    world.sync()
    assert both(world, "Ada") == ["hammer", "saw"]
    assert {weight for (weight,) in world.sql("SELECT weight::text FROM agent_tools")} == {"0.9"}
    quiet(world)


def test_G9_a_link_to_a_page_that_cannot_be_seen_stays(linked: Make) -> None:
    """Notion leaves it out of the relation without a word."""
    world = filled(linked())
    saw = world.page("tools", "saw")["id"]
    world.sandbox.revoke_access(saw)
    world.edit(world.page("agents", "Ada")["id"], Note={"rich_text": [{"text": {"content": "edited"}}]})
    world.sync()
    assert rows(world, "Ada") == ["hammer", "saw"]
    assert world.sql("SELECT note FROM agents WHERE name = 'Ada'") == [("edited",)]


@pytest.mark.parametrize("change", ["INSERT", "DELETE"])
def test_links_changed_between_plan_and_write_are_not_lost(
    linked: Make, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another link comes or goes at the last moment: what was decided is decided again."""
    world = filled(linked())
    pick(world, "Ada", "hammer", "saw", "file")
    decided = carry.decide
    late = {
        "INSERT": "INSERT INTO agent_tools SELECT a.id, t.id FROM agents a, tools t"
        " WHERE a.name = 'Ada' AND t.name = 'drill'",
        "DELETE": "DELETE FROM agent_tools WHERE tool_id = (SELECT id FROM tools WHERE name = 'hammer')",
    }
    world.sql("INSERT INTO tools (name) VALUES ('drill')")

    def decide(*given: Any, **named: Any) -> Any:
        found = decided(*given, **named)
        if found.operations[Side.POSTGRES] and late:
            world.sql(late.pop(change))
            late.clear()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(carry, "decide", decide)
        world.sync()
    world.sync()
    expected = {"INSERT": ["drill", "file", "hammer", "saw"], "DELETE": ["file", "saw"]}
    assert both(world, "Ada") == expected[change]
    quiet(world)


def test_a_target_that_is_not_there_any_more_holds_the_record_and_names_it(linked: Make) -> None:
    """A link made in Notion to a tool whose row is deleted at that moment."""
    world = filled(linked())
    world.sync(full=True)
    pick(world, "Bob", "file")
    world.sync(direction="from-notion", limit=0)
    world.sql("ALTER TABLE tools DISABLE TRIGGER USER")
    world.sql("DELETE FROM tools WHERE name = 'file'")
    world.sql("ALTER TABLE tools ENABLE TRIGGER USER")
    world.sql('ALTER TABLE tools ENABLE ALWAYS TRIGGER "00_sync_engine_capture"')
    world.sql('ALTER TABLE tools ENABLE ALWAYS TRIGGER "00_sync_engine_truncate"')
    world.restart()
    world.sync()
    held = held_list(world.app.context)
    assert [item["constraint"] for item in held] == ["agent_tools_tool_id_fkey"]


def test_both_tables_may_show_the_relation(linked: Make) -> None:
    config = TABLES.replace(
        'name = "tools"\n',
        'name = "tools"\n[tables.relations.agents]\nthrough = "agent_tools"\nto = "agents"\n',
        1,
    )
    world = filled(linked(config=config))
    names = {page["id"]: title_of(page) for page in world.pages("agents")}

    def users(tool: str) -> list[str]:
        return sorted(names[item["id"]] for item in world.page("tools", tool)["properties"]["Agents"]["relation"])

    assert users("saw") == ["Ada"]
    pick(world, "Bob", "saw")
    bob = world.page("agents", "Bob")["id"]
    world.edit(world.page("tools", "file")["id"], Agents={"relation": [{"id": bob}]})
    world.sync()
    assert both(world, "Bob") == ["file", "saw"]
    assert (users("saw"), users("file")) == (["Ada", "Bob"], ["Bob"])
    quiet(world)


def test_links_that_nothing_can_fill_go_to_notion_only(linked: Make) -> None:
    junction = """CREATE TABLE agent_tools (agent_id uuid REFERENCES agents ON DELETE CASCADE,
        tool_id uuid REFERENCES tools ON DELETE CASCADE, level int NOT NULL, PRIMARY KEY (agent_id, tool_id))"""
    world = linked(junction)
    world.sql("INSERT INTO tools (name) VALUES ('hammer'), ('saw')")
    world.sql("INSERT INTO agents (name) VALUES ('Ada')")
    world.sql("INSERT INTO agent_tools SELECT a.id, t.id, 1 FROM agents a, tools t WHERE t.name = 'hammer'")
    world.setup()
    world.sync()
    assert both(world, "Ada") == ["hammer"]
    pick(world, "Ada", "saw")
    world.sync()
    assert rows(world, "Ada") == ["hammer"]
