"""Rows that were edited in Postgres only, taken back by statements over many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal
from sqlalchemy import Connection

from sync_engine.adapters.postgres import row_sql
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.errors import concerns_one_row
from sync_engine.adapters.postgres.row_shape import RowShape, read_shape
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.mapping import TableMapping
from sync_engine.ports.lone_edits import LoneEdits, TakenRows

_BATCH = 5_000
"""Rows a statement: enough to be as fast as more, few enough that memory stays flat on both sides."""

_FIELDS = 40
"""Fields of one statement: `jsonb_build_object` takes twice as many arguments, of at most 100."""

_Rows = list[tuple[int, str]]


class _NotAsSet(Exception):
    """A trigger stored something else than what was set, which the record has to be told."""


class PostgresLoneEdits:
    """Implements `ports.lone_edits.LoneEditsTaker`."""

    def __init__(self, connection: Connection) -> None:
        self._driver = driver_of(connection)

    def take_back(self, edits: LoneEdits, run_id: str) -> Sequence[TakenRows]:
        """Give the rows their base back, batch by batch; see the port."""
        if not edits.fields:
            return []
        given = [edits.mapping.id, list(edits.fields), edits.seq, edits.change_id]
        signatures = self._signatures(given)
        if not signatures:
            return []
        self._driver.execute("SET CONSTRAINTS ALL IMMEDIATE")
        shape = read_shape(self._driver, edits.mapping)
        taken: list[TakenRows] = []
        for names in signatures:
            query = _take_back(shape, edits.mapping, names)
            done = [row for rows in self._batches(query, [*given, list(names)], run_id) for row in rows]
            taken += [TakenRows(edits.mapping, names, done)] if done else []
        return taken

    def _signatures(self, given: Sequence[object]) -> Sequence[tuple[str, ...]]:
        """Which sets of fields were edited, few enough for one statement each."""
        query = SQL(
            "SELECT DISTINCT"
            ' (SELECT array_agg(k ORDER BY k COLLATE "C") FROM jsonb_object_keys(r.postgres) k) AS names'
            " FROM sync_engine.sync_records r WHERE {} ORDER BY names LIMIT 100"
        ).format(SQL(statement("lone_edits")))
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(query, given).fetchall()
        return [tuple(names) for (names,) in found if len(names) <= _FIELDS]

    def _batches(self, query: Composed, given: Sequence[object], run_id: str) -> Iterator[_Rows]:
        """The rows taken of each batch, until one is empty or fails: what is left then goes row by row."""
        after = 0
        while True:
            try:
                with self._driver.transaction(), psycopg.RawCursor(self._driver) as cursor:
                    *written, (last, _, _) = cursor.execute(query, [*given, after, _BATCH, run_id]).fetchall()
                    if not all(held for _, _, held in written):
                        raise _NotAsSet
            except _NotAsSet:
                return
            except psycopg.Error as error:
                if not concerns_one_row(error):
                    raise
                return
            if last is None:
                return
            yield [(record, key) for record, key, _ in written]
            after = last


def _take_back(shape: RowShape, mapping: TableMapping, names: Sequence[str]) -> Composed:
    columns = [mapping.by_name[name].column for name in names]
    return SQL(statement("lone_edits_take_back")).format(
        fields=SQL(", ").join([*_literals(names), _images("before", names, "r.postgres -> {} -> 'value'"),
                               _images("after", names, "r.base -> {}")]),
        lone=SQL(statement("lone_edits")),
        put_back=row_sql.put_back(shape, columns),
    )  # fmt: skip


def _literals(names: Sequence[str]) -> Iterator[Composable]:
    for n, name in enumerate(names):
        yield SQL("r.base ->> {} AS {}").format(Literal(name), Identifier(f"s{n}"))
        yield SQL("r.postgres -> {} ->> 'value' AS {}").format(Literal(name), Identifier(f"e{n}"))


def _images(title: str, names: Sequence[str], value: str) -> Composed:
    pairs = [SQL("{}, " + value).format(Literal(name), Literal(name)) for name in names]
    return SQL("jsonb_build_object({}) AS {}").format(SQL(", ").join(pairs), Identifier(title))
