"""Row-level security: what a policy forbids or hides is a held record with a reason, never a stopped pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.review.holding import held_list
from sync_engine.errors import DatabaseError
from tests.support.postgres import Database, TestServer
from tests.support.world import CONNECTED, World, make_world, text

SCHEMA = """
CREATE ROLE {role} LOGIN;
GRANT CREATE ON DATABASE {database} TO {role};
CREATE TABLE notes (id serial PRIMARY KEY, name text NOT NULL, body text, tenant text NOT NULL DEFAULT 'mine');
ALTER TABLE notes OWNER TO {role};
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON notes USING (tenant = 'mine') WITH CHECK (body IS DISTINCT FROM 'forbidden');
INSERT INTO notes (name) VALUES ('A'), ('B');
"""
CONFIG = f"""{CONNECTED}[[tables]]
name = "notes"
title = "name"
"""


@pytest.fixture
def guarded(empty_database: Database, postgres: TestServer, tmp_path: Path) -> Iterator[World]:
    """The engine is a role that the policies bind."""
    role = f"engine_{empty_database.name}"
    schema = SCHEMA.format(role=role, database=empty_database.name)
    with make_world(empty_database, tmp_path, schema=schema, config=CONFIG) as made:
        made.environment["DATABASE_URL"] = f"{empty_database.url}&user={role}"
        made.reopen()
        made.sync()
        yield made


def held(world: World) -> list[tuple[str, str]]:
    return [(str(item["key"]), str(item["reason"])) for item in held_list(world.app.context)]


@pytest.mark.every_postgres
def test_a_value_that_a_policy_forbids_is_held_and_the_others_go_on(guarded: World) -> None:
    guarded.edit(guarded.page("notes", "A")["id"], Body=text("forbidden"))
    guarded.edit(guarded.page("notes", "B")["id"], Body=text("allowed"))
    guarded.sync()
    assert guarded.sql("SELECT name, body FROM notes ORDER BY 1") == [("A", None), ("B", "allowed")]
    [(key, reason)] = held(guarded)
    assert key == "1"
    assert "row-level security policy" in reason


@pytest.mark.every_postgres
def test_an_edit_of_a_row_that_a_policy_hides_is_held(guarded: World) -> None:
    guarded.sql("UPDATE notes SET tenant = 'other' WHERE name = 'A'")
    guarded.sync()
    guarded.edit(guarded.page("notes", "A")["id"], Body=text("lost?"))
    guarded.edit(guarded.page("notes", "B")["id"], Body=text("taken"))
    done = guarded.sync()
    assert done.quiet
    assert guarded.sql("SELECT name, body FROM notes ORDER BY 1") == [("A", None), ("B", "taken")]
    [(key, reason)] = held(guarded)
    assert key == "1"
    assert "hides it" in reason
    guarded.sql("UPDATE notes SET tenant = 'mine' WHERE name = 'A'")
    guarded.sync()
    assert guarded.sql("SELECT body FROM notes WHERE name = 'A'") == [("lost?",)]
    assert held(guarded) == []


LINKED = """
CREATE TABLE tools (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE note_tools (note_id int REFERENCES notes ON DELETE CASCADE, tool_id int REFERENCES tools,
    PRIMARY KEY (note_id, tool_id));
INSERT INTO tools VALUES (1, 'pen');
INSERT INTO note_tools VALUES (1, 1);
ALTER TABLE tools OWNER TO {role};
ALTER TABLE note_tools OWNER TO {role};
"""
RELATION = """[tables.relations.tools]
through = "note_tools"
to = "tools"
[[tables]]
name = "tools"
"""


def test_links_that_a_policy_could_hide_are_not_taken_for_removed_ones(guarded: World) -> None:
    role = guarded.environment["DATABASE_URL"].rpartition("user=")[2]
    guarded.sql(LINKED.format(role=role))
    (guarded.folder / "sync.toml").write_text(CONFIG + RELATION)
    guarded.reopen()
    guarded.sync()
    linked = guarded.page("notes", "A")["properties"]["Tools"]["relation"]
    assert len(linked) == 1
    guarded.sql("ALTER TABLE note_tools ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    guarded.sql("INSERT INTO tools VALUES (2, 'ink')")
    guarded.sql("INSERT INTO note_tools VALUES (1, 2)")
    with pytest.raises(DatabaseError, match="may hide links of the relation tools"):
        guarded.sync(full=True)
    assert guarded.page("notes", "A")["properties"]["Tools"]["relation"] == linked
    guarded.sql("ALTER TABLE note_tools DISABLE ROW LEVEL SECURITY")
    assert guarded.sync(full=True).quiet
    assert len(guarded.page("notes", "A")["properties"]["Tools"]["relation"]) == 2
