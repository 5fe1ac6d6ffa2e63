"""Relations to one by a foreign key of several columns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_engine.engine.review.holding import held_list
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import ConfigurationError
from tests.support.exchange import initialise
from tests.support.postgres import Database
from tests.support.world import World, make_world, title, title_of

SCHEMA = """
CREATE TABLE tenants (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE sites (country text, code int, name text NOT NULL, PRIMARY KEY (country, code));
CREATE TABLE people (tenant_id int REFERENCES tenants, id int, name text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE visits (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, note text,
    site_code int, site_country text, tenant_id int NOT NULL REFERENCES tenants, person_id int,
    FOREIGN KEY (site_country, site_code) REFERENCES sites (country, code) ON UPDATE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id));
INSERT INTO tenants VALUES (1, 'one'), (2, 'two');
INSERT INTO sites VALUES ('d,e', 1, 'Berlin'), ('d,e', 2, 'Bonn'), ('fr', 1, 'Paris');
INSERT INTO people VALUES (1, 1, 'Ada'), (1, 2, 'Bob'), (2, 1, 'Eve');
INSERT INTO visits (name, site_country, site_code, tenant_id, person_id)
VALUES ('first', 'd,e', 1, 1, 1), ('second', NULL, NULL, 1, NULL);
"""


@pytest.fixture
def world(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Visits of people at sites, as `init` proposes them, in sync."""
    with ExitStack() as stack:
        made = stack.enter_context(make_world(empty_database, tmp_path, schema=SCHEMA))
        initialise(made)
        made.sync()
        yield made
        assert made.sync(full=True).quiet
        made.assert_in_sync()
        made.assert_log_tells_all()


def related(world: World, visit: str, relation: str) -> list[str]:
    table = relation.lower()
    names = {page["id"]: title_of(page) for page in world.pages(table)}
    return [names[item["id"]] for item in world.page("visits", visit)["properties"][relation]["relation"]]


def pick(world: World, visit: str, relation: str, *names: str) -> None:
    pages = {title_of(page): page["id"] for page in world.pages(relation.lower())}
    chosen = {"relation": [{"id": pages[name]} for name in names]}
    world.edit(world.page("visits", visit)["id"], **{relation: chosen})


def row(world: World, visit: str) -> tuple[object, ...]:
    return world.sql("SELECT site_country, site_code, tenant_id, person_id FROM visits WHERE name = %s", visit)[0]


def test_init_proposes_them_and_both_directions_cross(world: World) -> None:
    assert related(world, "first", "Sites") == ["Berlin"] and related(world, "second", "Sites") == []
    assert related(world, "first", "People") == ["Ada"]
    world.sql("UPDATE visits SET site_code = 2 WHERE name = 'first'")
    world.sync()
    assert related(world, "first", "Sites") == ["Bonn"]
    pick(world, "second", "Sites", "Paris")
    pick(world, "first", "People", "Bob")
    world.sync()
    assert row(world, "second") == ("fr", 1, 1, None)
    assert row(world, "first") == ("d,e", 2, 1, 2)
    pick(world, "second", "Sites")
    world.sync()
    assert row(world, "second") == (None, None, 1, None)


def test_a_target_of_another_tenant_is_held_and_nothing_is_changed(world: World) -> None:
    """The tenant is a column of its own: setting a person does not move the visit to another one."""
    pick(world, "first", "People", "Bob")
    pick(world, "second", "People", "Eve")
    world.sync()
    assert row(world, "first")[3] == 2
    assert row(world, "second")[2:] == (1, None)
    [held] = held_list(world.app.context)
    assert "has tenant_id = 2, and the row has 1" in str(held["reason"])
    world.sql("UPDATE visits SET tenant_id = 2 WHERE name = 'second'")
    world.sync()
    assert row(world, "second")[2:] == (2, 1) and held_list(world.app.context) == []


def test_a_new_page_brings_it_and_a_rollback_takes_it_back(world: World) -> None:
    paris = world.page("sites", "Paris")["id"]
    one = world.page("tenants", "one")["id"]
    world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("visits")},
            "properties": {
                "Name": title("third"),
                "Sites": {"relation": [{"id": paris}]},
                "Tenant": {"relation": [{"id": one}]},
            },
        },
    )
    world.sync()
    assert row(world, "third") == ("fr", 1, 1, None)
    pick(world, "third", "Sites", "Bonn")
    bad = world.sync()
    assert row(world, "third")[:2] == ("d,e", 2)
    rollback(world.app.context, Selection(run=bad.run_id))
    assert row(world, "third")[:2] == ("fr", 1) and related(world, "third", "Sites") == ["Paris"]


def test_an_update_of_other_columns_leaves_it_alone_and_a_moved_target_is_followed(world: World) -> None:
    world.sql("UPDATE visits SET note = 'x' WHERE name = 'first'")
    world.sync()
    world.sql("UPDATE sites SET country = 'de' WHERE country = 'd,e'")
    world.sync()
    assert related(world, "first", "Sites") == ["Berlin"]
    assert held_list(world.app.context) == []


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ('columns = ["site_code", "note"]\nto = "sites"', "are no foreign key"),
        ('columns = ["site_code", "nope"]\nto = "sites"', "no column 'nope'"),
        ('columns = ["site_code", "site_country"]\nto = "people"', "not synced as 'people'"),
        ('to = "sites"', "either through"),
    ],
)
def test_what_cannot_be_one_is_told_with_its_line(world: World, relation: str, message: str) -> None:
    config = world.folder / "sync.toml"
    text = config.read_text()
    config.write_text(text + f"\n[tables.relations.wrong]\n{relation}\n")
    with pytest.raises(ConfigurationError, match=message):
        world.reopen()
    config.write_text(text)
    world.reopen()
