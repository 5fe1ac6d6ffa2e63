"""Random schemas: init, setup, edits on both sides, verify. `SCHEMA_FUZZ_SEEDS=200` (or `7-7`) runs more."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.exchange import assert_settled, exchange, initialise, stored
from tests.support.fuzzed import FuzzedSchema
from tests.support.postgres import Database
from tests.support.world import World, make_world

ROWS, EDITS = 5, 8


def seeds() -> range:
    first, _, last = os.environ.get("SCHEMA_FUZZ_SEEDS", "4").partition("-")
    return range(int(first), int(last) + 1) if last else range(int(first))


def attempt(world: World, statement: str) -> None:
    """As an application does: what a constraint refuses was never there."""
    with suppress(psycopg.IntegrityError, psycopg.DataError):
        world.sql(statement)


@pytest.mark.parametrize("seed", seeds())
def test_a_random_schema(empty_database: Database, tmp_path: Path, seed: int) -> None:
    fuzzed = FuzzedSchema(seed)
    with make_world(empty_database, tmp_path, schema=fuzzed.ddl) as world:
        for table in fuzzed.tables:
            for _ in range(ROWS):
                attempt(world, fuzzed.insert(table))
        initialise(world)
        before = stored(world)
        world.sync()
        assert_settled(world)
        assert stored(world) == before
        for table in fuzzed.tables:
            for _ in range(EDITS):
                attempt(world, fuzzed.edit(table))
            attempt(world, fuzzed.insert(table))
        world.sync()
        assert_settled(world)
        for mapping in world.app.context.mappings:
            exchange(world, mapping)
            world.sync()
        assert_settled(world)
