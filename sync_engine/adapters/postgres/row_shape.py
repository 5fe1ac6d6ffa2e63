"""The columns of a user's table as reading and writing rows needs them, from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import dict_row

from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Column
from sync_engine.errors import DatabaseError


@dataclass(frozen=True, slots=True)
class WriteColumn:
    """One column. `write_type` is what a literal is cast to and `comparison` what both sides of a comparison are
    cast to (empty: nothing); both are type names as Postgres itself quotes them. See `sql/row_columns.sql`.
    """

    name: str
    write_type: str
    comparison: str
    base: str
    is_array: bool
    is_enum: bool
    identity_always: bool
    generated: bool

    @property
    def described(self) -> Column:
        """As much of the domain's column as its image and its part of the key depend on."""
        return Column(self.name, 0, self.write_type, self.base, is_array=self.is_array, is_enum=self.is_enum)


@dataclass(frozen=True, slots=True)
class RowShape:
    """One table: its name, key columns in key order, captured columns, and all columns by name.

    `partitioned` says that its rows are those of its partitions; rows of tables that inherit from it are not.
    `row_filter` is the expression that rows have to fit, where there is one.
    """

    schema: str
    table: str
    key: tuple[WriteColumn, ...]
    captured: tuple[str, ...]
    columns: Mapping[str, WriteColumn]
    partitioned: bool = False
    row_filter: str = ""

    def column(self, name: str) -> WriteColumn:
        """The column of that name. Raises DatabaseError when the table has none."""
        found = self.columns.get(name)
        if found is None:
            raise DatabaseError(
                f"table {self.schema}.{self.table} has no column {name!r}",
                hint="it was dropped or renamed since `setup`; see: sync-engine plan",
            )
        return found


def read_shape(driver: Driver, mapping: TableMapping) -> RowShape:
    """The shape of a mapped table. Raises DatabaseError when the table, or a key column, is not there."""
    with psycopg.RawCursor(driver, row_factory=dict_row) as cursor:
        cursor.execute(statement("row_columns"), [mapping.schema, mapping.table])
        found = cursor.fetchall()
    partitioned = any([row.pop("partitioned") for row in found])
    columns = {row["name"]: WriteColumn(**row) for row in found}
    if not columns:
        raise DatabaseError(
            f"table {mapping.schema}.{mapping.table} is not in the database", hint="see: sync-engine plan"
        )
    shape = RowShape(mapping.schema, mapping.table, (), mapping.captured, columns, partitioned, mapping.row_filter)
    return replace(shape, key=tuple(shape.column(name) for name in mapping.key_columns))
