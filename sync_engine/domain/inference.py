"""Inference: what each column of a table becomes when `sync.toml` says nothing about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sync_engine.domain.codecs.registry import TypeChoice, default_type
from sync_engine.domain.naming import looks_secret, words
from sync_engine.domain.schema import Column, ForeignKey, Table

TableName = tuple[str, str]
"""Schema and name."""

_RELATION_KEYS = frozenset({"int2", "int4", "int8", "uuid", "text", "varchar", "citext"})
"""Key types whose column image and record key are the same text, so that a foreign key is a record key."""

_TEXTS = frozenset({"text", "varchar", "bpchar", "citext"})
_TITLES = ("name", "title", "label", "display_name", "full_name", "subject", "headline", "caption")
_LESSER_TITLES = ("slug", "username", "code", "email", "key", "identifier", "number", "summary", "description")


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What a column becomes by default. `type` None: it is left out, for `reason`."""

    column: Column
    type: str | None
    reason: str = ""
    options: tuple[str, ...] = ()
    relation_to: TableName | None = None
    secret: bool = False


def plan_columns(table: Table, synced: Mapping[TableName, Table]) -> tuple[ColumnPlan, ...]:
    """A plan for every column, in table order; `synced` are the tables that relations may point to."""
    targets = relation_targets(table, synced)
    return tuple(_plan(table, column, targets.get(column.name)) for column in table.columns)


def _plan(table: Table, column: Column, target: TableName | None) -> ColumnPlan:
    if looks_secret(column):
        return ColumnPlan(column, None, "it looks like a secret", secret=True)
    if column.name in table.row_key:
        return ColumnPlan(column, None, "the key is shown in a property of its own")
    if target is not None:
        return ColumnPlan(column, "relation", relation_to=target)
    choice = type_choice(table, column)
    return ColumnPlan(column, choice.type, choice.reason, choice.options)


def type_choice(table: Table, column: Column) -> TypeChoice:
    """The default property type of a column that is no relation."""
    return default_type(column, check_labels(table, column))


def check_labels(table: Table, column: Column) -> tuple[str, ...]:
    """The values that a CHECK list allows in the column; empty when there is no such list."""
    for check in table.checks:
        if check.columns == (column.name,) and check.values:
            return check.values
    return ()


def relation_targets(table: Table, synced: Mapping[TableName, Table]) -> dict[str, TableName]:
    """The synced table that each foreign key column points to, by column.

    Only a key of one column that refers to the row key of the target counts: its value is the record key.
    """
    found: dict[str, TableName] = {}
    for key in sorted(table.foreign_keys, key=lambda item: item.name):
        name = (key.target_schema, key.target_table)
        target = synced.get(name)
        if target is not None and _names_a_record(table, key, target):
            found.setdefault(key.columns[0], name)
    return found


def _names_a_record(table: Table, key: ForeignKey, target: Table) -> bool:
    if len(key.columns) != 1 or key.target_columns != target.row_key:
        return False
    column, referred = table.column(key.columns[0]), target.column(key.target_columns[0])
    if column is None or referred is None or column.is_array:
        return False
    alike = column.base == referred.base or {column.base, referred.base} <= {"int2", "int4", "int8"}
    return alike and column.base in _RELATION_KEYS


def title_column(table: Table, left_out: Collection[str] = ()) -> str:
    """The column whose value names the row best; empty when every column is left out."""
    usable = [
        column
        for column in table.columns
        if column.name not in left_out
        and not column.is_array
        and not looks_secret(column)
        and default_type(column).type is not None
    ]
    plain = [column for column in usable if not _is_reference(table, column)]
    texts = [column for column in plain if column.base in _TEXTS and not column.is_enum]
    free = [column for column in texts if not check_labels(table, column)]
    compulsory = [column for column in free if column.not_null]
    groups = (
        _called(texts, _TITLES),
        [column for column in texts if words(column.name)[-1:] and words(column.name)[-1].lower() in _TITLES],
        _called(texts, _LESSER_TITLES),
        compulsory,
        free,
        plain,
        usable,
    )
    return next((group[0].name for group in groups if group), "")


def _called(columns: Sequence[Column], names: Sequence[str]) -> Sequence[Column]:
    """The columns that have one of the names, in the order of the names."""
    by_name = {column.name.lower(): column for column in columns}
    return [by_name[name] for name in names if name in by_name]


def _is_reference(table: Table, column: Column) -> bool:
    if any(column.name in key.columns for key in table.foreign_keys):
        return True
    return column.name in table.row_key and column.base not in _TEXTS


def is_junction(table: Table) -> bool:
    """Whether the table only links two others: two foreign keys, and besides them, keys and plain payload.

    Either the two are the primary key, or they are unique together.
    """
    singles = [key for key in table.foreign_keys if len(key.columns) == 1]
    linked = {key.columns[0] for key in singles}
    if len(linked) != 2:
        return False
    unique = [set(columns) for columns in (table.primary_key, *table.unique_keys)]
    return any(linked <= columns and len(columns) <= 3 for columns in unique)
