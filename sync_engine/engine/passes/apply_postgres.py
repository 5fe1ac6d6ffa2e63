"""Apply to Postgres: a batch of operations of one table in one transaction, with journal and records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Hold, Operation
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.passes.row_writes import row_write
from sync_engine.engine.passes.soft_rows import softened
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.rows import RowOp, RowOutcome, RowResult, RowWrite

_ROW_OPS = {Action.INSERT: RowOp.INSERT, Action.UPDATE: RowOp.UPDATE, Action.DELETE: RowOp.DELETE}
_CHANGE_OPS = {Action.INSERT: ChangeOp.INSERT, Action.UPDATE: ChangeOp.UPDATE, Action.DELETE: ChangeOp.DELETE}

_NOT_NULL = "23502"


@dataclass
class Applied:
    """Result of a batch: operations done, records as they are now, what must be held, and how many rows had
    changed under the plan (they are planned again after the next tick)."""

    done: list[Operation] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    overtaken: int = 0


def apply_to_postgres(
    uow: UnitOfWork, mapping: TableMapping, operations: Sequence[Operation], origin: Origin, at: datetime
) -> Applied:
    """Write the rows with compare-and-set, journal what was done, and move the base of each record.

    Effect, journal and base commit with the caller's transaction or not at all. A row refused by Postgres is
    held with its reason; the others go through.
    """
    applied = Applied()
    writes: list[tuple[Operation, RowWrite]] = []
    removed = [item.record.id for item in operations if item.action is Action.DELETE]
    approved = uow.brakes.approved_cascades(removed)
    for operation in operations:
        try:
            writes.append((operation, _row_write(operation, mapping, operation.record.id in approved)))
        except FieldError as error:
            applied.holds.append(Hold(operation.record, Side.POSTGRES, operation.action, str(error)))
    outcomes = uow.rows.write(mapping, [write for _, write in softened(uow, mapping, writes, at)])
    entries: list[JournalEntry] = []
    for (operation, _), outcome in zip(writes, outcomes, strict=True):
        match outcome.result:
            case RowResult.DONE:
                applied.done.append(operation)
                applied.records.append(_after(operation, outcome, mapping, at, origin))
                entries.append(_entry(operation, outcome, mapping, origin.run_id))
            case RowResult.REJECTED:
                applied.holds.append(_rejected(operation, outcome, mapping))
            case RowResult.CHANGED if unlike := _unlike_itself(operation, outcome, mapping):
                applied.holds.append(unlike)
            case RowResult.CHANGED | RowResult.MISSING:
                applied.overtaken += 1
    uow.journal.intend(entries)
    named = {
        outcome.key
        for (operation, _), outcome in zip(writes, outcomes, strict=True)
        if not operation.record.key and outcome.result is RowResult.DONE
    }
    applied.records = list(uow.records.save(_newest(uow, mapping, applied.records, named)))
    return applied


def _unlike_itself(operation: Operation, outcome: RowOutcome, mapping: TableMapping) -> Hold | None:
    """A hold where the row still is what was decided on, and Postgres yet denies it.

    A type whose text is no spelling of the value (or whose equality is odd) would be planned again for ever.
    """
    stored = decode_image(outcome.image or {}, mapping)
    if contradicted := _contradicted(operation, outcome, mapping):
        return contradicted
    expected = _expected(operation, mapping)
    if any(name not in stored or stored[name] != value for name, value in expected.items()):
        return None
    fields = ", ".join(sorted(expected))
    reason = f"Postgres cannot tell whether the row still holds what was decided on: compare {fields} by hand"
    return Hold(operation.record, Side.POSTGRES, operation.action, reason, constraint=fields)


def _contradicted(operation: Operation, outcome: RowOutcome, mapping: TableMapping) -> Hold | None:
    """A hold for a target that the row cannot refer to, as a column that it shares with something else says."""
    for item in mapping.composites:
        value = operation.values.get(item.name)
        if item.composite is None or value is None:
            continue
        if why := item.composite.contradiction(str(value), outcome.image or {}):
            reason = f"what {item.property} names {why}; choose another, or change that column first"
            return Hold(operation.record, Side.POSTGRES, operation.action, reason, constraint=item.name)
    return None


def _row_write(operation: Operation, mapping: TableMapping, approved: bool) -> RowWrite:
    expected = _expected(operation, mapping)
    write = row_write(_ROW_OPS[operation.action], operation.record.key, mapping, operation.values, expected)
    return replace(write, cascades=approved)


def _expected(operation: Operation, mapping: TableMapping) -> Mapping[str, Value]:
    """What the row must still hold, by field."""
    record = operation.record
    if operation.action is Action.UPDATE:
        return {name: _current(record, name) for name in operation.values}
    if operation.action is Action.DELETE:
        return {name: value for name, value in record.base.items() if name in mapping.by_name}
    return {}


def _current(record: Record, name: str) -> Value:
    pending = record.postgres.get(name)
    return record.base.get(name) if pending is None else pending.value


def _after(
    operation: Operation, outcome: RowOutcome, mapping: TableMapping, at: datetime, origin: Origin
) -> Record:
    if operation.action is Action.DELETE:
        return replace(operation.record, postgres={}, notion={}, postgres_presence=Presence.GONE)
    outside = operation.record.postgres_presence is Presence.OUTSIDE
    presence = Presence.OUTSIDE if outside else Presence.PRESENT  # the next tick asks the filter
    record = replace(operation.record, key=outcome.key, postgres_presence=presence)
    stored = decode_image(outcome.image or {}, mapping)
    names = operation.values if operation.action is Action.UPDATE else stored
    for name in names:
        if name in stored:
            record = _agree(record, name, operation.values, stored[name], mapping, at, origin)
    return record


def decode_image(image: JsonObject, mapping: TableMapping) -> dict[str, Value]:
    """Canonical values of the mapped fields of a row image."""
    columns = mapping.by_column
    return {
        columns[column].name: columns[column].codec.from_postgres(value)
        for column, value in image.items()
        if column in columns
    }


def _agree(
    record: Record,
    name: str,
    written: Mapping[str, Value],
    stored: Value,
    mapping: TableMapping,
    at: datetime,
    origin: Origin,
) -> Record:
    """Move the base of a field to what the row now holds.

    When the database stored something else than the page shows (a BEFORE trigger, a default), that is a change
    of Postgres to carry back; the base is what the page shows.
    """
    codec = mapping.by_name[name].codec
    weaken, shown, edit = codec.weaken, notion_value(record, mapping.by_name[name]), record.notion.get(name)
    notion = dict(record.notion)
    postgres = {key: value for key, value in record.postgres.items() if key != name}
    base = dict(record.base)
    if name in written:
        notion.pop(name, None)
    elif name in notion:
        return record
    if weaken(stored) == shown:
        base[name] = stored
    else:
        if name in written:
            # What was written is the page's edit, or has a third value, which the page does not show yet.
            base[name] = written[name] if edit is None else codec.lift(edit.value)
        postgres[name] = PendingChange(stored, Interval.instant(at), {"database": True}, 0, str(origin))
    return replace(record, base=base, notion=notion, postgres=postgres)


def _entry(operation: Operation, outcome: RowOutcome, mapping: TableMapping, run_id: str) -> JournalEntry:
    record = operation.record
    before: JsonObject | None = None
    after: JsonObject | None = dict(operation.values)
    if operation.action is Action.UPDATE:
        before = {name: _current(record, name) for name in operation.values}
    elif operation.action is Action.DELETE:
        before, after = dict(record.base), None
    else:
        after = decode_image(outcome.image or {}, mapping)
    return JournalEntry(
        run_id=run_id,
        side=Side.POSTGRES,
        mapping=mapping.id,
        record_id=record.id,
        key=outcome.key or record.key,
        page_id=record.page_id,
        op=_CHANGE_OPS[operation.action],
        before=before,
        after=after,
        cause=operation.cause,
        seqs=operation.seqs,
        status=ChangeStatus.DONE,
    )


def _rejected(operation: Operation, outcome: RowOutcome, mapping: TableMapping) -> Hold:
    return Hold(
        operation.record,
        Side.POSTGRES,
        operation.action,
        _told(outcome, mapping),
        constraint=outcome.constraint or outcome.column,
    )


def _newest(
    uow: UnitOfWork, mapping: TableMapping, records: Sequence[Record], named: Collection[str]
) -> Sequence[Record]:
    """The records, those `named` just now as the newest of their key: a row that went may have had it."""
    owners = uow.records.incarnations(mapping.id, sorted(named)) if named else {}
    return [
        replace(record, incarnation=owners[record.key][-1].incarnation + 1)
        if record.key in named and record.key in owners
        else record
        for record in records
    ]


def _told(outcome: RowOutcome, mapping: TableMapping) -> str:
    """What Postgres says, and for an empty column before it what the person at the page can do."""
    if outcome.sqlstate != _NOT_NULL or not outcome.column:
        return outcome.reason
    field = mapping.by_column.get(outcome.column)
    if field is not None and (field.writable or field.gives_key):
        wanted = f"fill in the property {field.property}, which must not be empty"
    elif outcome.column in mapping.key_columns:
        wanted = (
            f"the database makes no value for its key {outcome.column}, and no property brings one: give the "
            f"column a default, or show it ([tables.fields.{outcome.column}])"
        )
    else:
        wanted = f"no property fills the column {outcome.column}, which must not be empty: give it a default"
    return f"{wanted} ({outcome.reason})"
