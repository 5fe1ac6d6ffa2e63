"""The mapping: which table is which data source, which column is which property, and under what rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sync_engine.domain.codecs.codec import Codec
from sync_engine.domain.codecs.scalar import Scalar
from sync_engine.domain.keys import decode_key, encode_key
from sync_engine.domain.template import Template
from sync_engine.domain.values import Json, JsonObject

Direction = Literal["both", "to-notion", "from-notion"]
ConflictPolicy = Literal[
    "newest",
    "postgres",
    "notion",
    "manual",
    "union",
    "min",
    "max",
    "delta",
    "lines",
    "custom",
]
DeletePolicy = Literal["ignore", "hold", "soft", "trash", "delete"]

KEY_PROPERTY = "Sync Key"
"""Name of the property that carries the record key on the page; found again by id after a rename."""


@dataclass(frozen=True, slots=True)
class Junction:
    """A table each of whose rows links one row of the field's table to one of the relation's target.

    `rows` is that table as it is captured: it has no fields and no page. `own` are its columns that refer to the
    key of the field's table and `other` those that refer to the key of the target, in key order; `own_scalars`
    and `other_scalars` are their types.
    """

    rows: TableMapping
    own: tuple[str, ...]
    own_scalars: tuple[Scalar, ...]
    other: tuple[str, ...]
    other_scalars: tuple[Scalar, ...]

    def owner(self, image: JsonObject) -> str:
        """The key of the field's row that a row of the junction belongs to; empty when it belongs to none."""
        return _key(self.own, self.own_scalars, image)

    def target(self, image: JsonObject) -> str:
        """The key of the row at the other end; empty when there is none."""
        return _key(self.other, self.other_scalars, image)

    def turned(self) -> Junction:
        """The same junction, seen from the target."""
        return Junction(self.rows, self.other, self.other_scalars, self.own, self.own_scalars)


@dataclass(frozen=True, slots=True)
class CompositeKey:
    """A foreign key of several columns of the field's own table, in the order of the key that they refer to.

    Only the `free` ones are written with the relation: the others belong to something else, too.
    """

    columns: tuple[str, ...]
    scalars: tuple[Scalar, ...]
    free: frozenset[str]

    def target(self, image: JsonObject) -> str | None:
        """The key that a row image refers to; None when a part of it is NULL."""
        return _key(self.columns, self.scalars, image) or None

    def literals(self, key: str | None) -> dict[str, str | None]:
        """What is written to refer to that key (None: to nothing), by free column."""
        if key is None:
            return dict.fromkeys(self.free)
        return {column: literal for column, literal in self._parts(key) if column in self.free}

    def bound(self, key: str) -> dict[str, str]:
        """What the other columns must hold for the row to refer to that key."""
        return {column: literal for column, literal in self._parts(key) if column not in self.free}

    def contradiction(self, key: str, image: JsonObject) -> str:
        """Why a row with this image cannot refer to that key, as the end of a sentence; empty when it can."""
        for column, scalar, part in zip(
            self.columns, self.scalars, decode_key(key, len(self.columns)), strict=True
        ):
            value = image.get(column)
            held = None if value is None else scalar.show(scalar.read(value))
            if column not in self.free and held != part:
                return f"has {column} = {part}, and the row has {'none' if held is None else held}"
        return ""

    def _parts(self, key: str) -> Iterator[tuple[str, str]]:
        parts = decode_key(key, len(self.columns))
        for column, scalar, part in zip(self.columns, self.scalars, parts, strict=True):
            yield column, scalar.literal(scalar.parse(part))


def _key(columns: tuple[str, ...], scalars: tuple[Scalar, ...], image: JsonObject) -> str:
    parts: list[str] = []
    for column, scalar in zip(columns, scalars, strict=True):
        value = image.get(column)
        if value is None:
            return ""
        parts.append(scalar.show(scalar.read(value)))
    return encode_key(parts)


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """One mapped field. `name` is the column's name at `init` time and names the field everywhere.

    `property_id` is empty until `setup` made or found the property. `former` are names that the column had before;
    events of that time carry them. `relation_to` names the mapping (table)
    that a relation field points to; its canonical value is then the target's record key, or None. `gives_key`: the
    column is of the key and not written once there is a row, but a page that becomes one may bring its value.
    A relation with a `junction` is to many: its canonical value is the sorted list of the targets' record keys, or
    None, and its column is a name of its own that row images have it under. So is that of a relation by a
    `composite` key, whose value is the key of the one target, and of a title made by a `template`.
    `resolver` is what decides under the policy `custom`: `sql:SCHEMA.FUNCTION` or `python:MODULE:FUNCTION`.
    """

    name: str
    column: str
    number: int
    column_type: str
    property: str
    type: str
    codec: Codec
    property_id: str = ""
    direction: Direction = "both"
    conflict: ConflictPolicy = "newest"
    resolver: str = ""
    not_null: bool = False
    has_default: bool = False
    writable: bool = True
    gives_key: bool = False
    relation_to: str = ""
    options: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    junction: Junction | None = None
    composite: CompositeKey | None = None
    template: Template | None = None

    def derived_from(self) -> tuple[str, ...]:
        """The columns that the value is made of, where it is not that of one column; empty when it is."""
        if self.composite is not None:
            return self.composite.columns
        return tuple(self.template.columns.values()) if self.template is not None else ()

    def derive(self, image: JsonObject) -> Json:
        """The image of a derived value, from those of its columns."""
        if self.composite is not None:
            return self.composite.target(image)
        return self.template.render(image) if self.template is not None else None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that win or lose together, because a rule of the table ties them, and their policy."""

    fields: tuple[str, ...]
    conflict: ConflictPolicy = "newest"


@dataclass(frozen=True, slots=True)
class Brake:
    """Mass-change brake: a pass may delete or update `share` of a table's records, and always `minimum`.

    `update_share` is the share for updates when that is another one.
    """

    share: float = 0.1
    minimum: int = 20
    update_share: float | None = None


@dataclass(frozen=True)
class TableMapping:
    """One mapped table. `id` is 0 until it is registered in the engine schema (`setup`).

    `name` is the table as `sync.toml` and the command line write it: bare inside `[postgres].schema`, else
    schema-qualified. `title` is the field shown as the page title. `captured` are all column names whose
    images the trigger stores (mapped or not; secrets excluded). `soft_column` is set when a delete policy is
    `soft`: a row that it marks counts as deleted; `soft_type` is the column's base type. `where` is the row filter
    as `sync.toml` writes it, `row_filter` what `setup` made of it (Postgres' own text of the expression). `match`
    are the fields by which rows and pages that existed apart are linked (None: nobody said), `adopts` is the id of
    the database to use. `key_numbers` are the numbers of the key's columns, `pinned` are columns that every
    captured update tells, changed or not.
    """

    name: str
    schema: str
    table: str
    key_columns: tuple[str, ...]
    key_types: tuple[str, ...]
    fields: tuple[FieldMapping, ...]
    title: str
    id: int = 0
    oid: int = 0
    direction: Direction = "both"
    database_title: str = ""
    icon: str = ""
    database_id: str = ""
    data_source_id: str = ""
    key_property_id: str = ""
    key_has_default: bool = True
    delete_from_postgres: DeletePolicy = "trash"
    delete_from_notion: DeletePolicy = "hold"
    brake: Brake = field(default_factory=Brake)
    captured: tuple[str, ...] = ()
    soft_column: str = ""
    soft_type: str = ""
    where: str = ""
    row_filter: str = ""
    match: tuple[str, ...] | None = None
    unmatched: Literal["create", "hold"] = "create"
    adopts: str = ""
    key_numbers: tuple[int, ...] = ()
    groups: tuple[Group, ...] = ()
    pinned: tuple[str, ...] = ()

    def field_named(self, name: str) -> FieldMapping | None:
        """The field of that name, or None."""
        return self.by_name.get(name)

    @cached_property
    def by_name(self) -> Mapping[str, FieldMapping]:
        """Fields by name."""
        return {item.name: item for item in self.fields}

    @cached_property
    def to_many(self) -> tuple[FieldMapping, ...]:
        """The relations through a junction."""
        return tuple(item for item in self.fields if item.junction is not None)

    @cached_property
    def composites(self) -> tuple[FieldMapping, ...]:
        """The relations by a foreign key of several columns."""
        return tuple(item for item in self.fields if item.composite is not None)

    @cached_property
    def derived(self) -> tuple[FieldMapping, ...]:
        """The fields whose values are made of several columns."""
        return tuple(item for item in self.fields if item.derived_from())

    def with_derived(self, image: JsonObject) -> JsonObject:
        """A row image with the derived values that can be made of its columns, under the names of their fields."""
        made = {
            item.column: item.derive(image) for item in self.derived if image.keys() >= set(item.derived_from())
        }
        return {**image, **made} if made else image

    @cached_property
    def title_columns(self) -> tuple[str, ...]:
        """The columns that the title is made of."""
        title = self.by_name[self.title]
        return title.derived_from() or (title.column,)

    @cached_property
    def by_column(self) -> Mapping[str, FieldMapping]:
        """Fields by column name, former names included unless another column bears them now."""
        former = {name: item for item in self.fields for name in item.former}
        return former | {item.column: item for item in self.fields}

    @cached_property
    def by_property_id(self) -> Mapping[str, FieldMapping]:
        """Fields by property id (only those that have one)."""
        return {item.property_id: item for item in self.fields if item.property_id}


def captured_tables(mappings: Sequence[TableMapping]) -> tuple[TableMapping, ...]:
    """The mapped tables and, after them, the junctions of their relations: all whose changes are logged."""
    junctions = {
        item.junction.rows.oid: item.junction.rows
        for mapping in mappings
        for item in mapping.to_many
        if item.junction is not None
    }
    return (*mappings, *junctions.values())
