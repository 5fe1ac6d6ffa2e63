"""Proposal: which tables of a database are worth syncing, and the settings that `init` proposes for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.configuration.references import Reference
from sync_engine.domain.codecs.arrays import ArrayOf
from sync_engine.domain.codecs.choices import MultiSelectCodec, options_problem
from sync_engine.domain.codecs.registry import default_type, scalar_for
from sync_engine.domain.icons import icon_for
from sync_engine.domain.inference import TableName, is_junction, title_column, type_choice
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.naming import database_title, distinct, looks_secret
from sync_engine.domain.schema import Column, Table
from sync_engine.domain.values import Json, Value
from sync_engine.engine.configure.composite import free_columns
from sync_engine.engine.configure.junctions import Ends, ends_of
from sync_engine.engine.configure.mapping import build_mappings
from sync_engine.errors import ConfigurationError
from sync_engine.settings import (
    FieldSettings,
    NotionSettings,
    PostgresSettings,
    RelationSettings,
    Settings,
    TableSettings,
)

Probe = Callable[[Table, Column], Sequence[Json]]
"""Some images of a column, a few hundred at most: what the data looks like."""

MAX_OPTIONS = 100
"""More different elements than that are no choice for a person, and they swell the schema of the database."""

_BOOKKEEPING = frozenset(
    {"alembic_version", "schema_migrations", "django_migrations", "knex_migrations", "knex_migrations_lock"}
    | {"_prisma_migrations", "flyway_schema_history", "goose_db_version", "ar_internal_metadata"}
    | {"spatial_ref_sys", "databasechangelog", "databasechangeloglock"}
)
_TOUCHED = frozenset({"updated_at", "modified_at", "last_modified", "last_modified_at", "last_updated", "updated"})


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """Settings of one field that differ from the rules, and why."""

    settings: FieldSettings
    reason: str


@dataclass(frozen=True, slots=True)
class TableProposal:
    """A table to sync: its mapping as it would come out, and the fields that are written down."""

    table: Table
    settings: TableSettings
    mapping: TableMapping
    fields: Mapping[str, FieldProposal]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What `init` writes: tables in the order of their references, junctions of which no relation could be made,
    and what was left out and why."""

    schema: str
    tables: tuple[TableProposal, ...]
    junctions: tuple[Table, ...]
    left_out: tuple[tuple[str, str], ...]


def no_probe(_table: Table, _column: Column) -> Sequence[Json]:
    """Nothing is known of the data."""
    return ()


def propose(
    tables: Sequence[Table],
    schemas: Sequence[str] = ("public",),
    wanted: Sequence[str] = (),
    probe: Probe = no_probe,
) -> Proposal:
    """What to sync of the tables in these schemas (only the `wanted` ones, when any is named).

    The first schema is the one whose tables are written without it. Raises ConfigurationError for a wanted table
    that does not exist.
    """
    schema = schemas[0]
    inside = sorted((table for table in tables if table.schema in schemas), key=lambda table: table.name)
    named = {written_name(table, schema): table for table in inside}
    for name in wanted:
        if name not in named:
            raise ConfigurationError(f"table {name!r} is not in the database", hint=did_you_mean(name, named))
    reasons = {name: _reason_against(table, name in wanted) for name, table in named.items()}
    if wanted:
        reasons = {name: reasons[name] for name in named if name in wanted}
    junctions = tuple(named[name] for name, reason in reasons.items() if reason == _JUNCTION)
    left_out = tuple((name, reason) for name, reason in reasons.items() if reason not in ("", _JUNCTION))
    chosen = {name: named[name] for name, reason in reasons.items() if not reason}
    relations = proposed_relations(junctions, chosen, schema)
    linked = {relation.through for settings in relations.values() for relation in settings.values()}
    for name, table in chosen.items():
        relations.setdefault(name, {}).update(_composites(table, chosen, relations.get(name, {})))
    unlinked = tuple(table for table in junctions if written_name(table, schema) not in linked)
    return Proposal(schema, _proposed(chosen, tables, schema, probe, relations), unlinked, left_out)


def proposed_relations(
    junctions: Sequence[Table], chosen: Mapping[str, Table], schema: str
) -> dict[str, dict[str, RelationSettings]]:
    """A relation for each junction, by the table that shows it: the one that its first foreign key refers to."""
    found: dict[str, dict[str, RelationSettings]] = {}
    for through in junctions:
        linking = [
            (own, other, ends)
            for own, table in chosen.items()
            for other, target in chosen.items()
            for ends in ends_of(through, table, target)
        ]
        if linking:
            numbers = {column.name: column.number for column in through.columns}
            own, other, ends = min(linking, key=lambda item: [numbers[name] for name in item[2].own.columns])
            relations = found.setdefault(own, {})
            name = _relation_name(chosen[own], through, chosen[other], relations)
            relations[name] = _relation(written_name(through, schema), other, ends, alone=own != other)
    return found


def _composites(
    table: Table, chosen: Mapping[str, Table], taken: Mapping[str, RelationSettings]
) -> Mapping[str, RelationSettings]:
    """A relation for each foreign key of several columns to the key of a listed table, if it can be set at all."""
    listed = {(item.schema, item.name): (name, item) for name, item in chosen.items()}
    columns = {column.name for column in table.columns}
    found: dict[str, RelationSettings] = {}
    for key in sorted(table.foreign_keys, key=lambda item: item.name):
        name, target = listed.get((key.target_schema, key.target_table), ("", None))
        if target is None or len(key.columns) < 2 or sorted(key.target_columns) != sorted(target.row_key):
            continue
        names = (item for item in (target.name, key.name) if item not in {*columns, *taken, *found})
        if free_columns(table, key) and (free := next(names, "")):
            found[free] = RelationSettings(columns=key.columns, to=name)
    return found


def _relation_name(own: Table, through: Table, target: Table, taken: Mapping[str, RelationSettings]) -> str:
    """That of the target, unless the relation is to its own table or another one is called so: of the junction."""
    columns = {column.name for column in own.columns}
    names = [through.name] if target is own else [target.name, through.name]
    free = (name for name in [*names, f"{through.name}_links"] if name not in columns and name not in taken)
    return next(free, f"{through.name}_{target.name}")


def _relation(through: str, to: str, ends: Ends, *, alone: bool) -> RelationSettings:
    if alone:
        return RelationSettings(through=through, to=to)
    return RelationSettings(
        through=through, to=to, from_column=ends.own.columns[0], to_column=ends.other.columns[0]
    )


def written_name(table: Table, schema: str) -> str:
    """The table as `sync.toml` names it."""
    return table.name if table.schema == schema else f"{table.schema}.{table.name}"


_JUNCTION = "junction"


def _reason_against(table: Table, asked_for: bool) -> str:
    if not table.row_key:
        return "it has no primary key, and no unique key over NOT NULL columns"
    if not asked_for:
        if table.name in _BOOKKEEPING:
            return "it belongs to a migration tool"
        if is_junction(table):
            return _JUNCTION
    return "" if title_column(table) else "no column can be its title"


def _proposed(
    chosen: Mapping[str, Table],
    tables: Sequence[Table],
    schema: str,
    probe: Probe,
    relations: Mapping[str, Mapping[str, RelationSettings]],
) -> tuple[TableProposal, ...]:
    fields = {name: _fields(table, chosen, probe) for name, table in chosen.items()}
    written: list[TableSettings] = []
    titles: list[str] = []
    for name, table in chosen.items():
        titles.append(distinct(database_title(table.name), titles, name))
        written.append(
            TableSettings(
                name=name,
                title=title_column(table),
                icon=icon_for(table.name),
                database_title=titles[-1],
                fields={column: field.settings for column, field in fields[name].items()},
                relations=dict(relations.get(name, {})),
            )
        )
    settings = _settings(schema, tuple(written))
    by_name = {item.name: item for item in written}
    return tuple(
        TableProposal(chosen[mapping.name], by_name[mapping.name], mapping, fields[mapping.name])
        for mapping in build_mappings(settings, tables)
    )


def _settings(schema: str, tables: tuple[TableSettings, ...]) -> Settings:
    unset = Reference("", "")
    return Settings(PostgresSettings(unset, schema), NotionSettings(unset, unset, unset), tables=tables)


def _fields(table: Table, chosen: Mapping[str, Table], probe: Probe) -> Mapping[str, FieldProposal]:
    synced = {(item.schema, item.name) for item in chosen.values()}
    title = title_column(table)
    found: dict[str, FieldProposal] = {}
    for column in table.columns:
        if column.name == title:
            continue
        is_key = column.name in table.row_key
        proposal = _key_field(column) if is_key else _field(table, column, synced, probe)
        if proposal is not None:
            found[column.name] = proposal
    return found


def _key_field(column: Column) -> FieldProposal | None:
    """A part of the key that the database does not make is shown, so that a page made in Notion can bring it."""
    if column.has_default or not column.writable or default_type(column).type is None:
        return None
    return FieldProposal(FieldSettings(), "of the key, which the database does not make: a new page brings it")


def _field(table: Table, column: Column, synced: set[TableName], probe: Probe) -> FieldProposal | None:
    if looks_secret(column):
        return FieldProposal(FieldSettings(ignore=True), "it looks like a secret")
    if column.name.lower() in _TOUCHED and column.base in ("timestamptz", "timestamp"):
        return FieldProposal(
            FieldSettings(ignore=True), "every write moves it, the engine's own too; Notion has its own edit time"
        )
    if _refers_elsewhere(table, column, synced):
        return FieldProposal(
            FieldSettings(direction="to-notion"), "it refers to a table that is not synced: shown, not edited"
        )
    if type_choice(table, column).type == "multi_select":
        problem = multi_select_problem(column, probe(table, column))
        if problem:
            return FieldProposal(FieldSettings(type="rich_text"), f"no multi-select: {problem}")
    return None


def _refers_elsewhere(table: Table, column: Column, synced: set[TableName]) -> bool:
    targets = [
        (key.target_schema, key.target_table) for key in table.foreign_keys if key.columns == (column.name,)
    ]
    return bool(targets) and not any(target in synced for target in targets)


def multi_select_problem(column: Column, images: Sequence[Json]) -> str:
    """Why some of these arrays do not fit a multi-select property, or empty."""
    scalar = scalar_for(column)
    if not isinstance(scalar, ArrayOf):
        return "it is not a list"
    codec = MultiSelectCodec(scalar)
    elements: dict[str, None] = {}
    for image in images:
        value: Value = codec.from_postgres(image)
        if problem := codec.problem(value):
            return problem
        for item in value if isinstance(value, list) else ():
            elements[scalar.element.show(item)] = None
    if len(elements) > MAX_OPTIONS:
        return f"it holds more than {MAX_OPTIONS} different values"
    return options_problem(tuple(elements))
