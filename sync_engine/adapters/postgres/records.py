"""`sync_records`: what the engine knows of each record."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, Connection, Select, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from sync_engine.adapters.postgres.among import among as _among
from sync_engine.adapters.postgres.blocked import is_blocked
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.record_json import (
    PRESENCE_CODES,
    PRESENCES,
    pending_from_json,
    pending_to_json,
)
from sync_engine.adapters.postgres.recordset import recordsets
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import records as table
from sync_engine.domain.record import Presence, Record
from sync_engine.errors import DatabaseError
from sync_engine.ports.records import RecordCounts, RowEdit

_PAGE = 2_000
"""Rows a round trip when streaming: memory stays flat."""

# In the order of the fields of Record.
_COLUMNS = (
    table.c.id,
    table.c.mapping,
    table.c.key,
    table.c.page_id,
    table.c.incarnation,
    table.c.base,
    table.c.postgres,
    table.c.notion,
    table.c.postgres_presence,
    table.c.notion_presence,
    table.c.postgres_seq,
    table.c.postgres_txid,
    table.c.notion_observed_at,
    table.c.notion_edited_at,
    table.c.key_on_page,
    table.c.detached,
)


class PostgresRecords:
    """Implements `ports.records.Records`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_key(self, mapping: int, keys: Sequence[str]) -> Mapping[str, Record]:
        """The newest incarnation of each key that has a record."""
        return {key: owners[-1] for key, owners in self.incarnations(mapping, keys).items()}

    def incarnations(self, mapping: int, keys: Sequence[str]) -> Mapping[str, Sequence[Record]]:
        """Every record that has one of these keys, by key, the live one last."""
        query = select(*_COLUMNS).where(*_of_keys(mapping, keys)).order_by(table.c.incarnation)
        found: dict[str, list[Record]] = {}
        for record in self._read(query):
            found.setdefault(record.key, []).append(record)
        return found

    def by_page(self, mapping: int, page_ids: Sequence[str]) -> Mapping[str, Record]:
        """Records by page id."""
        query = select(*_COLUMNS).where(table.c.mapping == mapping, table.c.page_id == _any_of(page_ids))
        return {record.page_id: record for record in self._read(query)}

    def by_id(self, ids: Sequence[int]) -> Mapping[int, Record]:
        """Records by id."""
        query = select(*_COLUMNS).where(_among(table.c.id, ids))
        return {record.id: record for record in self._read(query)}

    def page_ids(self, mapping: int, keys: Sequence[str]) -> Mapping[str, str]:
        """Page id by key, where the newest incarnation has a page that is present."""
        present = (table.c.notion_presence == PRESENCE_CODES[Presence.PRESENT]).label("present")
        query = select(table.c.key, table.c.page_id, present).where(*_of_keys(mapping, keys))
        rows = self._connection.execute(query.order_by(table.c.incarnation))
        newest = {key: page_id if is_present else None for key, page_id, is_present in rows}
        return {key: page_id for key, page_id in newest.items() if page_id}

    def keys(self, page_ids: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """(mapping, key) by page id, where there is a key."""
        query = select(table.c.page_id, table.c.mapping, table.c.key).where(
            table.c.page_id == _any_of(page_ids), table.c.key.is_not(None)
        )
        return {page_id: (mapping, key) for page_id, mapping, key in self._connection.execute(query)}

    def open(
        self, mapping: int, after_id: int, limit: int, among: Sequence[int] | None = None
    ) -> Sequence[Record]:
        """Records with something left to carry across, by id, without those that a hold blocks.

        A hold of one field, or one that waits for another record, does not block; the brake does.
        """
        query = (
            select(*_COLUMNS)
            .where(table.c.mapping == mapping, table.c.id > after_id, ~table.c.quiet)
            .where(~is_blocked())
            .order_by(table.c.id)
            .limit(limit)
        )
        if among is not None:
            query = query.where(table.c.id == any_(bindparam(None, list(among), type_=ARRAY(BigInteger))))
        return self._read(query)

    def scan(self, mapping: int) -> Iterator[Record]:
        """All records of the mapping by id; a page at a time, so what is saved meanwhile may or may not show."""
        yield from self._streamed(select(*_COLUMNS).where(table.c.mapping == mapping))

    def unsettled(self, mapping: int, since_seq: int) -> Iterator[Record]:
        """Records that are not quiet, whatever holds them, and those whose row was deleted after `since_seq`."""
        lost = (table.c.postgres_presence == PRESENCE_CODES[Presence.GONE]) & (table.c.postgres_seq > since_seq)
        yield from self._streamed(select(*_COLUMNS).where(table.c.mapping == mapping, ~table.c.quiet | lost))

    def _streamed(self, query: Select[Any]) -> Iterator[Record]:
        query = query.order_by(table.c.id).limit(_PAGE)
        page = self._read(query)
        while page:
            yield from page
            page = self._read(query.where(table.c.id > page[-1].id))

    def unlinked(self, mapping: int) -> Sequence[Record]:
        """Records with one half only that wait for the other, by id."""
        half = table.c.page_id.is_(None) | table.c.key.is_(None)
        wanted = (table.c.mapping == mapping, ~table.c.quiet, ~table.c.detached, half)
        return list(self._streamed(select(*_COLUMNS).where(*wanted)))

    def remove(self, ids: Sequence[int]) -> None:
        """Take records away."""
        if ids:
            self._connection.execute(delete(table).where(table.c.id.in_(ids)))

    def save(self, records: Sequence[Record]) -> Sequence[Record]:
        """Insert those with id 0, update the others. Raises DatabaseError when one to update is not there."""
        saved = list(records)
        # First the updates: a new record may have a key that another one just left.
        self._update([record for record in records if record.id])
        new = [i for i, record in enumerate(saved) if not record.id]
        for i, identity in zip(new, self._insert([saved[i] for i in new]), strict=True):
            saved[i] = replace(saved[i], id=identity)
        return saved

    def fold(self, mapping: int, edits: Sequence[RowEdit]) -> Collection[str]:
        """Fold edits into the records that need nothing else; the keys of these."""
        driver, query = driver_of(self._connection), statement("records_fold")
        texts = recordsets(_edit(edit) for edit in edits)
        return {key for rows in texts for (key,) in driver.execute(query, [rows, mapping])}

    def unquiet(self, ids: Sequence[int]) -> Mapping[int, Record]:
        """Those of these records that are not quiet, by id."""
        query = select(*_COLUMNS).where(_among(table.c.id, ids), ~table.c.quiet)
        return {record.id: record for record in self._read(query)}

    def retarget(self, mapping: int, field: str, old_key: str, new_key: str) -> None:
        """Bases and pending changes of Notion that name the old key of a relation's target follow it."""
        with psycopg.RawCursor(driver_of(self._connection)) as cursor:
            cursor.execute(statement("records_retarget"), [mapping, field, old_key, new_key])

    def counts(self, mapping: int) -> RecordCounts:
        """Counters for `status`."""
        present = PRESENCE_CODES[Presence.PRESENT]
        linked = (table.c.postgres_presence == present) & (table.c.notion_presence == present)
        on_page = table.c.notion_presence == present
        query = select(
            func.count().filter(linked), func.count().filter(~table.c.quiet), func.count().filter(on_page)
        ).where(table.c.mapping == mapping)
        linked_count, open_count, pages = self._connection.execute(query).one()
        return RecordCounts(linked=linked_count, open=open_count, pages=pages)

    def _read(self, query: Select[Any]) -> list[Record]:
        return [_record(row) for row in self._connection.execute(query)]

    def _insert(self, records: Sequence[Record]) -> list[int]:
        driver, query = driver_of(self._connection), statement("records_insert")
        texts = recordsets(_row(record) for record in records)
        return [identity for rows in texts for (identity,) in driver.execute(query, [rows])]

    def _update(self, records: Sequence[Record]) -> None:
        driver, query = driver_of(self._connection), statement("records_update")
        texts = recordsets(_row(record) for record in records)
        done = sum(driver.execute(query, [rows]).rowcount for rows in texts)
        if done != len({record.id for record in records}):
            raise DatabaseError(f"{len(records) - done} records to update are not in sync_records")


def _of_keys(mapping: int, keys: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return table.c.mapping == mapping, table.c.key == _any_of(keys)


def _any_of(texts: Sequence[str]) -> Any:
    return any_(bindparam(None, list(texts), type_=ARRAY(Text)))


def _row(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "mapping": record.mapping,
        "key": record.key or None,
        "page_id": record.page_id or None,
        "incarnation": record.incarnation,
        "base": dict(record.base),
        "postgres": pending_to_json(record.postgres),
        "notion": pending_to_json(record.notion),
        "postgres_presence": PRESENCE_CODES[record.postgres_presence],
        "notion_presence": PRESENCE_CODES[record.notion_presence],
        "postgres_seq": record.postgres_seq,
        "postgres_txid": str(record.postgres_txid) if record.postgres_txid else None,
        "notion_observed_at": record.notion_observed_at,
        "notion_edited_at": record.notion_edited_at,
        "key_on_page": record.key_on_page,
        "detached": record.detached,
        "quiet": record.quiet,
    }


def _edit(edit: RowEdit) -> dict[str, Any]:
    changes = pending_to_json(edit.changes)
    return {"key": edit.key, "seq": edit.seq, "txid": str(edit.txid), "changes": changes}


def _record(row: Sequence[Any]) -> Record:
    identity, mapping, key, page_id, incarnation, base, postgres, notion, *rest = row
    postgres_presence, notion_presence, postgres_seq, postgres_txid, *times_and_flags = rest
    return Record(
        identity,
        mapping,
        key or "",
        page_id or "",
        incarnation,
        base,
        pending_from_json(postgres),
        pending_from_json(notion),
        PRESENCES[postgres_presence],
        PRESENCES[notion_presence],
        postgres_seq,
        postgres_txid or 0,
        *times_and_flags,
    )
