"""The second revision: a fresh schema is a migrated one, and it goes down and up again."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from sync_engine.adapters.postgres import migrate
from sync_engine.adapters.postgres.connection import make_engine
from sync_engine.adapters.postgres.tables import SCHEMA, metadata
from tests.support.postgres import Database

FIRST = "20261122_engine_schema"


def differences(database: Database) -> list[object]:
    """What alembic would still change to make the schema that of the metadata."""
    engine = make_engine(database.url)
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
        "compare_type": False,  # alembic does not know pg_snapshot and "char"; `shape` looks at types
        "compare_server_default": False,
        "version_table_schema": SCHEMA,
    }
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    engine.dispose()
    return list(found)


def shape(database: Database) -> list[tuple[object, ...]]:
    """Columns, constraints, indexes and rights of the engine's tables, as the catalog has them."""
    query = """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
               c.relrowsecurity::text, coalesce(c.reloptions::text, ''), coalesce(c.relacl::text, '')
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'sync_engine'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', '' FROM pg_constraint
         WHERE connamespace = 'sync_engine'::regnamespace
        UNION ALL
        SELECT tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'sync_engine'
         ORDER BY 1, 2, 3"""
    engine = make_engine(database.url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


@pytest.mark.every_postgres
@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_the_migrated_schema_is_that_of_the_metadata(database: Database) -> None:
    assert differences(database) == []


@pytest.mark.every_postgres
def test_up_down_up(database: Database) -> None:
    fresh = shape(database)
    migrate.downgrade(database.url, FIRST)
    assert "sync_leases" not in {row[0] for row in shape(database)}
    migrate.upgrade(database.url)
    assert shape(database) == fresh
    assert migrate.is_current(database.url)


def test_nobody_else_may_read_leases_and_hints(database: Database) -> None:
    with database.connect() as user:
        rights = user.execute(
            """SELECT relname, relrowsecurity, has_table_privilege('pg_read_all_settings', oid, 'SELECT')
                 FROM pg_class WHERE relname IN ('sync_leases', 'sync_hints') AND relkind = 'r' ORDER BY 1"""
        ).fetchall()
    assert rights == [("sync_hints", True, False), ("sync_leases", True, False)]
