"""What the data of a column looks like, for `init`."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from sync_engine.adapters.postgres.connection import connect
from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.url import connection_parameters, describe
from sync_engine.domain.schema import Column, Table
from sync_engine.domain.values import Json

SAMPLE = 300


def probe_column(url: str, table: Table, column: Column) -> Sequence[Json]:
    """Up to `SAMPLE` values of the column as JSON, NULLs left out, in no order. Raises DatabaseError."""
    query = sql.SQL("SELECT to_jsonb({column}) FROM {table} WHERE {column} IS NOT NULL LIMIT {limit}").format(
        column=sql.Identifier(column.name),
        table=sql.Identifier(table.schema, table.name),
        limit=sql.Literal(SAMPLE),
    )
    parameters = connection_parameters(url)
    with translated(describe(parameters)), connect(parameters) as connection:
        return [value for (value,) in connection.execute(query)]
