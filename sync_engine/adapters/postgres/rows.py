"""The user's tables: reading rows, and writing them with compare-and-set."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import orjson
import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection

from sync_engine.adapters.postgres import introspect, row_filter, row_sql
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.errors import concerns_one_row, is_unreachable, message_of, translate
from sync_engine.adapters.postgres.row_shape import RowShape, read_shape
from sync_engine.adapters.postgres.row_writer import RowWriter
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.keys import decode_key
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Table
from sync_engine.domain.values import JsonObject, Value
from sync_engine.errors import ConstraintRejected, DatabaseError, SyncEngineError
from sync_engine.ports.rows import Fitting, RowOutcome, RowsWanted, RowWrite


class PostgresRows:
    """Implements `ports.rows.Rows`. Remembers what tables look like for as long as one transaction lasts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self._shapes: dict[tuple[str, str, tuple[str, ...], str, tuple[str, ...]], RowShape] = {}
        self._scans = itertools.count(1)

    def tables(self, schemas: Sequence[str]) -> Sequence[Table]:
        """The tables of these schemas, and those that their foreign keys point to."""
        return introspect.tables(self._connection, schemas)

    def fingerprint(self, mappings: Sequence[TableMapping]) -> str:
        """Another text whenever a table's name, columns or capture triggers are no longer what they were."""
        oids = [mapping.oid for mapping in mappings]
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(statement("tables_fingerprint"), [oids]).fetchone()
            return str(found[0]) if found else ""

    def kind(self, schema: str, name: str) -> str:
        """What that name is when it is no table that can be synced; else empty."""
        return introspect.kind(self._connection, schema, name)

    def fetch(self, mapping: TableMapping, keys: Sequence[str]) -> Mapping[str, JsonObject]:
        """Column images by key, for the rows that exist."""
        if not keys:
            return {}
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(row_sql.select_given(self._shape(mapping)), [_given(mapping, keys)])
            return {key: mapping.with_derived(image) for key, image in found}

    def keys(self, mapping: TableMapping, batch: int = 1000) -> Iterator[Sequence[str]]:
        """The keys of all rows in key order, through a cursor of the server."""
        with psycopg.RawServerCursor(self._driver, f"sync_engine_scan_{next(self._scans)}") as cursor:
            cursor.execute(row_sql.select_keys(self._shape(mapping)))
            while found := cursor.fetchmany(batch):
                yield [key for (key,) in found]

    def fitting(self, mapping: TableMapping, keys: Sequence[str]) -> Fitting:
        """Which of these rows fit the filter; halved until the rows that it fails for stand alone."""
        if not keys:
            return Fitting()
        try:
            with self._driver.transaction(), psycopg.RawCursor(self._driver) as cursor:
                found = cursor.execute(row_sql.select_fitting(self._shape(mapping)), [_given(mapping, keys)])
                return Fitting(frozenset(key for (key,) in found))
        except psycopg.Error as error:
            if not concerns_one_row(error):
                raise _unasked(mapping, error) from error
            if len(keys) == 1:
                return Fitting(unknown=frozenset(keys))
        half = len(keys) // 2
        one, other = self.fitting(mapping, keys[:half]), self.fitting(mapping, keys[half:])
        return Fitting(one.keys | other.keys, one.unknown | other.unknown)

    def checked_filter(self, table: Table, where: str) -> str:
        """The filter as Postgres prints it. Raises ConfigurationError; see `row_filter.checked`."""
        return row_filter.checked(self._driver, table, where)

    def scan(self, mapping: TableMapping, batch: int = 1000) -> Iterator[tuple[str, JsonObject]]:
        """All rows in key order, through a cursor of the server: one snapshot, `batch` rows in memory."""
        with psycopg.RawServerCursor(self._driver, f"sync_engine_scan_{next(self._scans)}") as cursor:
            cursor.itersize = batch
            for key, image in cursor.execute(row_sql.select_all(self._shape(mapping))):
                yield key, mapping.with_derived(image)

    def page(self, mapping: TableMapping, wanted: RowsWanted) -> Sequence[tuple[str, JsonObject]]:
        """Rows next to a key, in key order, by a range of the primary key's index."""
        edge = wanted.after or wanted.before
        backwards = bool(wanted.before) and not wanted.after
        parameters: list[str | int] = [wanted.limit]
        parameters += decode_key(edge, len(mapping.key_columns)) if edge else ()
        parameters += [wanted.containing] if wanted.containing else ()
        title = mapping.title_columns[0] if wanted.containing else ""
        query = row_sql.select_page(self._shape(mapping), title, at_edge=bool(edge), backwards=backwards)
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(query, parameters).fetchall()
        rows = [(key, mapping.with_derived(image)) for key, image in found]
        return rows[::-1] if backwards else rows

    def call(self, function: str, base: Value, postgres: Value, notion: Value) -> Sequence[Value]:
        """What the function makes of the three values, within a savepoint."""
        query = SQL("SELECT f IS NULL, f FROM {}($1::jsonb, $2::jsonb, $3::jsonb) AS f").format(
            Identifier(*function.split("."))
        )
        given = [orjson.dumps(value).decode() for value in (base, postgres, notion)]
        try:
            with self._driver.transaction(), psycopg.RawCursor(self._driver) as cursor:
                row = cursor.execute(query, given).fetchone()
        except psycopg.Error as error:
            if is_unreachable(error):
                raise
            raise ConstraintRejected(message_of(error), sqlstate=error.sqlstate or "") from error
        return [] if row is None or row[0] else [row[1]]

    def count(self, mapping: TableMapping) -> int:
        """Number of rows that fit the filter."""
        try:
            with self._driver.transaction(), psycopg.RawCursor(self._driver) as cursor:
                row = cursor.execute(row_sql.count_all(self._shape(mapping))).fetchone()
            return row[0] if row else 0
        except psycopg.Error as error:
            if not mapping.row_filter or not concerns_one_row(error):
                raise
        return sum(len(self.fitting(mapping, keys).keys) for keys in self.keys(mapping))

    def write(self, mapping: TableMapping, writes: Sequence[RowWrite]) -> Sequence[RowOutcome]:
        """Apply in order; see `RowWriter`."""
        outcomes = RowWriter(self._driver, self._shape(mapping)).write(writes) if writes else []
        if not mapping.derived:
            return outcomes
        return [replace(item, image=item.image and mapping.with_derived(item.image)) for item in outcomes]

    def _shape(self, mapping: TableMapping) -> RowShape:
        links = tuple(item.column for item in mapping.to_many)
        seen_as = (mapping.schema, mapping.table, mapping.captured, mapping.row_filter, links)
        if seen_as not in self._shapes:
            self._shapes[seen_as] = read_shape(self._driver, mapping)
        return self._shapes[seen_as]


def _unasked(mapping: TableMapping, error: psycopg.Error) -> SyncEngineError:
    """Why the filter cannot be asked of any row: a column of it was renamed, the server is gone ..."""
    found = translate(error)
    if type(found) is not DatabaseError:
        return found
    return DatabaseError(
        f"the row filter of table {mapping.name} cannot be asked ({mapping.where}): {found.message}",
        hint="mend `where` in sync.toml, then run: sync-engine setup",
        sqlstate=found.sqlstate,
    )


def _given(mapping: TableMapping, keys: Sequence[str]) -> str:
    rows = [
        {"i": i} | {f"k{n}": part for n, part in enumerate(decode_key(key, len(mapping.key_columns)))}
        for i, key in enumerate(dict.fromkeys(keys))
    ]
    return orjson.dumps(rows).decode()
