"""The user's tables: reading rows and writing them with compare-and-set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from sync_engine.domain.mapping import Junction, TableMapping
from sync_engine.domain.schema import Table
from sync_engine.domain.values import JsonObject, Value


class RowOp(Enum):
    """What to do to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class LinkWrite:
    """The rows of a junction that belong to one row: there shall be one for each of the `wanted` record keys.

    `expected`: the keys that there must be ones for now, unless they are the wanted ones already, else the
    outcome is `CHANGED`; None: whatever there is.
    `wanted` None: they are only looked at. `lost`: rows that were links before, by the key of the target; one that
    is to be made again becomes that row with all that it held, if the junction takes it, and else a new one.
    """

    junction: Junction
    wanted: tuple[str, ...] | None
    expected: tuple[str, ...] | None = None
    lost: Mapping[str, RowWrite] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowWrite:
    """One write. `values` are text literals by column (cast to the column's type by the adapter), None = NULL.

    INSERT: `key` is empty when the database makes it, else the literal key. UPDATE and DELETE: the row must
    still hold `expected` (literals by column, compared as the column's type), else the outcome is `CHANGED`.
    A DELETE that would cascade to rows of tables that are not captured, whose log and rollback would know nothing
    of them, is `REJECTED`, unless it `cascades`.
    `links`: what else is written or expected, in junctions, by the name that the image has it under.
    """

    op: RowOp
    key: str
    values: Mapping[str, str | None]
    expected: Mapping[str, str | None]
    cascades: bool = False
    links: Mapping[str, LinkWrite] = field(default_factory=dict)


CASCADE = "cascade"
"""The `constraint` of the outcome of a DELETE that was rejected because it did not say that it `cascades`."""


class RowResult(Enum):
    """How one write ended."""

    DONE = "done"
    CHANGED = "changed"
    MISSING = "missing"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """Result of one write. `image` holds all captured columns of the row as stored (after BEFORE triggers), and
    the keys of its links, or None. `key` is the row's key. For REJECTED: `reason` is Postgres' message, with
    `sqlstate`, `constraint` and `column` where it names them."""

    result: RowResult
    key: str = ""
    image: JsonObject | None = None
    reason: str = ""
    sqlstate: str = ""
    constraint: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which rows `page` returns: at most `limit`, in key order, after or before a key (without both, the first).

    `containing` keeps rows whose title has this text in it, whatever its case.
    """

    limit: int
    after: str = ""
    before: str = ""
    containing: str = ""


@dataclass(frozen=True, slots=True)
class Fitting:
    """The rows that fit their table's filter, and those for which it fails (a division by zero, a bad cast)."""

    keys: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class Rows(Protocol):
    """Access to the mapped tables of the user."""

    def tables(self, schemas: Sequence[str]) -> Sequence[Table]:
        """The ordinary and partitioned tables of these schemas (and those their foreign keys point to)."""
        ...

    def fingerprint(self, mappings: Sequence[TableMapping]) -> str:
        """Another text whenever a table's name, columns or capture triggers are no longer what they were."""
        ...

    def kind(self, schema: str, name: str) -> str:
        """What that name is when it is no table that can be synced: `view`, `materialized view`, `foreign table`,
        `partition`, `temporary table`; else empty."""
        ...

    def fetch(self, mapping: TableMapping, keys: Sequence[str]) -> Mapping[str, JsonObject]:
        """Images by key, for the rows that exist: of the captured columns, and of the links in junctions (the list
        of the targets' keys, under the field's name)."""
        ...

    def keys(self, mapping: TableMapping, batch: int = 1000) -> Iterator[Sequence[str]]:
        """The keys of all rows, inside and outside of the filter, in key order, in batches, under one snapshot."""
        ...

    def fitting(self, mapping: TableMapping, keys: Sequence[str]) -> Fitting:
        """Which of these rows fit the filter now; without a filter, all that exist.

        A row for which the filter fails is told apart and stops no other. Raises DatabaseError when it fails for
        every row, as when it names a column that is not there any more.
        """
        ...

    def checked_filter(self, table: Table, where: str) -> str:
        """The filter as Postgres understood it, as text that is safe to run.

        Raises ConfigurationError when it is not one boolean expression over columns of the table, or may write.
        """
        ...

    def scan(self, mapping: TableMapping, batch: int = 1000) -> Iterator[tuple[str, JsonObject]]:
        """All rows as (key, image), in key order, streamed under one snapshot."""
        ...

    def page(self, mapping: TableMapping, wanted: RowsWanted) -> Sequence[tuple[str, JsonObject]]:
        """Some rows as (key, image), in key order; the cost does not grow with how far in the table they are.

        Raises DatabaseError when the key is none of the table's type.
        """
        ...

    def call(self, function: str, base: Value, postgres: Value, notion: Value) -> Sequence[Value]:
        """The one value that a person's function (`SCHEMA.NAME`, three jsonb to jsonb) makes of these.

        None at all when it returns SQL's NULL. Raises ConstraintRejected with Postgres' message when it fails;
        what it did until then is undone.
        """
        ...

    def count(self, mapping: TableMapping) -> int:
        """Number of rows that fit the filter."""
        ...

    def write(self, mapping: TableMapping, writes: Sequence[RowWrite]) -> Sequence[RowOutcome]:
        """Apply in order, in the caller's transaction; outcome i belongs to write i.

        Set-based where it can be; a batch that fails is repeated with one savepoint a row, so that one bad row
        never stops the others.
        """
        ...
