"""`sync_changes`: the journal of what was done to either side, and the rollback record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.record_json import SIDE_CODES, SIDES
from sync_engine.adapters.postgres.recordset import recordsets
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import changes as table
from sync_engine.domain.redaction import without_redacted
from sync_engine.errors import DatabaseError
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter

_PAGE = 2_000
"""Rows a round trip when streaming: memory stays flat."""

# In the order of the fields of JournalEntry.
_COLUMNS = (
    table.c.run_id,
    table.c.side,
    table.c.mapping,
    table.c.record_id,
    table.c.key,
    table.c.page_id,
    table.c.op,
    table.c.before,
    table.c.after,
    table.c.cause,
    table.c.seqs,
    table.c.id,
    table.c.status,
    table.c.error,
    table.c.at,
)


class PostgresJournal:
    """Implements `ports.journal.Journal`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def intend(self, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
        """Write entries; those without a time get the database's."""
        driver, query = driver_of(self._connection), statement("changes_insert")
        made = [row for rows in recordsets(map(_row, entries)) for row in driver.execute(query, [rows])]
        return [replace(entry, id=row[0], at=row[1]) for entry, row in zip(entries, made, strict=True)]

    def finish(self, entries: Sequence[JournalEntry]) -> None:
        """Store the result of entries by id. Raises DatabaseError when one is not in the journal."""
        driver, query = driver_of(self._connection), statement("changes_finish")
        done = sum(driver.execute(query, [rows]).rowcount for rows in recordsets(map(_row, entries)))
        if done != len({entry.id for entry in entries}):
            raise DatabaseError("a journal entry to finish is not in sync_changes")

    def find(self, wanted: JournalFilter) -> Iterator[JournalEntry]:
        """Matching entries by id, a page at a time."""
        query = _filtered(wanted).order_by(table.c.id).limit(_PAGE)
        page = self._read(query.where(table.c.id > wanted.after_id))
        while page:
            yield from page
            page = self._read(query.where(table.c.id > page[-1].id)) if len(page) == _PAGE else []

    def updates(self, mapping: int, keys: Sequence[str], since: datetime) -> Sequence[JournalEntry]:
        """Updates of these records that were done since then, and notes (AGREE) between them, by id."""
        mine = (table.c.mapping == mapping) & table.c.key.in_(keys) & (table.c.at >= since)
        updated = (table.c.op == ChangeOp.UPDATE.value) & (table.c.status == ChangeStatus.DONE.value)
        query = select(*_COLUMNS).where(mine, updated | (table.c.op == ChangeOp.AGREE.value))
        return self._read(query.order_by(table.c.id)) if keys else []

    def position(self) -> int:
        """The highest entry id; 0 when the journal is empty."""
        return self._connection.execute(select(func.max(table.c.id))).scalar_one() or 0

    def _read(self, query: Select[Any]) -> list[JournalEntry]:
        return [_entry(row) for row in self._connection.execute(query)]


def _filtered(wanted: JournalFilter) -> Select[Any]:
    query = select(*_COLUMNS)
    if wanted.run_id:
        query = query.where(table.c.run_id == wanted.run_id)
    if wanted.mapping is not None:
        query = query.where(table.c.mapping == wanted.mapping)
    if wanted.key:
        query = query.where(table.c.key == wanted.key)
    if wanted.record_id is not None:
        query = query.where(table.c.record_id == wanted.record_id)
    if wanted.up_to is not None:
        query = query.where(table.c.id <= wanted.up_to)
    if wanted.status is not None:
        query = query.where(table.c.status == wanted.status.value)
    return query


def _row(entry: JournalEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "record_id": entry.record_id,
        "mapping": entry.mapping,
        "side": SIDE_CODES[entry.side],
        "run_id": entry.run_id,
        "key": entry.key or None,
        "page_id": entry.page_id or None,
        "op": entry.op.value,
        "status": entry.status.value,
        "cause": entry.cause or None,
        "error": entry.error or None,
        "seqs": entry.seqs,
        "before": entry.before,
        "after": entry.after,
    }


def _entry(row: Sequence[Any]) -> JournalEntry:
    run_id, side, mapping, record_id, key, page_id, op, before, after, *rest = row
    cause, seqs, identity, status, error, at = rest
    before, gone = without_redacted(before)
    after, taken = without_redacted(after)
    return JournalEntry(
        run_id=run_id,
        side=SIDES[side],
        mapping=mapping,
        record_id=record_id,
        key=key or "",
        page_id=page_id or "",
        op=ChangeOp(op),
        before=before,
        after=after,
        cause=cause or "",
        seqs=tuple(seqs),
        id=identity,
        status=ChangeStatus(status),
        error=error or "",
        at=at,
        redacted=tuple(dict.fromkeys((*gone, *taken))),
    )
