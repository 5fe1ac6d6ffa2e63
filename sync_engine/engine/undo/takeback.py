"""Take back: carry out a rollback plan, Postgres in one transaction, which leaves the rest as steps to finish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync_engine.domain.compensation import Compensation, Remedy, Status
from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.undoing import give_up_in_notion, undoable
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_postgres import apply_to_postgres
from sync_engine.engine.undo.finishing import Pair, finish
from sync_engine.engine.undo.force import Wish, write_wishes
from sync_engine.engine.undo.revive import revive_rows
from sync_engine.engine.undo.revive_links import revive_links, with_lost_links
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.lone_edits import LoneEdits, TakenRows
from sync_engine.ports.rollbacks import StepRow


@dataclass
class TakenBack:
    """Records taken back, and why others were not, by record id."""

    undone: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    plan: Sequence[Compensation] = ()
    rows: Sequence[TakenRows] = ()


Planner = Callable[[UnitOfWork], Sequence[Compensation]]
"""Decides, in the transaction that writes, about what the bulk has not taken back."""


def take_back(
    context: Context, lone: Sequence[LoneEdits], planner: Planner, origin: Origin, who: str
) -> TakenBack:
    """Undo lone edits in bulk, and of all else what the plan says can be undone. Restores go parents first,
    removals children first.

    The Postgres part is one transaction, and what is left to do in Notion is stored with it: a kill before it
    leaves nothing done, a kill after it a rollback that `finish` completes.
    """
    taken = TakenBack()
    author: JsonObject = {"name": who} if who else {}
    now = context.database.now()
    with context.database.transaction(str(origin)) as uow:
        taken.rows = [rows for edits in lone for rows in uow.lone_edits.take_back(edits, origin.run_id)]
        in_bulk = [
            StepRow(record, rows.mapping.id, Remedy.SET_FIELDS.value)
            for rows in taken.rows
            for record, _ in rows.records
        ]
        taken.plan = planner(uow)
        todo = [item for item in taken.plan if item.status is Status.UNDO]
        revived = _revive_rows(uow, context, _with(todo, Remedy.REVIVE), origin, author, taken)
        revive_links(uow, context, revived, origin, now)
        edited = _with(todo, Remedy.SET_FIELDS)
        known = uow.records.by_id([item.record.id for item in edited])  # with the links that came back
        wishes = [Wish(item.mapping, known.get(item.record.id, item.record), item.values) for item in edited]
        forced = write_wishes(uow, with_lost_links(uow, wishes), origin, now, author)
        taken.refused.update(forced.refused)
        removed = _remove_rows(uow, context, _with(todo, Remedy.REMOVE), origin, now, taken)
        pages_only = [(item.mapping, item.record) for item in _with(todo, Remedy.REMOVE_PAGE)]
        uow.rollbacks.rows_done(
            origin.run_id,
            [
                *in_bulk,
                *_steps(revived, Remedy.REVIVE),
                *_steps(forced.written, Remedy.SET_FIELDS),
                *_steps(removed, Remedy.REMOVE),
                *_steps(pages_only, Remedy.REMOVE_PAGE),
            ],
            len(in_bulk) + len(todo) - len(taken.refused),
        )
    taken.refused.update(finish(context, origin))
    taken.undone = len(in_bulk) + len(todo) - len(taken.refused)
    return taken


def _steps(pairs: Sequence[Pair], remedy: Remedy) -> Iterable[StepRow]:
    return [StepRow(record.id, mapping.id, remedy.value) for mapping, record in pairs]


def _with(todo: Iterable[Compensation], remedy: Remedy) -> Sequence[Compensation]:
    return [item for item in todo if item.remedy is remedy]


def _tables(context: Context, items: Sequence[Compensation]) -> Iterable[tuple[TableMapping, list[Compensation]]]:
    for mapping in context.mappings:
        group = [item for item in items if item.mapping.id == mapping.id]
        if group:
            yield mapping, group


def _revive_rows(
    uow: UnitOfWork,
    context: Context,
    items: Sequence[Compensation],
    origin: Origin,
    author: JsonObject,
    taken: TakenBack,
) -> Sequence[Pair]:
    """Rows come back with their key and their last values; what they hold is then pending for the page."""
    revived: list[Pair] = []
    now = context.database.now()
    for mapping, group in _tables(context, items):
        values = {item.record.id: item.values for item in group}
        there = [item for item in group if item.record.has_row]
        gone = [item.record for item in group if item not in there]
        back = revive_rows(uow, mapping, gone, origin.run_id, values=values, cause="rollback")
        forced = write_wishes(uow, [wish for item in there if (wish := _rewritten(item))], origin, now, author)
        taken.refused |= back.refused | forced.refused
        written = {record.id: record for _, record in forced.written}
        rows = [
            (replace(record, postgres_presence=Presence.PRESENT), values[record.id]) for record in back.records
        ]
        rows += [_with_row(written.get(item.record.id, item.record), mapping) for item in there]
        blocked = {item.record.id: item.blocked for item in group}
        told = [
            told_back(record, row, blocked[record.id], mapping, now, origin)
            for record, row in rows
            if record.id not in taken.refused
        ]
        uow.held.release([record.id for record in told])
        revived += [(mapping, record) for record in uow.records.save(told)]
    return revived


def _rewritten(item: Compensation) -> Wish | None:
    """What a row that is still there has to hold instead."""
    _, row = _with_row(item.record, item.mapping)
    other = {name: value for name, value in item.values.items() if value != row.get(name)}
    kept = {name: value for name, value in other.items() if item.mapping.by_name[name].writable}
    return Wish(item.mapping, item.record, kept) if kept else None


def _with_row(record: Record, mapping: TableMapping) -> tuple[Record, Mapping[str, Value]]:
    """The record, and all that its row is known to hold."""
    known = record.base.keys() | record.postgres.keys()
    return record, {item.name: postgres_value(record, item) for item in mapping.fields if item.name in known}


def told_back(
    record: Record,
    row: Mapping[str, Value],
    blocked: Collection[str],
    mapping: TableMapping,
    now: datetime,
    origin: Origin,
) -> Record:
    """The record whose row is back: a page that has to come back too is told everything, another what differs.

    What was typed into that page meanwhile has lost to the base, unless it is `blocked`; the next tick of the log
    adds what the row holds.
    """
    if record.notion_presence is not Presence.PRESENT:
        return _all_pending(record, row, now, origin)
    names = [name for name in undoable(record, Side.NOTION, mapping) if name not in blocked]
    return give_up_in_notion(
        replace(record, detached=False), names, mapping, Interval.instant(now), {}, str(origin)
    )


def _all_pending(record: Record, values: Mapping[str, Value], now: datetime, origin: Origin) -> Record:
    pending = {
        name: PendingChange(value, Interval.instant(now), {}, 0, str(origin)) for name, value in values.items()
    }
    return replace(record, postgres={**pending, **record.postgres}, notion={}, detached=False)


def _remove_rows(
    uow: UnitOfWork,
    context: Context,
    items: Sequence[Compensation],
    origin: Origin,
    now: datetime,
    taken: TakenBack,
) -> Sequence[Pair]:
    removed: list[Pair] = []
    for mapping, group in reversed(list(_tables(context, items))):
        present = [item for item in group if item.record.has_row]
        operations = [Operation(Side.POSTGRES, Action.DELETE, item.record, cause="rollback") for item in present]
        records = [item.record for item in group if item not in present]
        records += _applied(uow, mapping, operations, origin, now, taken)
        removed += [(mapping, record) for record in records]
    return removed


def _applied(
    uow: UnitOfWork,
    mapping: TableMapping,
    operations: Sequence[Operation],
    origin: Origin,
    now: datetime,
    taken: TakenBack,
) -> list[Record]:
    applied = apply_to_postgres(uow, mapping, operations, origin, now)
    done = {operation.record.id for operation in applied.done}
    for hold in applied.holds:
        taken.refused[hold.record.id] = hold.reason
    for operation in operations:
        if operation.record.id not in done:
            taken.refused.setdefault(operation.record.id, "the row was changed at this moment; try again")
    return applied.records
