"""How a row is stored in the log: the expressions that triggers, backfill and the readers of rows share.

The image of a column is what `to_jsonb` gives, except where that would lose something: numbers that JSON readers
round, JSON itself (its spelling), composites, and every type that is not known here are stored as Postgres' own
text, a JSON string. NULL is the JSON null. Dates and times are ISO 8601 whatever the session's DateStyle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from sync_engine.domain.schema import Column

_ARGUMENTS = 100
"""Postgres' limit on the arguments of one function call (FUNC_MAX_ARGS)."""

_TEXTUAL = frozenset(("text", "varchar", "bpchar", "name", "char", "citext", "uuid", "xml", "tsvector", "ltree"))
_WHOLE = frozenset(("bool", "int2", "int4", "int8", "oid"))
_TEMPORAL = frozenset(("date", "timestamp", "timestamptz", "time", "timetz"))
_BITS = frozenset(("inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "bytea"))
_EXACT_JSON = _TEXTUAL | _WHOLE | _TEMPORAL | _BITS | {"interval"}
"""Types, and elements of arrays, for which `to_jsonb` is exact."""

OBJECT_NAMES = frozenset(("regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper"))
OBJECT_NAMES |= {"regoperator", "regproc", "regprocedure", "regrole", "regtype"}
"""Types whose text depends on the search path of who reads it: their image is the number behind the name."""

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "float4": {"extra_float_digits": "1"},
    "float8": {"extra_float_digits": "1"},
    "interval": {"IntervalStyle": "postgres"},
    "bytea": {"bytea_output": "hex"},
    "money": {"lc_monetary": "C"},
}
"""What the text of a type depends on beside the value, and the setting under which images are taken."""

_UNKNOWN: Mapping[str, str] = {
    "DateStyle": "ISO, YMD",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
_KEY_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "date": {"DateStyle": "ISO, YMD"},
    "timestamp": {"DateStyle": "ISO, YMD"},
    "timestamptz": {"DateStyle": "ISO, YMD", "TimeZone": "UTC"},
}
"""A key is text and names the record for ever, so dates and times in it need fixed settings too."""

_SETTLED = _EXACT_JSON | OBJECT_NAMES | {"numeric", "json", "jsonb"}


def image(column: Column, row: Composable) -> Composed:
    """The column's value as `jsonb_build_object` is to have it; `row` is `NEW`, `OLD` or an alias."""
    value = SQL("{}.{}").format(row, Identifier(column.name))
    if column.base in OBJECT_NAMES:
        return SQL("{}::pg_catalog.oid{}").format(value, SQL("[]" if column.is_array else ""))
    exact = column.is_enum or column.base in _EXACT_JSON
    return value if exact else SQL("{}::pg_catalog.text").format(value)


def row_image(columns: Sequence[Column], row: Composable) -> Composed:
    """A jsonb object of the images of these columns, by column name."""
    half = _ARGUMENTS // 2
    parts = [
        SQL("pg_catalog.jsonb_build_object({})").format(SQL(", ").join(_pairs(columns[start : start + half], row)))
        for start in range(0, max(len(columns), 1), half)
    ]
    return SQL(" OPERATOR(pg_catalog.||) ").join(parts)


def _pairs(columns: Iterable[Column], row: Composable) -> Iterable[Composed]:
    for column in columns:
        yield SQL("{}, {}").format(Literal(column.name), image(column, row))


def record_key(columns: Sequence[Column], row: Composable) -> Composed:
    """The record key (`domain/keys.py`) as text; `columns` are those of the primary key, in its order."""
    parts = [SQL("{}.{}::pg_catalog.text").format(row, Identifier(column.name)) for column in columns]
    if len(parts) == 1:
        return _never_empty(parts[0]) if _may_need_quotes(columns[0]) else parts[0]
    joined = [
        _quoted(part) if _may_need_quotes(column) else part for column, part in zip(columns, parts, strict=True)
    ]
    return SQL("({})").format(SQL(" OPERATOR(pg_catalog.||) ',' OPERATOR(pg_catalog.||) ").join(joined))


def _never_empty(part: Composable) -> Composed:
    return SQL(
        "CASE WHEN pg_catalog.octet_length(pg_catalog.btrim({part}, '\"')) OPERATOR(pg_catalog.=) 0"
        " THEN '\"\"' OPERATOR(pg_catalog.||) {part} ELSE {part} END"
    ).format(part=part)


def _may_need_quotes(column: Column) -> bool:
    return column.is_array or column.is_enum or column.base in _TEXTUAL - {"uuid"} or column.base not in _SETTLED


def _quoted(part: Composable) -> Composed:
    return SQL(
        "CASE WHEN {part} OPERATOR(pg_catalog.~) {special}"
        " THEN '\"' OPERATOR(pg_catalog.||) pg_catalog.replace({part}, '\"', '\"\"') OPERATOR(pg_catalog.||) '\"'"
        " ELSE {part} END"
    ).format(part=part, special=Literal('[,"\r\n]'))


def rows_of(schema: str, table: str, *, partitioned: bool) -> Composed:
    """The table in FROM: its own rows, as the triggers see them, and not those of tables that inherit from it."""
    name = Identifier(schema, table)
    return SQL("{}" if partitioned else "ONLY {}").format(name)


def settings(columns: Iterable[Column], key: Iterable[Column]) -> Mapping[str, str]:
    """The session settings that must be fixed while images and keys of these columns are made.

    Few tables need any, and each costs a trigger up to a microsecond a row, so only what the types call for.
    """
    needed: dict[str, str] = {}
    for column in columns:
        needed |= _settings_of(column)
    for column in key:
        needed |= _KEY_SETTINGS.get(column.base, {})
        needed |= _settings_of(column) and {"TimeZone": "UTC"}
    return dict(sorted(needed.items()))


def _settings_of(column: Column) -> Mapping[str, str]:
    if column.is_enum or column.base in _SETTLED - set(_SETTINGS):
        return {}
    return _SETTINGS.get(column.base, _UNKNOWN)


_OWN_EQUALITY = _WHOLE | _TEMPORAL | _BITS | {"uuid", "text", "varchar", "name", "char"}
_COLLATABLE = frozenset({"text", "varchar", "name"})


def alike(columns: Iterable[Column]) -> list[list[Column]]:
    """The columns in groups that `any_differs` can compare by one operator: of one type, or all by their bytes."""
    groups: dict[tuple[str, ...], list[Column]] = {}
    for column in columns:
        kind = (column.type, column.name) if column.is_array else (column.type,)
        groups.setdefault(kind if _has_own_equality(column) else (), []).append(column)
    return list(groups.values())


def any_differs(columns: Sequence[Column]) -> Composed:
    """Whether OLD and NEW differ in one of these columns (see `alike`), down to the last bit that an image shows.

    By the type's own equality where that is exact. It is not for numeric (1.0 = 1.00), interval (1 day =
    24 hours), floats (-0 = 0), char(n), citext and jsonb, and it does not exist for json, xml and point: those are
    compared by their stored bytes. Text is compared in the collation "C": others may hold different texts equal.
    """
    old, new = (
        SQL(", ").join(SQL("{}.{}").format(SQL(row), Identifier(column.name)) for column in columns)
        for row in ("OLD", "NEW")
    )
    if not _has_own_equality(columns[0]):
        return SQL("pg_catalog.record_image_ne(ROW({}), ROW({}))").format(old, new)
    if len(columns) > 1:
        old, new = (SQL("ARRAY[{}]").format(values) for values in (old, new))
    collation = SQL(' COLLATE pg_catalog."C"' if columns[0].base in _COLLATABLE else "")
    return SQL("{}{} IS DISTINCT FROM {}").format(old, collation, new)


def _has_own_equality(column: Column) -> bool:
    return column.is_enum or column.base in _OWN_EQUALITY
