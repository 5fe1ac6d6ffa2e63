"""Matching what exists: a database that people filled, a table that has rows, and which of them are one thing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sync_engine.adapters.postgres.records import PostgresRecords
from sync_engine.adapters.postgres.registrations import PostgresRegistrations
from sync_engine.engine.configure.setup import plan_setup
from sync_engine.engine.inquiry.verify import verify
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.engine.review.discard import discard_held
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.errors import ConfigurationError
from tests.support.looping import Stage
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, names, shown, text, title

SCHEMA = """
CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, email text, phone text, vip boolean, age integer);
INSERT INTO people (name, email, phone, vip, age) VALUES
  ('Ada', 'ada@example.org', '1', true, 36), ('Bob', 'bob@example.org', NULL, false, NULL),
  ('Eve', 'eve@example.org', '3', NULL, 50), ('Nobody', NULL, '4', true, 1);
"""
PROPERTIES: dict[str, Any] = {
    "Person": {"title": {}},
    "Email": {"rich_text": {}},
    "Phone": {"rich_text": {}},
    "Mood": {"rich_text": {}},
}
MATCH = 'match = ["email"]\n'


class Filled:
    """A world whose Notion holds a database of people already, and a table that is not set up yet."""

    def __init__(self, world: World) -> None:
        self.world = world
        made = world.call(
            "POST",
            "/databases",
            {
                "parent": {"type": "page_id", "page_id": world.sandbox.parent_page_id},
                "title": [{"text": {"content": "Our people"}}],
                "initial_data_source": {"properties": PROPERTIES},
            },
        )
        self.database_id = made["id"]
        self.source_id = made["data_sources"][0]["id"]

    def add(self, name: str, email: str = "", phone: str = "", mood: str = "") -> str:
        values = {"Person": title(name), "Email": text(email), "Phone": text(phone), "Mood": text(mood)}
        parent = {"type": "data_source_id", "data_source_id": self.source_id}
        return str(self.world.call("POST", "/pages", {"parent": parent, "properties": values})["id"])

    def configure(self, rules: str, database_id: str = "") -> None:
        table = f'[[tables]]\nname = "people"\ntitle = "name"\ndatabase_id = "{database_id or self.database_id}"\n'
        (self.world.folder / "sync.toml").write_text(CONNECTED + table + rules)
        self.world.app = self.world._open()

    def adopted(self, rules: str = MATCH) -> World:
        self.configure(rules)
        self.world.setup()
        return self.world


@pytest.fixture
def filled(empty_database: Database, tmp_path: Path) -> Iterator[Filled]:
    with ExitStack() as stack:
        config = CONNECTED + '[[tables]]\nname = "people"\ntitle = "name"\n'
        yield Filled(stack.enter_context(make_world(empty_database, tmp_path, schema=SCHEMA, config=config)))


def people(world: World) -> list[tuple[str, str]]:
    return sorted((shown(page, "Person"), shown(page, "Email")) for page in world.pages("people"))


def test_equal_values_link_what_existed_apart_and_the_rest_is_made(filled: Filled) -> None:
    pages = {name: filled.add(name, f"{name.lower()}@example.org", mood="calm") for name in ("Ada", "Bob", "New")}
    filled.configure(MATCH)
    [adoption] = [item for item in plan_setup(filled.world.app.installation) if "adopt" in item.detail]
    assert "4 rows, 3 pages; 2 pairs by email" in adoption.detail
    assert "2 rows and 1 pages alone, to be made on the other side" in adoption.detail
    world = filled.adopted()
    assert plan_setup(world.app.installation) == []
    assert world.app.context.mapping("people").database_id == filled.database_id

    rehearsed = world.sync(dry_run=True)
    assert sorted(str(line["op"]) for line in rehearsed.planned).count("link") == 2
    done = world.sync()
    assert names(done, "postgres") == [("insert", 1)]
    assert dict(names(done, "notion"))["create"] == 2
    assert conflict_list(world.app.context, "all") == [], "an empty field gives way to a filled one"
    assert world.sql("SELECT count(*) FROM people") == [(5,)] and len(world.pages("people")) == 5
    ada = world.call("GET", f"/pages/{pages['Ada']}")
    assert shown(ada, "Sync Key") == "1" and shown(ada, "Phone") == "1" and ada["properties"]["Vip"]["checkbox"]
    assert shown(ada, "Mood") == "calm", "a property that is not mapped is nobody's business"
    world.assert_in_sync()
    world.assert_log_tells_all()


def test_what_pairs_hold_differently_is_a_conflict_by_the_policy(filled: Filled) -> None:
    filled.add("Ada Lovelace", "ada@example.org", phone="other")
    world = filled.adopted(MATCH + '[tables.fields.phone]\nconflict = "manual"\n')
    world.sync()
    found = {str(item["field"]): item for item in conflict_list(world.app.context, "all")}
    assert found.keys() == {"name", "phone"}
    assert (found["phone"]["status"], found["phone"]["type"]) == ("open", "insert_exists")
    assert found["name"]["winner"] == "notion" and found["name"]["type"] == "ambiguous_time"
    assert world.sql("SELECT name, phone FROM people WHERE id = 1") == [("Ada Lovelace", "1")]
    assert len(world.pages("people")) == 4


def test_ambiguous_values_are_held_and_never_merged_by_guess(filled: Filled) -> None:
    one, two = filled.add("Ada 1", "ada@example.org"), filled.add("Ada 2", "ada@example.org")
    filled.world.sql("INSERT INTO people (name, email) VALUES ('Bob the other', 'bob@example.org')")
    filled.add("Bob", "bob@example.org")
    filled.configure(MATCH)
    assert "2 ambiguous, to be held (" in str([item.detail for item in plan_setup(filled.world.app.installation)])
    world = filled.adopted()
    for _ in range(2):
        world.sync()
        held = held_list(world.app.context)
        assert len(held) == 6 and {item["op"] for item in held} == {"match"}
        assert "which belong together" in str(held[0]["reason"])
        assert len(world.pages("people")) == 3 + 2, "the other rows go on"
        assert world.sql("SELECT count(*) FROM people") == [(5,)]

    world.edit(one, Phone=text("an edit of something else"))
    retry_held(world.app.context, [int(str(item["id"])) for item in held_list(world.app.context)])
    world.sync()
    assert len(held_list(world.app.context)) == 6
    world.edit(two, Email=text("ada.two@example.org"))
    world.sql("UPDATE people SET email = NULL WHERE name = 'Bob the other'")
    world.sync()
    assert held_list(world.app.context) == []
    assert world.sql("SELECT email FROM people WHERE name = 'Ada 2'") == [("ada.two@example.org",)]
    assert len(world.pages("people")) == 6 and world.sql("SELECT count(*) FROM people") == [(6,)]
    assert shown(world.call("GET", f"/pages/{one}"), "Sync Key") == "1"
    world.assert_in_sync()


def test_what_is_alone_waits_when_the_table_says_so(filled: Filled) -> None:
    filled.add("Ada", "ada@example.org")
    filled.add("New", "new@example.org")
    world = filled.adopted(MATCH + 'unmatched = "hold"\n')
    world.sync()
    held = held_list(world.app.context)
    assert sorted(str(item["key"]) for item in held) == ["", "2", "3", "4"]
    assert len(world.pages("people")) == 2 and world.sql("SELECT count(*) FROM people") == [(4,)]
    world.sql("INSERT INTO people (name, email) VALUES ('later', 'later@example.org')")
    world.sync()
    assert len(world.pages("people")) == 3, "what comes later is an everyday insert"
    world.sql("UPDATE people SET email = 'new@example.org' WHERE id = 2")
    world.sync()
    assert len(held_list(world.app.context)) == 2, "two that became one"
    retry_held(world.app.context, [int(str(item["id"])) for item in held_list(world.app.context)])
    world.sync()
    assert held_list(world.app.context) == [] and len(world.pages("people")) == 5
    world.assert_in_sync()


def test_both_sides_filled_and_nothing_said_is_refused(filled: Filled) -> None:
    filled.add("Ada", "ada@example.org")
    filled.configure("")
    with pytest.raises(ConfigurationError, match="nothing says which belong together"):
        filled.world.setup()
    filled.adopted("match = []\n").sync()
    assert len(filled.world.pages("people")) == 5
    filled.world.assert_in_sync()


def test_a_key_property_from_before_links_by_key(filled: Filled) -> None:
    world = filled.world
    world.call("PATCH", f"/data_sources/{filled.source_id}", {"properties": {"Sync Key": {"rich_text": {}}}})
    page = filled.add("renamed meanwhile", "other@example.org")
    world.edit(page, Sync_Key=text("1"))
    filled.configure("match = []\n")
    assert "1 pairs by key" in str([item.detail for item in plan_setup(world.app.installation)])
    filled.adopted("match = []\n").sync()
    assert len(world.pages("people")) == 4 and shown(world.call("GET", f"/pages/{page}"), "Sync Key") == "1"


def test_numbers_and_several_columns_are_compared_as_values(filled: Filled) -> None:
    world = filled.world
    world.call("PATCH", f"/data_sources/{filled.source_id}", {"properties": {"Age": {"number": {}}}})
    ada, eve = filled.add("Ada"), filled.add("Eve")
    world.edit(ada, Age={"number": 36.0})
    world.edit(eve, Age={"number": 36})
    filled.adopted('match = ["name", "age"]\n').sync()
    assert len(world.pages("people")) == 5
    assert shown(world.call("GET", f"/pages/{ada}"), "Sync Key") == "1"
    assert shown(world.call("GET", f"/pages/{eve}"), "Sync Key") == "5"


def test_what_cannot_be_adopted_is_said(filled: Filled) -> None:
    world = filled.world
    filled.configure(MATCH, "0123456789ab4def8123456789abcdef")
    with pytest.raises(ConfigurationError, match="does not see the database"):
        plan_setup(world.app.installation)
    filled.configure(MATCH, "not an id")
    with pytest.raises(ConfigurationError, match="not the id of a Notion database"):
        plan_setup(world.app.installation)
    filled.configure('match = ["emial"]\n')
    with pytest.raises(ConfigurationError, match="'emial' is not a synced field"):
        plan_setup(world.app.installation)
    filled.configure(MATCH + '[tables.fields.email]\ntype = "email"\n')
    [drift] = [item for item in plan_setup(world.app.installation) if item.action == "drift"]
    assert "is rich_text in Notion, email in sync.toml" in drift.detail
    filled.adopted()
    filled.configure(MATCH, world.sandbox.parent_page_id)
    with pytest.raises(ConfigurationError, match="is synced with the database"):
        plan_setup(world.app.installation)


def test_rows_and_pages_made_at_the_same_time_are_one(filled: Filled) -> None:
    world = filled.adopted()
    world.sync()
    world.sql("INSERT INTO people (name, email) VALUES ('Zoe', 'zoe@example.org')")
    filled.add("Zoe", "zoe@example.org", phone="5")
    world.sync()
    assert world.sql("SELECT name, phone FROM people WHERE email = 'zoe@example.org'") == [("Zoe", "5")]
    assert len([email for _, email in people(world) if email == "zoe@example.org"]) == 1
    world.assert_in_sync()
    assert verify(world.app.context).in_sync


def test_a_page_that_is_one_too_many_can_be_left_alone(filled: Filled) -> None:
    one, two = filled.add("Ada 1", "ada@example.org"), filled.add("Ada 2", "ada@example.org")
    world = filled.adopted()
    world.sync()
    [extra] = world.sql("SELECT id FROM sync_engine.sync_records WHERE page_id = %s", two)
    [held] = world.sql("SELECT id FROM sync_engine.sync_held WHERE record_id = %s", *extra)
    discard_held(world.app.context, *held)
    world.sync()
    assert held_list(world.app.context) == []
    assert shown(world.call("GET", f"/pages/{one}"), "Sync Key") == "1"
    assert shown(world.call("GET", f"/pages/{two}"), "Sync Key") == ""
    assert world.sql("SELECT count(*) FROM people") == [(4,)]


@pytest.mark.parametrize("step", ["upgrade", "update_properties", "remove", "save"])
def test_a_kill_while_adopting_leaves_no_double(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Killed in setup, or in the pass that links: the same commands again end in the same state."""
    page = filled.add("Ada", "ada@example.org")
    filled.configure(MATCH)
    world = filled.world
    owner: Any = {
        "upgrade": type(world.app.database),
        "update_properties": type(world.app.workspace),
        "remove": PostgresRecords,
        "save": PostgresRegistrations,
    }[step]
    with monkeypatch.context() as patched:
        real, dead = getattr(owner, step), []

        def killed(*given: Any, **named: Any) -> Any:
            result = real(*given, **named)
            if step == "save" and not given[1].matched:
                return result
            dead.append(step)
            raise KeyboardInterrupt

        patched.setattr(owner, step, killed)
        with pytest.raises(KeyboardInterrupt):
            world.setup()
            world.sync()
        assert dead
    world.app = world._open()
    world.setup()
    world.sync()
    world.sync()
    assert len(world.pages("people")) == 4 and world.sql("SELECT count(*) FROM people") == [(4,)]
    ada = world.call("GET", f"/pages/{page}")
    assert shown(ada, "Sync Key") == "1"
    assert world.sql("SELECT vip FROM people WHERE id = 1") == [(True,)], "an empty new property is nobody's edit"
    world.assert_in_sync()


@pytest.mark.parametrize("killed", [False, True])
def test_a_continuous_run_links_before_it_makes_anything(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """Also when it was killed after it had read every page, and before it linked them."""
    for name in ("Ada", "Bob", "Eve", "New"):
        filled.add(name, f"{name.lower()}@example.org")
    world = filled.adopted()
    if killed:
        with monkeypatch.context() as patched:
            patched.setattr(PostgresRecords, "unlinked", _dying)
            with pytest.raises(KeyboardInterrupt):
                Stage(world).run_until(30)
        world.clock.advance(60)
    Stage(world).run_until(60)
    assert len(world.pages("people")) == 5 and world.sql("SELECT count(*) FROM people") == [(5,)]
    world.assert_in_sync()


def _dying(*_: Any) -> Any:
    raise KeyboardInterrupt
