"""Fields that go one way only: first values, and edits on the side that does not lead."""

from __future__ import annotations

import pytest

from tests.support.world import World, shown, text, title


@pytest.fixture
def one_way(world: World) -> World:
    """`asked` is Notion's, `told` is Postgres'."""
    world.sql("ALTER TABLE agents ADD COLUMN asked text, ADD COLUMN told text")
    config = world.folder / "sync.toml"
    config.write_text(
        config.read_text()
        + '[tables.fields.asked]\ndirection = "from-notion"\n[tables.fields.told]\ndirection = "to-notion"\n'
    )
    world.reopen()
    return world


def test_the_first_value_of_a_row_crosses_to_the_page_and_later_ones_do_not(one_way: World) -> None:
    one_way.sql("INSERT INTO agents (name, asked, told) VALUES ('A', 'first', 'mine'), ('B', NULL, NULL)")
    one_way.sync()
    assert shown(one_way.page("agents", "A"), "Asked") == "first"
    one_way.sql("UPDATE agents SET asked = 'second'")
    one_way.sync()
    assert one_way.sql("SELECT name, asked FROM agents ORDER BY name") == [("A", "first"), ("B", None)]
    one_way.assert_in_sync()


def test_a_page_cannot_bring_a_value_of_a_field_that_postgres_leads(one_way: World) -> None:
    source = {"type": "data_source_id", "data_source_id": one_way.source("agents")}
    properties = {"Name": title("A"), "Told": text("not yours"), "Asked": text("mine")}
    one_way.call("POST", "/pages", {"parent": source, "properties": properties})
    one_way.sync()
    assert one_way.sql("SELECT asked, told FROM agents") == [("mine", None)]
    assert shown(one_way.page("agents", "A"), "Told") == ""
    one_way.assert_in_sync()
