"""Reads from the catalog what the user's tables look like."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection

from sync_engine.adapters.postgres.connection import Driver, driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.schema import Check, Column, ForeignKey, Table

Row = Mapping[str, Any]

_IN_LIST = re.compile(
    r"""^CHECK\ \(+ (?: "(?:[^"]|"")+" | \w+ ) \)* (?:::[\w\ ]+)? \)*    # the column, maybe cast to text
        \ =\ (?: ANY\ \(+ ARRAY\[ (?P<list>.+?) \] | (?P<one>.+?) )
        \)* (?:::[\w\ ]+(?:\[\])?)? \)*
        (?:\ NO\ INHERIT)? (?:\ NOT\ VALID)? (?:\ NOT\ ENFORCED)?$""",
    re.VERBOSE | re.DOTALL,
)
_LITERAL = re.compile(
    r"""\s* \(? (?: (?P<escape>E?) '(?P<text>(?:[^']|'')*)' | (?P<number>-?\d+(?:\.\d+)?) ) \)?
        (?: ::"?[\w\ ."]+(?:\(\d+\))? )* \s* (?:,|$)""",
    re.VERBOSE | re.DOTALL,
)


def tables(connection: Connection, schemas: Sequence[str]) -> Sequence[Table]:
    """The ordinary and partitioned tables of these schemas, and those that their foreign keys lead to.

    By schema and name. A partitioned table stands for its partitions; views, foreign and temporary tables are left
    out. `unique_keys` are constraints and unique indexes alike, but none that is partial, deferrable or over
    expressions.
    """
    driver = driver_of(connection)
    found = _rows(driver, "catalog_tables", list(schemas))
    oids = [row["oid"] for row in found]
    columns = _by_table(_rows(driver, "catalog_columns", oids))
    constraints = _by_table(_rows(driver, "catalog_constraints", oids))
    return [_table(row, columns[row["oid"]], constraints[row["oid"]]) for row in found]


def kind(connection: Connection, schema: str, name: str) -> str:
    """What that name is when it is no table that can be synced (`view`, `partition` ...); else empty."""
    with psycopg.RawCursor(driver_of(connection)) as cursor:
        found = cursor.execute(statement("catalog_kind"), [schema, name]).fetchone()
    return str(found[0]) if found else ""


def _rows(driver: Driver, name: str, parameter: list[Any]) -> Sequence[Row]:
    with psycopg.RawCursor(driver, row_factory=dict_row) as cursor:
        return cursor.execute(statement(name), [parameter]).fetchall()


def _by_table(rows: Iterable[Row]) -> Mapping[int, Sequence[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["oid"]].append(row)
    return groups


def _table(row: Row, columns: Sequence[Row], constraints: Sequence[Row]) -> Table:
    primary = [tuple(found["columns"]) for found in constraints if found["kind"] == "p"]
    return Table(
        schema=row["schema"],
        name=row["name"],
        oid=row["oid"],
        columns=tuple(_column(column) for column in columns),
        primary_key=primary[0] if primary else (),
        unique_keys=tuple(tuple(found["columns"]) for found in constraints if found["kind"] == "u"),
        foreign_keys=tuple(_foreign_key(found) for found in constraints if found["kind"] == "f"),
        checks=tuple(_check(found) for found in constraints if found["kind"] == "c"),
        comment=row["comment"],
        partitioned=row["partitioned"],
        estimated_rows=row["estimated_rows"],
    )


def _column(row: Row) -> Column:
    known = {name: value for name, value in row.items() if name != "oid"}
    return Column(**known | {"enum_labels": tuple(row["enum_labels"])})


def _foreign_key(row: Row) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        columns=tuple(row["columns"]),
        target_schema=row["target_schema"],
        target_table=row["target_table"],
        target_columns=tuple(row["target_columns"]),
        on_delete=row["on_delete"],
    )


def _check(row: Row) -> Check:
    columns, definition = tuple(row["columns"]), row["definition"]
    values = allowed_values(definition) if len(columns) == 1 else ()
    return Check(row["name"], columns, definition, values)


def allowed_values(definition: str) -> tuple[str, ...]:
    """The literals of a CHECK that is a plain `column IN (...)`, as `pg_get_constraintdef` prints it, else ().

    All or nothing: one element that is not a literal makes it another kind of check.
    """
    found = _IN_LIST.match(definition)
    if found is None:
        return ()
    text = found["list"] or found["one"]
    values: list[str] = []
    at = 0
    while at < len(text):
        literal = _LITERAL.match(text, at)
        if literal is None:
            return ()
        values.append(literal["number"] or _unquoted(literal["text"], bool(literal["escape"])))
        at = literal.end()
    return tuple(values)


def _unquoted(text: str, escaped: bool) -> str:
    # An E'' string of the deparser has doubled backslashes and nothing else.
    return text.replace("''", "'").replace("\\\\", "\\") if escaped else text.replace("''", "'")
