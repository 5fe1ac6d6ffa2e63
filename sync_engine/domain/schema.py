"""What a Postgres table and a Notion data source look like, as read from their catalogs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Generated = Literal["", "stored", "virtual"]
Identity = Literal["", "always", "default"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `number` is `pg_attribute.attnum`: it survives a rename.

    `type` is `format_type` (`numeric(10,6)`, `character varying(80)`, `text[]`). `base` is the name of the
    underlying type with domains resolved and without modifiers: `numeric`, `varchar`, `text`, `uuid`, `jsonb`,
    `timestamptz`, `bool`, `int4`, or the enum's own name; of an array it is the element's base.
    """

    name: str
    number: int
    type: str
    base: str
    is_array: bool = False
    is_enum: bool = False
    enum_labels: tuple[str, ...] = ()
    not_null: bool = False
    has_default: bool = False
    generated: Generated = ""
    identity: Identity = ""
    precision: int | None = None
    scale: int | None = None
    comment: str = ""

    @property
    def writable(self) -> bool:
        """Whether an UPDATE may set it."""
        return not self.generated and self.identity != "always"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` refer to `target_columns` of `target_schema.target_table`, in the same order."""

    name: str
    columns: tuple[str, ...]
    target_schema: str
    target_table: str
    target_columns: tuple[str, ...]
    on_delete: str = "no action"


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; `values` holds the literals when it is a plain `column IN (...)` list."""

    name: str
    columns: tuple[str, ...]
    definition: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the catalog has it. `oid` survives a rename.

    The rows of a `partitioned` table are those of its partitions. Rows of tables that inherit from a table are not
    its own: its triggers do not see them.
    """

    schema: str
    name: str
    oid: int
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    comment: str = ""
    estimated_rows: int = 0
    partitioned: bool = False

    @property
    def row_key(self) -> tuple[str, ...]:
        """The columns that name a row for ever: the primary key, or a unique key without NULLs; empty: none.

        Of several unique keys the one with the fewest columns, then the one whose columns come first.
        """
        if self.primary_key:
            return self.primary_key
        numbers = {column.name: column.number for column in self.columns if column.not_null}
        usable = [key for key in self.unique_keys if all(name in numbers for name in key)]
        return min(usable, key=lambda key: (len(key), [numbers[name] for name in key]), default=())

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a data source. `id` is as Notion returns it (percent-encoded) and survives a rename."""

    id: str
    name: str
    type: str
    options: tuple[str, ...] = ()
    relation_to: str = ""


@dataclass(frozen=True, slots=True)
class DataSource:
    """One Notion table: its own id, the database that contains it, and its properties."""

    id: str
    database_id: str
    title: str
    properties: tuple[Property, ...]
    in_trash: bool = False

    def by_id(self, property_id: str) -> Property | None:
        """The property of that id, or None."""
        return next((item for item in self.properties if item.id == property_id), None)

    def by_name(self, name: str) -> Property | None:
        """The property of that name, or None."""
        return next((item for item in self.properties if item.name == name), None)
