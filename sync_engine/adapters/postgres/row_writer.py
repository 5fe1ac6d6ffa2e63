"""Writes of one table, set by set, with savepoints: one bad row never stops the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import orjson
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from sync_engine.adapters.postgres import row_sql
from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.errors import concerns_one_row, message_of
from sync_engine.adapters.postgres.link_writer import LinksChanged, LinksRefused, LinksSuppressed, LinkWriter
from sync_engine.adapters.postgres.row_batches import Signature, batches, by_signature
from sync_engine.adapters.postgres.row_shape import RowShape, read_shape
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.keys import decode_key
from sync_engine.domain.mapping import TableMapping
from sync_engine.ports.rows import CASCADE, RowOp, RowOutcome, RowResult, RowWrite

SUPPRESSED = "the table did not take the write: a trigger, a rule or a row-level policy suppressed it"

LINKS_SUPPRESSED = (
    "the junction table did not take the links: a trigger, a rule or a row-level policy suppressed the write"
)

HIDDEN = (
    "the row is not there, or row-level security hides it from the engine's role: give the role BYPASSRLS, "
    "or a policy that shows it"
)

_NO_TARGET = "23503"

_Outcomes = dict[int, RowOutcome]


class _RowsSuppressed(Exception):
    """Fewer rows came back from an INSERT than were sent, and which ones cannot be told."""


class _OthersTaken(Exception):
    """A DELETE took rows of tables along that nobody would know of; its argument says which."""


_REFUSALS = (_RowsSuppressed, _OthersTaken, LinksChanged, LinksRefused, LinksSuppressed)


class RowWriter:
    """Applies writes to one table in the caller's transaction."""

    def __init__(self, driver: Driver, shape: RowShape) -> None:
        self._driver = driver
        self._shape = shape
        self._statements: dict[tuple[str, Signature], Composed] = {}
        self._harmless: set[str] = set()  # junctions from which no cascade reaches a table without capture

    def write(self, writes: Sequence[RowWrite]) -> list[RowOutcome]:
        """Apply in order; outcome i belongs to write i.

        Raises psycopg.Error when the cause is not a row: no connection, no permission, a deadlock.
        """
        outcomes: _Outcomes = {}
        # A deferred constraint would otherwise raise at the commit, when no row can be blamed any more.
        self._driver.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for places in batches(writes, [column.name for column in self._shape.key]):
            outcomes.update(self._apply(writes, places))
            self._repeat_references(writes, places, outcomes)
        return [outcomes[place] for place in range(len(writes))]

    def _apply(self, writes: Sequence[RowWrite], places: Sequence[int]) -> _Outcomes:
        """All of the run under one savepoint; if it fails, each half of it, down to the row to blame."""
        try:
            with self._driver.transaction():
                return self._attempt(writes, places)
        except (psycopg.Error, orjson.JSONEncodeError, *_REFUSALS) as error:
            if isinstance(error, psycopg.Error) and not concerns_one_row(error):
                raise
            if len(places) == 1:
                return {places[0]: self._to_blame(writes[places[0]], error)}
        half = len(places) // 2
        return self._apply(writes, places[:half]) | self._apply(writes, places[half:])

    def _to_blame(self, write: RowWrite, error: Exception) -> RowOutcome:
        """What is said of the one row that was not written."""
        match error:
            case psycopg.Error():
                return _rejected(write, error)
            case LinksChanged():
                return replace(self._as_it_is(write.key), result=RowResult.CHANGED)
            case LinksRefused(outcome=outcome):
                return replace(outcome, key=write.key)
            case LinksSuppressed():
                return RowOutcome(RowResult.REJECTED, write.key, reason=LINKS_SUPPRESSED)
            case _RowsSuppressed():
                return RowOutcome(RowResult.REJECTED, write.key, reason=SUPPRESSED)
            case _:
                return RowOutcome(RowResult.REJECTED, write.key, reason=str(error), constraint=CASCADE)

    def _attempt(self, writes: Sequence[RowWrite], places: Sequence[int]) -> _Outcomes:
        """A write with links is alone in its run: all of it is done, or none."""
        write = writes[places[0]]
        if not write.links:
            return self._attempt_columns(writes, places)
        links = LinkWriter(self._driver, self._shape, self._insert_others)
        if write.op is RowOp.DELETE:
            links.check(write)
        outcomes = self._attempt_columns(writes, places)
        if write.op is RowOp.DELETE or outcomes[places[0]].result is not RowResult.DONE:
            return outcomes
        before = {} if write.cascades else self._unseen_of(write)
        links.write(outcomes[places[0]].key, write)
        after = self._unseen_of(write) if before else {}
        if taken := [name for name, count in after.items() if count != before.get(name)]:
            raise _OthersTaken(_told_of(taken, "this link"))
        return {places[0]: self._as_it_is(outcomes[places[0]].key)}

    def _insert_others(self, mapping: TableMapping, writes: Sequence[RowWrite]) -> Sequence[RowOutcome]:
        return RowWriter(self._driver, read_shape(self._driver, mapping)).write(writes)

    def _as_it_is(self, key: str) -> RowOutcome:
        parts = {"i": 0} | {f"k{n}": part for n, part in enumerate(decode_key(key, len(self._shape.key)))}
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(row_sql.select_given(self._shape), [orjson.dumps([parts]).decode()]).fetchone()
        return self._done(found) if found else RowOutcome(RowResult.MISSING, key)

    def _repeat_references(self, writes: Sequence[RowWrite], places: Sequence[int], outcomes: _Outcomes) -> None:
        """Try rows again whose target came later in the same run, for as long as that helps."""
        waiting = [place for place in places if outcomes[place].sqlstate == _NO_TARGET]
        before = len(places)
        while 0 < len(waiting) < before:
            before = len(waiting)
            outcomes.update(self._apply(writes, waiting))
            waiting = [place for place in waiting if outcomes[place].sqlstate == _NO_TARGET]

    def _attempt_columns(self, writes: Sequence[RowWrite], places: Sequence[int]) -> _Outcomes:
        outcomes: _Outcomes = {}
        for wanted, group in by_signature(writes, places).items():
            rows = _recordset(writes, group, wanted, len(self._shape.key))
            match wanted.op:
                case RowOp.INSERT:
                    outcomes.update(self._insert(wanted, group, rows))
                case RowOp.UPDATE | RowOp.DELETE:
                    outcomes.update(self._change(writes, wanted, group, rows))
        return outcomes

    def _insert(self, wanted: Signature, group: Sequence[int], rows: str) -> _Outcomes:
        inserted = self._run("write", wanted, rows)
        if len(inserted) != len(group):
            raise _RowsSuppressed
        return {place: self._done(row) for place, row in zip(group, inserted, strict=True)}

    def _change(self, writes: Sequence[RowWrite], wanted: Signature, group: Sequence[int], rows: str) -> _Outcomes:
        changes_something = wanted.op is RowOp.DELETE or wanted.values
        careful = wanted.op is RowOp.DELETE and not wanted.cascades
        before = self._unseen(self._name) if careful else {}
        written = self._run("write", wanted, rows) if changes_something else []
        if before and (
            taken := [name for name, count in self._unseen(self._name).items() if count != before.get(name)]
        ):
            raise _OthersTaken(f"{_told_of(taken)}; `held retry` deletes them all")
        outcomes = {place: self._done(row) for place, *row in written}
        missed = [place for place in group if place not in outcomes]
        if missed:
            outcomes.update(self._explain(writes, wanted, missed))
        return outcomes

    def _unseen_of(self, write: RowWrite) -> dict[str, int]:
        """`_unseen` of the junctions that lose rows by the write."""
        rows = [links.junction.rows for links in write.links.values()]
        names = {_named(table.schema, table.table) for table in rows} - self._harmless
        unseen = {name: self._unseen(name) for name in names}
        self._harmless |= {name for name, counts in unseen.items() if not counts}
        return {name: count for counts in unseen.values() for name, count in counts.items()}

    def _unseen(self, table: str) -> dict[str, int]:
        """Rows deleted so far of each table without capture that a cascade from this one reaches."""
        with psycopg.RawCursor(self._driver) as cursor:
            return dict(cursor.execute(statement("cascades_unseen"), [table]).fetchall())

    def _explain(self, writes: Sequence[RowWrite], wanted: Signature, missed: Sequence[int]) -> _Outcomes:
        """Why rows did not come back from an UPDATE or DELETE: changed, missing, or held back by the table."""
        rows = _recordset(writes, missed, wanted, len(self._shape.key))
        outcomes = {place: self._not_found(writes[place]) for place in missed}
        for place, as_expected, as_wanted, *row in self._run("look", wanted, rows):
            found = self._done(row)
            if not as_expected:
                outcomes[place] = RowOutcome(RowResult.CHANGED, found.key, found.image)
            elif wanted.op is RowOp.UPDATE and as_wanted:
                # The usual trigger against updates that change nothing; the row is as it should be.
                outcomes[place] = found
            else:
                outcomes[place] = RowOutcome(RowResult.REJECTED, found.key, reason=SUPPRESSED)
        return outcomes

    def _not_found(self, write: RowWrite) -> RowOutcome:
        """Deleted, and the log is about to tell; or there, and hidden from this role, about which no log tells."""
        if self._hides_rows:
            return RowOutcome(RowResult.REJECTED, write.key, reason=HIDDEN)
        return RowOutcome(RowResult.MISSING, write.key)

    @cached_property
    def _hides_rows(self) -> bool:
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute("SELECT row_security_active($1::text)", [self._name]).fetchone()
        return bool(found and found[0])

    @cached_property
    def _name(self) -> str:
        return _named(self._shape.schema, self._shape.table)

    def _done(self, row: Sequence[Any]) -> RowOutcome:
        key, image = row
        return RowOutcome(RowResult.DONE, key, image)

    def _run(self, purpose: str, wanted: Signature, rows: str) -> list[tuple[Any, ...]]:
        query = self._statements.get((purpose, wanted))
        if query is None:
            query = self._statements[purpose, wanted] = _compose(purpose, self._shape, wanted)
        with psycopg.RawCursor(self._driver) as cursor:
            return cursor.execute(query, [rows]).fetchall()


def _compose(purpose: str, shape: RowShape, wanted: Signature) -> Composed:
    if purpose == "look":
        return row_sql.look(shape, wanted.values, wanted.expected)
    match wanted.op:
        case RowOp.INSERT:
            return row_sql.insert(shape, wanted.with_key, wanted.values)
        case RowOp.UPDATE:
            return row_sql.update(shape, wanted.values, wanted.expected)
        case RowOp.DELETE:
            return row_sql.delete(shape, wanted.expected)


def _recordset(writes: Sequence[RowWrite], places: Iterable[int], wanted: Signature, key_columns: int) -> str:
    """The rows of one statement; `i` is the place of the write."""
    key_columns = key_columns if wanted.with_key else 0
    names = ["i", *(f"k{n}" for n in range(key_columns))]
    names += [f"s{n}" for n in range(len(wanted.values))]
    names += [f"e{n}" for n in range(len(wanted.expected))]
    rows: list[dict[str, int | str | None]] = []
    for place in places:
        write = writes[place]
        row: list[int | str | None] = [place]
        row += decode_key(write.key, key_columns) if key_columns else ()
        row += [write.values[name] for name in wanted.values]
        row += [write.expected[name] for name in wanted.expected]
        rows.append(dict(zip(names, row, strict=True)))
    return orjson.dumps(rows).decode()


def _named(schema: str, table: str) -> str:
    return SQL("{}").format(Identifier(schema, table)).as_string()


def _told_of(tables: Sequence[str], what: str = "this row") -> str:
    return (
        f"deleting {what} would also delete rows of {', '.join(tables)}, which are not synced: no log has them, "
        "and no rollback brings them back; delete those first, or sync that table too"
    )


def _rejected(write: RowWrite, error: psycopg.Error) -> RowOutcome:
    only = next(iter(write.values)) if len(write.values) == 1 else ""
    return RowOutcome(
        RowResult.REJECTED,
        write.key,
        reason=message_of(error),
        sqlstate=error.sqlstate or "",
        constraint=error.diag.constraint_name or "",
        column=error.diag.column_name or only,
    )
