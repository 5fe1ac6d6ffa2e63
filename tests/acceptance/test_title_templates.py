"""Page titles made of several columns: they follow their columns, and what is typed over them does not stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import ConfigurationError
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, shown, text, title, title_of

SCHEMA = """
CREATE TABLE products (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, code text, price numeric(10,2), made date,
    note text, api_key text);
INSERT INTO products (name, code, price, made, note) VALUES
    ('Lamp', 'L1', 9.50, '2026-03-01', 'a'), ('Desk', NULL, NULL, NULL, 'b'), (NULL, NULL, NULL, NULL, 'c');
"""
CONFIG = f"""{CONNECTED}[[tables]]
name = "products"
title = "{{name}} ({{code}}) {{price}} {{made}}"
"""


@pytest.fixture
def world(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Products whose titles are made of their columns, in sync."""
    with ExitStack() as stack:
        made = stack.enter_context(make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG))
        made.setup()
        made.sync()
        yield made
        assert made.sync(full=True).quiet
        made.assert_in_sync()
        made.assert_log_tells_all()


def titles(world: World) -> dict[str, str]:
    return {shown(page, "Sync Key"): title_of(page) for page in world.pages("products")}


def test_it_follows_its_columns_and_no_others(world: World) -> None:
    assert titles(world) == {"1": "Lamp (L1) 9.5 2026-03-01", "2": "Desk ()", "3": ""}
    world.sql("UPDATE products SET code = 'L2' WHERE id = 1")
    world.sql("UPDATE products SET note = 'only this' WHERE id = 2")
    world.sql("UPDATE products SET name = 'Chair' WHERE id = 3")
    world.sync()
    assert titles(world) == {"1": "Lamp (L2) 9.5 2026-03-01", "2": "Desk ()", "3": "Chair ()"}
    again = world.sync(full=True)
    assert not any(again.total.applied.values())


def test_columns_of_it_are_fields_of_their_own_and_an_edit_of_one_comes_back_in_the_title(world: World) -> None:
    page = next(page for page in world.pages("products") if shown(page, "Sync Key") == "1")
    world.edit(page["id"], Code=text("L9"))
    bad = world.sync()
    world.sync()
    assert world.sql("SELECT code FROM products WHERE id = 1") == [("L9",)]
    assert titles(world)["1"] == "Lamp (L9) 9.5 2026-03-01"
    rollback(world.app.context, Selection(run=bad.run_id))
    world.sync()
    assert titles(world)["1"] == "Lamp (L1) 9.5 2026-03-01"


def test_a_title_that_is_typed_over_is_made_anew_and_changes_no_row(world: World) -> None:
    before = world.sql("SELECT * FROM products ORDER BY id")
    page = next(page for page in world.pages("products") if shown(page, "Sync Key") == "1")
    name = next(name for name, value in page["properties"].items() if value["type"] == "title")
    world.edit(page["id"], **{name: title("My lamp")})
    world.sync()
    world.sync()
    assert world.sql("SELECT * FROM products ORDER BY id") == before
    world.sql("UPDATE products SET code = 'L3' WHERE id = 1")
    world.sync()
    assert titles(world)["1"] == "Lamp (L3) 9.5 2026-03-01"


def test_a_new_page_becomes_a_row_and_gets_the_title_of_its_columns(world: World) -> None:
    [page] = [page for page in world.pages("products") if shown(page, "Sync Key") == "1"]
    heading = next(name for name, value in page["properties"].items() if value["type"] == "title")
    world.call(
        "POST",
        "/pages",
        {
            "parent": {"type": "data_source_id", "data_source_id": world.source("products")},
            "properties": {heading: title("whatever"), "Code": text("N1")},
        },
    )
    world.sync()
    world.sync()
    assert world.sql("SELECT name, code FROM products WHERE id > 3") == [(None, "N1")]
    assert titles(world)["4"] == "(N1)"


def test_a_deleted_row_takes_its_page_along_and_comes_back_with_its_title(world: World) -> None:
    world.sql("DELETE FROM products WHERE id = 1")
    gone = world.sync()
    assert "1" not in titles(world)
    rollback(world.app.context, Selection(record=("products", "1")))
    world.sync()
    assert titles(world)["1"] == "Lamp (L1) 9.5 2026-03-01"
    assert gone.run_id


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("{nmae}", "no column 'nmae'"),
        ("{name} {", "a brace without a column"),
        ("{name} {api_key}", "looks like a secret"),
    ],
)
def test_what_cannot_be_one_is_told_with_its_line(world: World, wanted: str, message: str) -> None:
    config = world.folder / "sync.toml"
    config.write_text(CONFIG.replace("{name} ({code}) {price} {made}", wanted))
    with pytest.raises(ConfigurationError, match=message):
        world.reopen()
    config.write_text(CONFIG)
    world.reopen()
