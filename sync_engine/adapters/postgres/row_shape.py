"""The columns of a user's table as reading and writing rows needs them, from the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.mapping import Junction, TableMapping
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
class LinkShape:
    """The rows of a junction that belong to a row: their table, the columns that name the row (in its key's
    order), and those that name the target. `name` is what images have them under."""

    name: str
    schema: str
    table: str
    own: tuple[WriteColumn, ...]
    other: tuple[WriteColumn, ...]
    partitioned: bool = False


@dataclass(frozen=True, slots=True)
class RowShape:
    """One table: its name, key columns in key order, captured columns, all columns by name, and links.

    `partitioned` says that its rows are those of its partitions; rows of tables that inherit from it are not.
    `row_filter` is the expression that rows have to fit, where there is one.
    `mapping` is its number in the log.
    """

    schema: str
    table: str
    key: tuple[WriteColumn, ...]
    captured: tuple[str, ...]
    columns: Mapping[str, WriteColumn]
    partitioned: bool = False
    row_filter: str = ""
    links: tuple[LinkShape, ...] = ()
    mapping: int = 0

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
    """The shape of a mapped table. Raises DatabaseError when it, a junction, or a key column is missing."""
    columns, partitioned = _columns(driver, mapping.schema, mapping.table)
    shape = RowShape(
        mapping.schema,
        mapping.table,
        (),
        mapping.captured,
        columns,
        partitioned,
        mapping.row_filter,
        mapping=mapping.id,
    )
    links = tuple(
        _link_shape(driver, item.column, item.junction) for item in mapping.to_many if item.junction is not None
    )
    key = tuple(shape.column(name) for name in mapping.key_columns)
    return replace(shape, key=key, links=links)


def _columns(driver: Driver, schema: str, table: str) -> tuple[Mapping[str, WriteColumn], bool]:
    with psycopg.RawCursor(driver, row_factory=dict_row) as cursor:
        cursor.execute(statement("row_columns"), [schema, table])
        found = cursor.fetchall()
    partitioned = any([row.pop("partitioned") for row in found])
    if not found:
        raise DatabaseError(f"table {schema}.{table} is not in the database", hint="see: sync-engine plan")
    return {row["name"]: WriteColumn(**row) for row in found}, partitioned


def _link_shape(driver: Driver, name: str, junction: Junction) -> LinkShape:
    rows = junction.rows
    columns, partitioned = _columns(driver, rows.schema, rows.table)
    _refuse_hidden_links(driver, name, rows)
    shape = RowShape(rows.schema, rows.table, (), (), columns, partitioned)
    own, other = (tuple(shape.column(column) for column in ends) for ends in (junction.own, junction.other))
    return LinkShape(name, rows.schema, rows.table, own, other, partitioned)


def _refuse_hidden_links(driver: Driver, name: str, rows: TableMapping) -> None:
    """Links that the engine's role cannot see would pass for links that somebody took away."""
    table = SQL("{}").format(Identifier(rows.schema, rows.table)).as_string()
    with psycopg.RawCursor(driver) as cursor:
        found = cursor.execute("SELECT row_security_active($1::text)", [table]).fetchone()
    if found and found[0]:
        raise DatabaseError(
            f"row-level security of {rows.schema}.{rows.table} may hide links of the relation {name} from the "
            "engine's role",
            hint="give the role BYPASSRLS, or take the relation out of sync.toml",
        )
