"""Junctions: the relations to many of `[tables.relations]`, each through a table whose rows are its links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.codecs.links import LinksCodec
from sync_engine.domain.codecs.registry import scalar_for
from sync_engine.domain.inference import TableName
from sync_engine.domain.mapping import (
    KEY_PROPERTY,
    ConflictPolicy,
    Direction,
    FieldMapping,
    Junction,
    TableMapping,
)
from sync_engine.domain.naming import looks_secret
from sync_engine.domain.schema import Column, ForeignKey, Table
from sync_engine.engine.configure.known_columns import TableContext, relation_property, remembered_property
from sync_engine.errors import ConfigurationError
from sync_engine.ports.registrations import Registration
from sync_engine.settings import RelationSettings


@dataclass(frozen=True, slots=True)
class Ends:
    """The two foreign keys of a junction: to the table of the relation and to its target."""

    own: ForeignKey
    other: ForeignKey

    @property
    def columns(self) -> tuple[str, ...]:
        """All their columns."""
        return (*self.own.columns, *self.other.columns)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the database has, what `sync.toml` syncs of it (by name), and what is remembered of captured tables."""

    tables: Mapping[TableName, Table]
    synced: Mapping[str, Table]
    remembered: Mapping[str, Registration]


def map_relations(
    context: TableContext, fields: Sequence[FieldMapping], catalog: Catalog
) -> tuple[FieldMapping, ...]:
    """The relations to many of a table. Raises ConfigurationError, with the line, for what cannot be one."""
    names = [item.property for item in fields]
    found: list[FieldMapping] = []
    for name, wanted in context.wanted.relations.items():
        if wanted.through is None:
            continue
        found.append(_relation(context, name, wanted, catalog, names))
        names.append(found[-1].property)
    return tuple(found)


def _relation(
    context: TableContext, name: str, wanted: RelationSettings, catalog: Catalog, names: Collection[str]
) -> FieldMapping:
    if context.table.column(name) is not None:
        raise _error(
            context, name, f"a relation cannot be called {name!r}, as a column is", hint="call it otherwise"
        )
    target = catalog.synced.get(wanted.to)
    if target is None:
        hint = did_you_mean(wanted.to, catalog.synced) or "add that table to sync.toml"
        raise _error(context, name, f"table {wanted.to!r} is not synced", "to", hint=hint)
    through = _through(context, name, wanted, catalog)
    ends = _ends(context, name, wanted, through, target)
    why_not = reason_against_writes(through, ends)
    return FieldMapping(
        name=name,
        column=name,
        number=0,
        column_type="",
        property=relation_property(context, name, wanted, (KEY_PROPERTY, *names)),
        type="relation",
        codec=LinksCodec(),
        property_id=remembered_property(context, name),
        direction=_direction(context, name, wanted, why_not),
        conflict=_conflict(context, wanted),
        writable=not why_not,
        has_default=True,
        relation_to=wanted.to,
        junction=_junction(through, ends, catalog),
    )


def _through(context: TableContext, name: str, wanted: RelationSettings, catalog: Catalog) -> Table:
    schema, dot, bare = (wanted.through or "").partition(".")
    found = catalog.tables.get((context.settings.postgres.schema, wanted.through or ""))
    found = found or (catalog.tables.get((schema, bare)) if dot else None)
    found = found or _renamed(context, wanted.through or "", catalog)
    if found is None:
        hint = did_you_mean(wanted.through or "", (table.name for table in catalog.tables.values()))
        hint = hint or "name the table that links the two, or take the relation out"
        raise _error(context, name, f"table {wanted.through!r} is not in the database", "through", hint=hint)
    if not found.row_key:
        raise _error(context, name, f"table {wanted.through!r} has no key", "through", hint="add a primary key")
    if any(table.oid == found.oid for table in catalog.synced.values()):
        raise _error(
            context,
            name,
            f"table {wanted.through!r} is synced as a database of its own",
            "through",
            hint="take its [[tables]] out, or this relation",
        )
    return found


def _renamed(context: TableContext, through: str, catalog: Catalog) -> Table | None:
    """The junction that was captured under this name, whatever it is called now."""
    names = (f"{context.settings.postgres.schema}.{through}", through)
    known = next((catalog.remembered[name] for name in names if name in catalog.remembered), None)
    if known is None or known.data_source_id:
        return None
    return next((table for table in catalog.tables.values() if table.oid == known.oid), None)


def ends_of(through: Table, own: Table, other: Table, wanted: RelationSettings | None = None) -> Sequence[Ends]:
    """The pairs of foreign keys by which a table links these two, in the order of their columns."""
    numbers = {column.name: column.number for column in through.columns}
    keys = sorted(through.foreign_keys, key=lambda key: [numbers[column] for column in key.columns])
    return [
        Ends(first, second)
        for first in keys
        for second in keys
        if first is not second
        and not set(first.columns) & set(second.columns)
        and _refers(first, own)
        and _refers(second, other)
        and (wanted is None or wanted.from_column is None or wanted.from_column in first.columns)
        and (wanted is None or wanted.to_column is None or wanted.to_column in second.columns)
    ]


def _refers(key: ForeignKey, table: Table) -> bool:
    """Whether the foreign key names rows of the table by their key."""
    named = (key.target_schema, key.target_table) == (table.schema, table.name)
    return named and sorted(key.target_columns) == sorted(table.row_key)


def _ends(context: TableContext, name: str, wanted: RelationSettings, through: Table, target: Table) -> Ends:
    found = ends_of(through, context.table, target, wanted)
    if not found:
        raise _error(
            context,
            name,
            f"table {wanted.through!r} has no two foreign keys, one to the key of {context.wanted.name!r} "
            f"and one to that of {wanted.to!r}",
            "through",
            hint="name a table that links the two",
        )
    if len(found) > 1:
        choices = "; ".join(f"{', '.join(item.own.columns)} → {', '.join(item.other.columns)}" for item in found)
        raise _error(
            context,
            name,
            f"table {wanted.through!r} links the two in more than one way: {choices}",
            "through",
            hint="say which with from_column and to_column",
        )
    return found[0]


def reason_against_writes(through: Table, ends: Ends) -> str:
    """Why a link that is made or taken away in Notion could not be a row of the junction; empty when it can."""
    unique = [set(columns) for columns in (through.primary_key, *through.unique_keys) if columns]
    if not any(columns <= set(ends.columns) for columns in unique):
        return "two rows may link the same pair, so that a link is no single row"
    for column in through.columns:
        if column.name not in ends.columns and column.not_null and not _fills_itself(column):
            return f"nothing fills {column.name}, which must not be empty"
    return ""


def _fills_itself(column: Column) -> bool:
    return column.has_default or bool(column.identity) or bool(column.generated)


def _junction(through: Table, ends: Ends, catalog: Catalog) -> Junction:
    registration = _registration(through, catalog)
    columns = {column.name: column for column in through.columns}
    rows = TableMapping(
        name=registration.name if registration is not None else f"{through.schema}.{through.name}",
        schema=through.schema,
        table=through.name,
        key_columns=through.row_key,
        key_types=tuple(columns[column].type for column in through.row_key),
        fields=(),
        title="",
        id=registration.id if registration is not None else 0,
        oid=through.oid,
        captured=tuple(
            item.name for item in through.columns if _is_captured(item, (*through.row_key, *ends.columns))
        ),
        pinned=tuple(
            item.name for item in through.columns if any(item.name in key.columns for key in through.foreign_keys)
        ),
    )
    own = _in_order(ends.own, _key_of(ends.own, catalog))
    other = _in_order(ends.other, _key_of(ends.other, catalog))
    return Junction(
        rows,
        own,
        tuple(scalar_for(columns[column]) for column in own),
        other,
        tuple(scalar_for(columns[column]) for column in other),
    )


def _registration(through: Table, catalog: Catalog) -> Registration | None:
    """What is remembered of the junction: by its name, or by the one that it had when it was first captured."""
    earlier = (item for item in catalog.remembered.values() if item.oid == through.oid and not item.data_source_id)
    return catalog.remembered.get(f"{through.schema}.{through.name}") or next(earlier, None)


def _key_of(end: ForeignKey, catalog: Catalog) -> tuple[str, ...]:
    return catalog.tables[end.target_schema, end.target_table].row_key


def _in_order(end: ForeignKey, key: Sequence[str]) -> tuple[str, ...]:
    """The columns of the foreign key in the order of the key that they refer to."""
    referring = dict(zip(end.target_columns, end.columns, strict=True))
    return tuple(referring[column] for column in key)


def _is_captured(column: Column, needed: Collection[str]) -> bool:
    return column.name in needed or not (looks_secret(column) or column.generated)


def _direction(context: TableContext, name: str, wanted: RelationSettings, why_not: str) -> Direction:
    direction = wanted.direction or context.wanted.direction or context.settings.defaults.direction
    if not why_not:
        return direction
    if wanted.direction is not None and wanted.direction != "to-notion":
        raise _error(
            context,
            name,
            f"links of table {wanted.through!r} cannot be edited in Notion: {why_not}",
            "direction",
            hint='take it out, or write direction = "to-notion"',
        )
    return "to-notion"


def _conflict(context: TableContext, wanted: RelationSettings) -> ConflictPolicy:
    """Links are merged one by one unless a policy says otherwise."""
    if wanted.conflict is not None:
        return wanted.conflict
    inherited = context.wanted.conflict or context.settings.defaults.conflict
    return inherited if inherited in ("postgres", "notion", "manual") else "union"


def _error(context: TableContext, name: str, message: str, *place: str, hint: str) -> ConfigurationError:
    return context.error(message, "relations", name, *place, hint=hint)
