"""Composite keys: relations to one by a foreign key of several columns (`columns` of `[tables.relations]`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.codecs.registry import scalar_for
from sync_engine.domain.codecs.relation import KeyCodec
from sync_engine.domain.mapping import KEY_PROPERTY, CompositeKey, ConflictPolicy, Direction, FieldMapping
from sync_engine.domain.schema import ForeignKey, Table
from sync_engine.engine.configure.known_columns import TableContext, relation_property, remembered_property
from sync_engine.settings import RelationSettings


def free_columns(table: Table, key: ForeignKey) -> tuple[str, ...]:
    """The columns that only say which row is referred to: neither of the table's key nor of another foreign key.

    They alone are written when the relation is set; the others have to be those of the target already.
    """
    others = {column for other in table.foreign_keys if other is not key for column in other.columns}
    return tuple(column for column in key.columns if column not in table.row_key and column not in others)


def composite_keys(context: TableContext) -> Mapping[str, ForeignKey]:
    """The foreign key of each composite relation of the table. Raises ConfigurationError, with the line."""
    return {
        name: _foreign_key(context, name, wanted)
        for name, wanted in context.wanted.relations.items()
        if wanted.columns is not None
    }


def map_composites(
    context: TableContext, fields: Sequence[FieldMapping], synced: Mapping[str, Table]
) -> tuple[FieldMapping, ...]:
    """The relations by several columns. Raises ConfigurationError, with the line, for what cannot be one."""
    taken = [KEY_PROPERTY, *(item.property for item in fields)]
    found: list[FieldMapping] = []
    for name, key in composite_keys(context).items():
        wanted = context.wanted.relations[name]
        target = synced.get(wanted.to)
        if target is None or (target.schema, target.name) != (key.target_schema, key.target_table):
            raise context.error(
                f"{', '.join(wanted.columns or ())} refer to {key.target_table!r}, and that is not synced as "
                f"{wanted.to!r}",
                "relations",
                name,
                "to",
                hint=did_you_mean(key.target_table, synced) or "add that table to sync.toml",
            )
        found.append(_field(context, name, wanted, key, target, taken))
        taken.append(found[-1].property)
    return tuple(found)


def _foreign_key(context: TableContext, name: str, wanted: RelationSettings) -> ForeignKey:
    columns = wanted.columns or ()
    if context.table.column(name) is not None:
        raise context.error(
            f"a relation cannot be called {name!r}, as a column is", "relations", name, hint="call it otherwise"
        )
    for column in columns:
        if context.table.column(column) is None:
            names = [item.name for item in context.table.columns]
            raise context.error(
                f"there is no column {column!r}", "relations", name, "columns", hint=did_you_mean(column, names)
            )
    for key in context.table.foreign_keys:
        if sorted(key.columns) == sorted(columns):
            return key
    raise context.error(
        f"{', '.join(columns)} are no foreign key",
        "relations",
        name,
        "columns",
        hint="name all columns of one foreign key",
    )


def _field(
    context: TableContext,
    name: str,
    wanted: RelationSettings,
    key: ForeignKey,
    target: Table,
    taken: Sequence[str],
) -> FieldMapping:
    if sorted(key.target_columns) != sorted(target.row_key):
        raise context.error(
            f"{', '.join(key.columns)} do not refer to the key of {target.name!r}",
            "relations",
            name,
            "columns",
            hint="a relation names a row by its key",
        )
    referring = dict(zip(key.target_columns, key.columns, strict=True))
    columns = tuple(referring[column] for column in target.row_key)
    described = [item for column in columns for item in context.table.columns if item.name == column]
    free = free_columns(context.table, key)
    return FieldMapping(
        name=name,
        column=name,
        number=0,
        column_type="",
        property=relation_property(context, name, wanted, taken),
        type="relation",
        codec=KeyCodec(),
        property_id=remembered_property(context, name),
        direction=_direction(context, wanted, read_only=not free),
        conflict=_conflict(context, wanted),
        not_null=any(item.not_null for item in described if item.name in free),
        writable=bool(free),
        relation_to=wanted.to,
        composite=CompositeKey(columns, tuple(map(scalar_for, described)), frozenset(free)),
    )


def _direction(context: TableContext, wanted: RelationSettings, *, read_only: bool) -> Direction:
    if read_only:
        return "to-notion"
    return wanted.direction or context.wanted.direction or context.settings.defaults.direction


def _conflict(context: TableContext, wanted: RelationSettings) -> ConflictPolicy:
    if wanted.conflict is not None and wanted.conflict != "union":
        return wanted.conflict
    inherited = context.wanted.conflict or context.settings.defaults.conflict
    return inherited if inherited in ("postgres", "notion", "manual") else "newest"
