"""The page of types says what the codecs do, and leaves no type out."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from cli.type_reference import GROUPS, type_reference
from sync_engine.domain.codecs import arrays, documents, moments, numbers, strings
from sync_engine.domain.codecs.behaviour import CANONICAL
from tests.support.postgres import Database

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "types.md"

INTERNAL = """
SELECT typname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
 WHERE nspname IN ('pg_catalog', 'public') AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A'
   AND typcategory <> 'Z' AND typname NOT IN ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list')
"""
"""The types that a column of an application can have."""


def test_the_page_is_up_to_date() -> None:
    again = "python -m cli.type_reference > docs/reference/types.md"
    assert PAGE.read_text(encoding="utf-8") == type_reference(), f"run: {again}"


@pytest.mark.every_postgres
def test_every_type_of_the_server_has_a_stated_behaviour(empty_database: Database) -> None:
    told = {name for names in GROUPS.values() for name in names}
    with empty_database.connect(autocommit=True) as connection:
        for extension in ("citext", "ltree", "hstore", "cube", "seg"):
            connection.execute(f"CREATE EXTENSION {extension}")
        found = {name for (name,) in connection.execute(INTERNAL)}
    assert found - told - {"ghstore", "ltree_gist", "gtsvector"} == set()


def test_every_scalar_says_when_its_values_are_equal() -> None:
    modules = (arrays, documents, moments, numbers, strings)
    scalars = {
        found
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__ and hasattr(found, "parse") and not name.startswith("_")
    }
    concrete = {found for found in scalars if not getattr(found, "_is_protocol", False)}
    assert concrete == set(CANONICAL)
