"""Small tables for tests that need a catalog and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sync_engine.domain.schema import Check, Column, ForeignKey, Table

_TYPES = {
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "timestamptz": "timestamp with time zone",
    "float8": "double precision",
}


def col(name: str, base: str = "text", **more: Any) -> Column:
    """A column; its number is set by `table`."""
    written = _TYPES.get(base, base) + ("[]" if more.get("is_array") else "")
    return Column(name=name, number=0, type=more.pop("type", written), base=base, **more)


def key(name: str = "id", base: str = "uuid") -> Column:
    """A key column that fills itself."""
    return col(name, base, not_null=True, has_default=True)


def table(name: str, *columns: Column, schema: str = "public", **more: Any) -> Table:
    """A table with the key `id`, unless `primary_key` says otherwise."""
    numbered = tuple(replace(column, number=number) for number, column in enumerate(columns, 1))
    more.setdefault("primary_key", ("id",))
    return Table(schema=schema, name=name, oid=abs(hash((schema, name))) % 10**6 + 1, columns=numbered, **more)


def refers(column: str, target: str, schema: str = "public", to: str = "id") -> ForeignKey:
    """A foreign key of one column."""
    return ForeignKey(f"{column}_fkey", (column,), schema, target, (to,))


def one_of(column: str, *values: str) -> Check:
    """A CHECK list."""
    return Check(f"{column}_check", (column,), f"{column} IN (...)", values)


def names(tables: Sequence[Any]) -> list[str]:
    """Names of tables or mappings, in order."""
    return [item.name for item in tables]
