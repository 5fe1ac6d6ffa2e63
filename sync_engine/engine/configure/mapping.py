"""Mappings: `sync.toml`, the database's catalog and what earlier runs remembered, put together and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.inference import TableName
from sync_engine.domain.mapping import Brake, ConflictPolicy, FieldMapping, Group, TableMapping
from sync_engine.domain.naming import database_title, distinct
from sync_engine.domain.schema import Column, Table
from sync_engine.domain.table_order import parents_first
from sync_engine.engine.configure.composite import map_composites
from sync_engine.engine.configure.field_mapping import map_fields
from sync_engine.engine.configure.junctions import Catalog, map_relations
from sync_engine.engine.configure.known_columns import TableContext
from sync_engine.errors import ConfigurationError
from sync_engine.ports.registrations import Registration
from sync_engine.settings import DeletePolicies, Settings, TableSettings, notion_id

_SOFT_BASES = frozenset({"timestamptz", "timestamp", "date", "bool"})


@dataclass(frozen=True, slots=True)
class _Placed:
    """A table of `sync.toml` and what it is in the database."""

    position: int
    settings: TableSettings
    table: Table
    registration: Registration | None


WhatIs = Callable[[str, str], str]
"""What a name of a schema is that is no table of ours: `view`, `materialized view`, `foreign table`, `partition`,
`temporary table`; empty when there is no such name."""

_INSTEAD = {
    "partition": "name the partitioned table, which stands for all of its partitions",
    "foreign table": "its rows are in another database: sync it there",
    "temporary table": "it goes with its session: sync a table that stays",
}


def build_mappings(
    settings: Settings,
    tables: Sequence[Table],
    registrations: Sequence[Registration] = (),
    what_is: WhatIs = lambda _schema, _name: "",
) -> Sequence[TableMapping]:
    """The mappings of `sync.toml`, parents first, with what is remembered of them filled in.

    A table or column that was renamed since `setup` is found again by its oid or number, a renamed property by its
    id. Raises ConfigurationError, naming the line and the nearest name, for whatever the database does not have or
    a property cannot show.
    """
    catalog = {(table.schema, table.name): table for table in tables}
    remembered = {item.name: item for item in registrations}
    placed = [
        _place(settings, position, table, catalog, remembered.get(table.name), what_is)
        for position, table in enumerate(settings.tables)
    ]
    _refuse_shared_tables(settings, placed)
    names = {(item.table.schema, item.table.name): item.settings.name for item in placed}
    synced = {name: catalog[name] for name in names}
    titles = _database_titles(settings, placed)
    known = Catalog(catalog, {item.settings.name: item.table for item in placed}, remembered)
    mappings = {
        item.settings.name: _table_mapping(settings, item, synced, names, titles[item.settings.name], known)
        for item in placed
    }
    parents = {item.settings.name: _parents(item, names) for item in placed}
    return tuple(mappings[name] for name in parents_first(tuple(mappings), parents))


def _parents(item: _Placed, names: Mapping[TableName, str]) -> set[str]:
    """The tables whose pages this table's relations point to."""
    targets = ((key.target_schema, key.target_table) for key in item.table.foreign_keys)
    linked = {relation.to for relation in item.settings.relations.values()}
    return linked | {names[target] for target in targets if target in names}


def _place(
    settings: Settings,
    position: int,
    wanted: TableSettings,
    catalog: Mapping[TableName, Table],
    registration: Registration | None,
    what_is: WhatIs,
) -> _Placed:
    table = _find_table(wanted.name, settings.postgres.schema, catalog, registration)
    if table is None:
        _refuse_other_kinds(settings, position, wanted.name, what_is)
        known = (_written(name, settings.postgres.schema) for name in catalog)
        hint = did_you_mean(wanted.name, known) or f"schema {settings.postgres.schema!r} has no table"
        raise ConfigurationError(
            f"{settings.where('tables', position, 'name')}: table {wanted.name!r} is not in the database",
            hint=hint,
        )
    if not table.row_key:
        raise ConfigurationError(
            f"{settings.where('tables', position, 'name')}: table {wanted.name!r} has no primary key, and no "
            "unique key over NOT NULL columns",
            hint="a row without a key cannot be followed; add a primary key, or take the table out",
        )
    return _Placed(position, wanted, _by_known_key(table, registration), registration)


def _by_known_key(table: Table, registration: Registration | None) -> Table:
    """The table with the key by which its records are known, whatever its primary key is now, while the old one
    still names each row."""
    if registration is None or registration.oid != table.oid or not registration.key_numbers:
        return table
    by_number = {column.number: column for column in table.columns}
    known = [by_number.get(number) for number in registration.key_numbers]
    names = tuple(column.name for column in known if column is not None and column.not_null)
    unique = {frozenset(key) for key in (table.primary_key, *table.unique_keys)}
    return replace(table, primary_key=names) if len(names) == len(known) and {*names} in unique else table


def _refuse_other_kinds(settings: Settings, position: int, name: str, what_is: WhatIs) -> None:
    outside, dot, bare = name.partition(".")
    kind = what_is(settings.postgres.schema, name) or (what_is(outside, bare) if dot else "")
    if kind:
        raise ConfigurationError(
            f"{settings.where('tables', position, 'name')}: {name!r} is a {kind}, and only tables can be synced",
            hint=_INSTEAD.get(kind, "its rows are those of other tables: name the tables that it reads"),
        )


def _written(name: TableName, schema: str) -> str:
    return name[1] if name[0] == schema else f"{name[0]}.{name[1]}"


def _find_table(
    name: str, schema: str, catalog: Mapping[TableName, Table], registration: Registration | None
) -> Table | None:
    """By name first: where a new table took over the name of the old one, the name is what people mean."""
    found = catalog.get((schema, name))
    if found is None and "." in name:
        outside, _, bare = name.partition(".")
        found = catalog.get((outside, bare))
    if found is None and registration is not None:
        found = next((table for table in catalog.values() if table.oid == registration.oid), None)
    return found


def _refuse_shared_tables(settings: Settings, placed: Sequence[_Placed]) -> None:
    seen: dict[int, _Placed] = {}
    for item in placed:
        other = seen.setdefault(item.table.oid, item)
        if other is not item:
            raise ConfigurationError(
                f"{settings.where('tables', item.position, 'name')}: {item.settings.name!r} and "
                f"{other.settings.name!r} are the same table, {item.table.schema}.{item.table.name}",
                hint="keep one of them",
            )


def _database_titles(settings: Settings, placed: Sequence[_Placed]) -> Mapping[str, str]:
    """Unique titles: `setup` finds a database that it made before by its title."""
    titles: dict[str, str] = {}
    for item in placed:
        title = item.settings.database_title
        if title is None:
            continue
        if title in titles.values():
            raise ConfigurationError(
                f"{settings.where('tables', item.position, 'database_title')}: the title {title!r} is there twice",
                hint="give each database a title of its own",
            )
        titles[item.settings.name] = title
    for item in placed:
        if item.settings.name not in titles:
            origin = f"{item.table.schema}.{item.table.name}"
            titles[item.settings.name] = distinct(database_title(item.table.name), titles.values(), origin)
    return titles


def _table_mapping(
    settings: Settings,
    item: _Placed,
    synced: Mapping[TableName, Table],
    names: Mapping[TableName, str],
    title: str,
    catalog: Catalog,
) -> TableMapping:
    table, wanted = item.table, item.settings
    context = TableContext(settings, item.position, wanted, table, item.registration, synced, names)
    mapped = map_fields(context)
    relations = map_relations(context, mapped.fields, catalog)
    relations += map_composites(context, (*mapped.fields, *relations), catalog.synced)
    keys = [column for name in table.row_key if (column := table.column(name)) is not None]
    policies = wanted.delete or settings.defaults.delete
    brake = wanted.brake or settings.defaults.brake
    soft = _soft_column(settings, item, policies)
    mapping = TableMapping(
        name=wanted.name,
        schema=table.schema,
        table=table.name,
        key_columns=table.row_key,
        key_types=tuple(column.type for column in keys),
        key_numbers=tuple(column.number for column in keys),
        fields=(*mapped.fields, *relations),
        title=mapped.title,
        oid=table.oid,
        direction=wanted.direction or settings.defaults.direction,
        database_title=title,
        icon=wanted.icon or "",
        key_has_default=all(column.has_default or bool(column.identity) for column in keys),
        delete_from_postgres=policies.from_postgres,
        delete_from_notion=policies.from_notion,
        brake=Brake(brake.share, brake.min, brake.update_share),
        captured=mapped.captured,
        pinned=_pinned((*mapped.fields, *relations)),
        soft_column=soft.name if soft is not None else "",
        soft_type=soft.base if soft is not None else "",
        groups=_groups(settings, item, mapped.fields),
        where=wanted.where or "",
        match=_match(settings, item, mapped.fields),
        unmatched=wanted.unmatched,
        adopts=_adopts(settings, item),
    )
    return _with_memory(mapping, item.registration)


def _pinned(fields: Sequence[FieldMapping]) -> tuple[str, ...]:
    """The columns of derived values: whichever of them changes, an update tells them all."""
    return tuple(dict.fromkeys(column for item in fields for column in item.derived_from()))


def _groups(settings: Settings, item: _Placed, fields: Sequence[FieldMapping]) -> tuple[Group, ...]:
    """The groups of the table. Raises ConfigurationError for a field that is not synced, or is in two groups."""
    names = {field.name for field in fields}
    taken: set[str] = set()
    groups: list[Group] = []
    usual = item.settings.conflict or settings.defaults.conflict
    for number, wanted in enumerate(item.settings.groups):
        at = f"{settings.where('tables', item.position, 'groups', number)}: table {item.settings.name!r}"
        for name in wanted.fields:
            if name not in names:
                raise ConfigurationError(f"{at}: {name!r} is not a synced field", hint=did_you_mean(name, names))
            if name in taken:
                raise ConfigurationError(f"{at}: {name!r} is in a group twice", hint="name it once")
            taken.add(name)
        groups.append(Group(wanted.fields, wanted.conflict or _of_a_side(usual)))
    return tuple(groups)


def _match(settings: Settings, item: _Placed, fields: Sequence[FieldMapping]) -> tuple[str, ...] | None:
    """The fields that rows and pages are matched by. Raises ConfigurationError for what cannot be compared."""
    known = {field.name: field for field in fields}
    for name in item.settings.match or ():
        at = f"{settings.where('tables', item.position, 'match')}: table {item.settings.name!r}"
        if name not in known:
            raise ConfigurationError(f"{at}: {name!r} is not a synced field", hint=did_you_mean(name, known))
        if known[name].relation_to:
            raise ConfigurationError(
                f"{at}: {name!r} is a relation, and which pages it means is not known before they are matched",
                hint="match by other columns",
            )
    return item.settings.match


def _adopts(settings: Settings, item: _Placed) -> str:
    given = item.settings.database_id
    if given is None:
        return ""
    where = settings.where("tables", item.position, "database_id")
    try:
        found = notion_id(given)
    except ValueError:
        raise ConfigurationError(
            f"{where}: {given!r} is not the id of a Notion database",
            hint="open it as a full page, choose Copy link, and use that link or the 32 characters in it",
        ) from None
    others = [table for table in settings.tables if table.name != item.settings.name and table.database_id]
    if any(notion_id(str(other.database_id)) == found for other in others):
        raise ConfigurationError(f"{where}: another table uses the same database", hint="give each its own")
    return found


def _of_a_side(policy: ConflictPolicy) -> ConflictPolicy:
    """A group goes to one side as a whole: policies that combine values give way to `newest`."""
    return policy if policy in ("newest", "postgres", "notion", "manual") else "newest"


def _with_memory(mapping: TableMapping, registration: Registration | None) -> TableMapping:
    if registration is None:
        return mapping
    return replace(
        mapping,
        id=registration.id,
        database_id=registration.database_id,
        data_source_id=registration.data_source_id,
        key_property_id=registration.key_property_id,
        row_filter=registration.row_filter,
    )


def _soft_column(settings: Settings, item: _Placed, policies: DeletePolicies) -> Column | None:
    """The column that marks a deleted row, when a policy needs one."""
    if "soft" not in (policies.from_postgres, policies.from_notion):
        return None
    wanted = policies.soft_column or item.settings.soft_column or settings.defaults.soft_column
    at = f"{settings.where('tables', item.position)}: table {item.settings.name!r}"
    if wanted is None:
        raise ConfigurationError(
            f"{at}: the delete policy soft needs a soft_column", hint='for example soft_column = "deleted_at"'
        )
    column = item.table.column(wanted)
    if column is None:
        names = (other.name for other in item.table.columns)
        raise ConfigurationError(f"{at}: soft_column {wanted!r} is not a column", hint=did_you_mean(wanted, names))
    if column.base not in _SOFT_BASES or not column.writable:
        raise ConfigurationError(
            f"{at}: soft_column {wanted!r} is {column.type}, neither a time nor a boolean",
            hint="name a column such as deleted_at timestamptz",
        )
    return column
