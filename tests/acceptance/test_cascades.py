"""Deletes that cascade: into synced tables they are deletes like any other, into others they wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_engine.engine.review.brake import brake_release
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.engine.undo.rollback import Selection, rollback
from tests.support.postgres import Database
from tests.support.world import CONNECTED, World, make_world, title_of

SCHEMA = """
CREATE TABLE shelves (id int PRIMARY KEY, name text NOT NULL, parent_id int REFERENCES shelves ON DELETE CASCADE);
CREATE TABLE books (
    id int PRIMARY KEY, name text NOT NULL, shelf_id int REFERENCES shelves ON DELETE CASCADE
);
CREATE TABLE loans (
    id int PRIMARY KEY, book_id int NOT NULL REFERENCES books ON DELETE CASCADE
) PARTITION BY RANGE (id);
CREATE TABLE loans_1 PARTITION OF loans FOR VALUES FROM (0) TO (100);
CREATE TABLE reviews (id int PRIMARY KEY, book_id int REFERENCES books ON DELETE SET NULL);
INSERT INTO shelves VALUES (1, 'S1', NULL), (2, 'S2', 1), (3, 'S3', 2), (4, 'S4', NULL);
INSERT INTO books VALUES (1, 'B1', 1), (2, 'B2', 3), (3, 'B3', 4), (4, 'B4', 4);
INSERT INTO loans VALUES (1, 2), (2, 3);
INSERT INTO reviews VALUES (1, 4);
"""
CONFIG = f"""{CONNECTED}[defaults]
delete = {{ from_postgres = "trash", from_notion = "delete" }}
[[tables]]
name = "shelves"
title = "name"
[[tables]]
name = "books"
title = "name"
"""


@pytest.fixture
def library(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    """Loans and reviews are not synced."""
    with make_world(empty_database, tmp_path, schema=SCHEMA, config=CONFIG) as world:
        world.setup()
        world.sync()
        yield world


def trash(world: World, table: str, *titles: str) -> None:
    for name in titles:
        world.call("PATCH", f"/pages/{world.page(table, name)['id']}", {"in_trash": True})


def ids(world: World, table: str) -> list[int]:
    return [int(found) for (found,) in world.sql(f"SELECT id FROM {table} ORDER BY id")]


def test_a_cascade_in_postgres_takes_all_its_pages_along(library: World) -> None:
    library.sql("DELETE FROM shelves WHERE id = 1")
    library.sync()
    assert sorted(title_of(page) for page in library.pages("books")) == ["B3", "B4"]
    assert [title_of(page) for page in library.pages("shelves")] == ["S4"]
    library.assert_in_sync()


def test_a_delete_that_would_take_rows_of_another_table_is_held_and_the_others_go_on(library: World) -> None:
    trash(library, "books", "B1", "B3", "B4")
    library.sync(full=True)
    assert ids(library, "books") == [2, 3]
    assert ids(library, "loans") == [1, 2]
    [held] = held_list(library.app.context)
    assert (held["table"], held["key"], held["side"], held["op"]) == ("books", "3", "postgres", "delete")
    assert "would also delete rows of loans" in str(held["reason"])
    assert library.sync(full=True).quiet


def test_at_any_distance(library: World) -> None:
    """Shelf 1 has shelf 2, that has shelf 3, that has book 2, which is on loan."""
    trash(library, "shelves", "S1")
    library.sync(full=True)
    assert ids(library, "shelves") == [1, 2, 3, 4]
    assert ids(library, "loans") == [1, 2]
    [held] = held_list(library.app.context)
    assert (held["table"], held["key"]) == ("shelves", "1")


def test_a_person_approves_it_by_a_retry(library: World) -> None:
    trash(library, "books", "B3")
    library.sync(full=True)
    retry_held(library.app.context, [int(str(item["id"])) for item in held_list(library.app.context)])
    library.sync()
    assert ids(library, "books") == [1, 2, 4]
    assert ids(library, "loans") == [1]
    assert held_list(library.app.context) == []
    library.assert_in_sync()


def test_to_approve_a_delete_that_the_policy_held_is_not_to_approve_what_it_takes_along(library: World) -> None:
    config = library.folder / "sync.toml"
    config.write_text(config.read_text().replace('from_notion = "delete"', 'from_notion = "hold"'))
    library.reopen()
    trash(library, "books", "B3")
    library.sync(full=True)
    retry_held(library.app.context, [int(str(item["id"])) for item in held_list(library.app.context)])
    library.sync()
    assert ids(library, "loans") == [1, 2]
    [held] = held_list(library.app.context)
    assert "would also delete rows of loans" in str(held["reason"])
    retry_held(library.app.context, [int(str(held["id"]))])
    library.sync()
    assert (ids(library, "books"), ids(library, "loans")) == ([1, 2, 4], [1])
    library.assert_in_sync()


def test_nor_is_to_release_it_from_the_brake(library: World) -> None:
    config = library.folder / "sync.toml"
    config.write_text(config.read_text().replace("[defaults]\n", "[defaults]\nbrake = { share = 0.1, min = 1 }\n"))
    library.reopen()
    trash(library, "books", "B3", "B4")
    assert library.sync(full=True).braked == {"books": 2}
    brake_release(library.app.context)
    assert (ids(library, "books"), ids(library, "loans")) == ([1, 2, 3], [1, 2])
    [held] = held_list(library.app.context)
    assert "would also delete rows of loans" in str(held["reason"])


def test_rows_whose_reference_is_only_cleared_stay_and_hold_nothing(library: World) -> None:
    trash(library, "books", "B4")
    library.sync(full=True)
    assert ids(library, "books") == [1, 2, 3]
    assert library.sql("SELECT id, book_id FROM reviews") == [(1, None)]
    assert held_list(library.app.context) == []


def test_nothing_is_held_for_rows_that_are_not_there(library: World) -> None:
    library.sql("DELETE FROM loans")
    trash(library, "books", "B3")
    library.sync(full=True)
    assert ids(library, "books") == [1, 2, 4]
    library.assert_in_sync()


def test_a_rollback_does_not_take_such_rows_either(library: World) -> None:
    library.sql("INSERT INTO books VALUES (9, 'B9', NULL)")
    done = library.sync()
    library.sql("INSERT INTO loans VALUES (9, 9)")
    rollback(library.app.context, Selection(run=done.run_id))
    assert 9 in ids(library, "loans")
