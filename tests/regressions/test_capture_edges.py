"""Rows whose keys move, and tables that are emptied at once."""

from __future__ import annotations

import pytest

from sync_engine.adapters.postgres import capture_function
from tests.support.world import World, names, shown


def test_a_row_that_takes_over_the_key_of_a_deleted_row_is_another_record(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('old'), ('new')")
    world.sync()
    [(old,)] = world.sql("SELECT id::text FROM agents WHERE name = 'old'")
    new_page = world.page("agents", "new")["id"]
    world.sql("DELETE FROM agents WHERE name = 'old'")
    world.sql("UPDATE agents SET id = %s WHERE name = 'new'", old)
    done = world.sync()
    assert names(done, "notion") == [("trash", 1), ("update", 1)]
    page = world.page("agents", "new")
    assert (page["id"], shown(page, "Sync Key")) == (new_page, old)
    world.assert_in_sync()


def test_rows_that_swap_their_keys_keep_their_pages(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('a'), ('b')")
    world.sync()
    before = {name: world.page("agents", name)["id"] for name in "ab"}
    with world.connection.transaction():
        [(a,), (b,)] = world.sql("SELECT id::text FROM agents ORDER BY name")
        world.sql("UPDATE agents SET id = gen_random_uuid() WHERE name = 'a'")
        world.sql("UPDATE agents SET id = %s WHERE name = 'b'", a)
        world.sql("UPDATE agents SET id = %s WHERE name = 'a'", b)
    world.sync()
    assert {name: world.page("agents", name)["id"] for name in "ab"} == before
    assert shown(world.page("agents", "a"), "Sync Key") == b
    world.assert_in_sync()


def test_a_row_inserted_under_a_key_that_another_row_just_left_is_another_record(world: World) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('first')")
    world.sync()
    page = world.page("agents", "first")["id"]
    [(key,)] = world.sql("SELECT id::text FROM agents")
    world.sql("UPDATE agents SET id = gen_random_uuid()")
    world.sql("INSERT INTO agents (id, name) VALUES (%s, 'second')", key)
    world.sync(dry_run=True)
    done = world.sync()
    assert names(done, "notion") == [("create", 1), ("update", 1)]
    assert world.page("agents", "first")["id"] == page
    assert shown(world.page("agents", "second"), "Sync Key") == key
    world.assert_in_sync()


@pytest.mark.parametrize("passes_between", [False, True])
def test_so_it_is_when_the_key_had_an_owner_before_that(world: World, passes_between: bool) -> None:
    world.sql("INSERT INTO agents (name) VALUES ('old'), ('new')")
    world.sync()
    page = world.page("agents", "new")["id"]
    [(key,)] = world.sql("SELECT id::text FROM agents WHERE name = 'old'")
    world.sql("DELETE FROM agents WHERE name = 'old'")
    world.sql("UPDATE agents SET id = %s WHERE name = 'new'", key)
    if passes_between:
        world.sync()
    world.sql("UPDATE agents SET id = gen_random_uuid() WHERE name = 'new'")
    world.sql("INSERT INTO agents (id, name) VALUES (%s, 'third')", key)
    world.sync()
    assert world.page("agents", "new")["id"] == page
    assert shown(world.page("agents", "third"), "Sync Key") == key
    world.assert_in_sync()


def test_a_truncate_that_is_only_marked_is_a_delete_of_every_row(world: World) -> None:
    """Read committed logs each row up to a limit; above it, and in repeatable read, a marker stands for them."""
    world.sql("INSERT INTO agents (name) SELECT 'x' || i FROM generate_series(1, 5) i")
    world.sync()
    with world.connection.transaction():
        world.sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        world.sql("TRUNCATE agents")
        world.sql("INSERT INTO agents (name) VALUES ('after')")
    assert capture_function.TRUNCATE_LIMIT > 5
    done = world.sync()
    assert names(done, "notion") == [("create", 1), ("trash", 5)]
    world.assert_in_sync()
