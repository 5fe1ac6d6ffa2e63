"""Revive: put deleted rows back as the log last knew them, with the columns that are not mapped too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.codecs.arrays import format_array
from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Record
from sync_engine.domain.soft import living_mark
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.row_writes import literals
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.rows import RowOp, RowResult, RowWrite


@dataclass
class Revived:
    """Keys of the rows that are back, and why others are not, by record id."""

    records: list[Record] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def revive_rows(
    uow: UnitOfWork,
    mapping: TableMapping,
    records: Sequence[Record],
    run_id: str,
    *,
    values: Mapping[int, Mapping[str, Value]] | None = None,
    cause: str = "discard",
) -> Revived:
    """Insert the rows of these records again, with their old keys, in the caller's transaction.

    `values`: what fields shall hold instead of what the log knew last, by record id.

    The next tick of the log tells the records that their rows are back. A row that cannot be inserted is refused
    with what Postgres says; the others are put back.
    """
    revived = Revived()
    writes: list[tuple[Record, RowWrite]] = []
    for record in records:
        if record.has_row:
            revived.refused[record.id] = f"the row is there, outside of the filter: {mapping.where}"
            continue
        try:
            row = _last_row(uow, mapping, record) | _literals(mapping, (values or {}).get(record.id, {}))
            writes.append((record, RowWrite(RowOp.INSERT, record.key, row, {})))
        except FieldError as error:
            revived.refused[record.id] = str(error)
    there = uow.rows.fetch(mapping, [record.key for record, _ in writes]) if mapping.soft_column else {}
    outcomes = uow.rows.write(mapping, [_or_unmarked(mapping, write, write.key in there) for _, write in writes])
    entries: list[JournalEntry] = []
    for (record, _), outcome in zip(writes, outcomes, strict=True):
        if outcome.result is RowResult.DONE:
            revived.records.append(record)
            entries.append(_entry(mapping, record, decode_image(outcome.image or {}, mapping), run_id, cause))
        else:
            revived.refused[record.id] = outcome.reason or "a row with this key is there again"
    uow.journal.intend(entries)
    return revived


def _or_unmarked(mapping: TableMapping, write: RowWrite, there: bool) -> RowWrite:
    """A row that is only marked as deleted is there: the mark goes."""
    return RowWrite(RowOp.UPDATE, write.key, living_mark(mapping), {}) if there else write


def _last_row(uow: UnitOfWork, mapping: TableMapping, record: Record) -> dict[str, str | None]:
    """Literals of the row as it was when it was deleted; of its mapped fields where the log has no image of it."""
    wanted = EventFilter(mapping=mapping.id, key=record.key, source=Side.POSTGRES, newest_first=True)
    image = next(
        (
            event.before
            for event in uow.events.find(wanted)
            if event.op in (Op.DELETE, Op.TRUNCATE) and event.before
        ),
        None,
    )
    own = {item.column for item in mapping.fields if not item.writable} | set(mapping.key_columns)
    if image is not None:
        return {column: image_literal(value) for column, value in image.items() if column not in own}
    return _literals(mapping, record.base)


def _literals(mapping: TableMapping, values: Mapping[str, Value]) -> dict[str, str | None]:
    return literals({name: value for name, value in values.items() if _is_written(mapping, name)}, mapping)


def _is_written(mapping: TableMapping, name: str) -> bool:
    return name in mapping.by_name and mapping.by_name[name].writable


def image_literal(value: Json) -> str | None:
    """The literal that Postgres reads as the value of which this is the image (see the adapter's `images`)."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case list():
            return format_array(value, _element)
        case _:
            return str(value)


def _element(value: Value) -> str:
    return image_literal(value) or ""


def _entry(mapping: TableMapping, record: Record, after: JsonObject, run_id: str, cause: str) -> JournalEntry:
    return JournalEntry(
        run_id=run_id,
        side=Side.POSTGRES,
        mapping=mapping.id,
        record_id=record.id,
        key=record.key,
        page_id=record.page_id,
        op=ChangeOp.INSERT,
        before=None,
        after=after,
        cause=cause,
        status=ChangeStatus.DONE,
    )
