"""Rebuilds rows from their images, in a schema made for it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import Connection

from sync_engine.adapters.postgres import introspect
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Column
from sync_engine.domain.values import JsonObject
from sync_engine.errors import DatabaseError, UsageError


class PostgresScratch:
    """Implements `ports.scratch.Scratch` inside the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._known: dict[int, Sequence[Column]] = {}

    def create_schema(self, schema: str) -> None:
        """Make the schema. Raises UsageError when there is one of that name."""
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", [schema])
            if found.rowcount:
                raise UsageError(f"there is a schema {schema!r} already", hint="name another one, or drop it")
            cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))

    def create_table(self, mapping: TableMapping, schema: str) -> None:
        """Without the table's constraints and defaults: a past state need not obey today's rules."""
        names = SQL(", ").join(Identifier(column.name) for column in self._columns(mapping))
        keys = SQL(", ").join(Identifier(name) for name in mapping.key_columns)
        made, source = Identifier(schema, mapping.name), Identifier(mapping.schema, mapping.table)
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(SQL("CREATE TABLE {} AS SELECT {} FROM {} WITH NO DATA").format(made, names, source))
            cursor.execute(SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(made, keys))

    def fill(self, mapping: TableMapping, schema: str, images: Sequence[JsonObject]) -> None:
        """Add rows from their images: each value is read by its type, as the database would read it typed in."""
        columns = self._columns(mapping)
        query = SQL(
            "INSERT INTO {made} ({names}) SELECT {values}"
            " FROM jsonb_array_elements($1::jsonb) AS given(image),"
            "      jsonb_populate_record(NULL::{made}, image - $2::text[]) AS row_"
        ).format(
            made=Identifier(schema, mapping.name),
            names=SQL(", ").join(Identifier(column.name) for column in columns),
            values=SQL(", ").join(_value(column) for column in columns),
        )
        json_columns = [column.name for column in columns if _is_json(column)]
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute(query, [orjson.dumps(list(images)).decode(), json_columns])

    def _columns(self, mapping: TableMapping) -> Sequence[Column]:
        if mapping.id not in self._known:
            wanted = {*mapping.captured, *mapping.key_columns}
            tables = introspect.tables(self._connection, [mapping.schema])
            found = [item for item in tables if (item.schema, item.name) == (mapping.schema, mapping.table)]
            if not found:
                raise DatabaseError(f"table {mapping.schema}.{mapping.table} is not in the database")
            self._known[mapping.id] = [column for column in found[0].columns if column.name in wanted]
        return self._known[mapping.id]


def _is_json(column: Column) -> bool:
    return column.base in ("json", "jsonb") and not column.is_array


def _value(column: Column) -> Composed:
    """The image of JSON is its text, a JSON string, which would be taken for the value itself."""
    if _is_json(column):
        return SQL("(image ->> {})::{}").format(Literal(column.name), Identifier("pg_catalog", column.base))
    return SQL("row_.{}").format(Identifier(column.name))
