"""Ping-pong: find fields that flip between two values, and let them wait for a person instead of writing again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.pingpong import FLIPS, WITHIN, Written, is_flipping
from sync_engine.domain.record import Record
from sync_engine.domain.unresolved import flipping, is_flipping_marker, is_unresolved
from sync_engine.engine.context import Context
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry


def mark_flipping(
    uow: UnitOfWork, context: Context, mapping: TableMapping, records: Sequence[Record]
) -> Sequence[Record]:
    """The records, with the fields marked whose next write would only be another turn of a ping-pong."""
    edited = {record.key: record for record in records if record.key and record.notion and record.base}
    if not edited:
        return records
    written = _by_key(uow.journal.updates(mapping.id, sorted(edited), context.database.now() - WITHIN))
    return [_marked(record, mapping, written.get(record.key, ())) for record in records]


def _by_key(entries: Sequence[JournalEntry]) -> Mapping[str, Sequence[JournalEntry]]:
    found: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        found.setdefault(entry.key, []).append(entry)
    return {key: some for key, some in found.items() if len(some) >= FLIPS}


def _marked(record: Record, mapping: TableMapping, entries: Sequence[JournalEntry]) -> Record:
    notion = dict(record.notion)
    for name, change in record.notion.items() if entries else ():
        field = mapping.by_name.get(name)
        if field is None or is_unresolved(change.value):
            continue
        writes = _writes(field, entries)
        if is_flipping(writes, change.value):
            notion[name] = replace(change, value=flipping(change.value, writes[-1][1]))
    return replace(record, notion=notion) if notion != record.notion else record


def _writes(field: FieldMapping, entries: Sequence[JournalEntry]) -> list[Written]:
    """What was written to the field since a person last said that it may be tried again."""
    writes: list[Written] = []
    for entry in entries:
        if entry.op is ChangeOp.AGREE:
            writes.clear()
        elif entry.after is not None and field.name in entry.after:
            writes.append((entry.side, field.codec.weaken(entry.after[field.name])))
    return writes


def try_again(uow: UnitOfWork, record: Record, run_id: str) -> Record:
    """The record with its flipping fields released, and a note in the journal, so that the count begins anew."""
    flips = {name for name, change in record.notion.items() if is_flipping_marker(change.value)}
    if not flips:
        return record
    notion = {
        name: replace(change, value=change.value["shown"])
        if name in flips and isinstance(change.value, dict)
        else change
        for name, change in record.notion.items()
    }
    uow.journal.intend([_note(record, run_id)])
    [saved] = uow.records.save([replace(record, notion=notion)])
    return saved


def _note(record: Record, run_id: str) -> JournalEntry:
    return JournalEntry(
        run_id=run_id,
        side=Side.NOTION,
        mapping=record.mapping,
        record_id=record.id,
        key=record.key,
        page_id=record.page_id,
        op=ChangeOp.AGREE,
        before={},
        after={},
        cause="retry",
        status=ChangeStatus.FAILED,  # it wrote nothing: a rollback has nothing to take back
    )
