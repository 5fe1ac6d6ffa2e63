"""Databases that nobody prepared for the engine: from `init` to edits on both sides, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exchange import assert_settled, exchange, initialise, stored
from tests.support.postgres import Database
from tests.support.world import World, make_world

ELSEWHERE = """
SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'iso_8601';
SET bytea_output = 'escape'; SET extra_float_digits = -5; SET default_transaction_isolation = 'repeatable read';
"""
"""The settings of an application that thinks differently of everything."""

SCHEMAS = Path(__file__).parent / "schemas"


def halves(name: str) -> tuple[str, str]:
    """The schema with its rows, and the edits."""
    before, _, after = (SCHEMAS / f"{name}.sql").read_text(encoding="utf-8").partition("-- edits\n")
    return before, after


@pytest.fixture
def bare(empty_database: Database, tmp_path: Path) -> Iterator[World]:
    with make_world(empty_database, tmp_path, schema="") as made:
        yield made


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("name", "schemas"),
    [
        ("publishing", ["public"]),
        ("ledger", ["public"]),
        ("museum", ["public"]),
        ("cloud", ["public", "Geo data"]),
        ("attic", ["public"]),
    ],
)
def test_a_schema_with_habits(bare: World, name: str, schemas: list[str]) -> None:
    schema, edits = halves(name)
    bare.sql(schema)
    initialise(bare, *schemas)
    bare.sql(ELSEWHERE)
    before = stored(bare)
    bare.sync()
    assert_settled(bare)
    bare.sync(full=True)
    assert stored(bare) == before
    bare.sql(edits)
    bare.sync()
    assert_settled(bare)
    for mapping in bare.app.context.mappings:
        exchange(bare, mapping)
        bare.sync()
    bare.sql("RESET ALL")
    assert_settled(bare)


def test_a_table_whose_rows_cannot_be_told_apart_is_left_out_with_the_reason(bare: World) -> None:
    bare.sql(halves("attic")[0])
    text = initialise(bare)
    for name in ("deferred_key", "derived", "halfkey", "keyless"):
        assert f"#   {name}: it has no primary key, and no unique key over NOT NULL columns" in text
    keys = {mapping.name: mapping.key_columns for mapping in bare.app.context.mappings}
    assert keys["loose"] == ("code",)
    assert keys["public.dotted.name" if "public.dotted.name" in keys else "dotted.name"] == ("number", "code")
