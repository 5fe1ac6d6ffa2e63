"""Take back: carry out a rollback plan, Postgres in one transaction, then Notion page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync_engine.domain.compensation import Compensation, Remedy, Status
from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation, PageOf, notion_operation
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.undoing import give_up_in_notion, undoable
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.apply_postgres import apply_to_postgres
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.decide import pages_of
from sync_engine.engine.undo.force import BATCH, Wish, push, write_wishes
from sync_engine.engine.undo.revive import revive_rows
from sync_engine.ports.database import UnitOfWork


@dataclass
class TakenBack:
    """Records taken back, and why others were not, by record id."""

    undone: int = 0
    refused: dict[int, str] = field(default_factory=dict)


Pair = tuple[TableMapping, Record]


def take_back(context: Context, plan: Sequence[Compensation], origin: Origin, who: str) -> TakenBack:
    """Undo what the plan says can be undone. Restores go parents first, removals children first.

    The Postgres part is one transaction; a kill in the Notion part leaves pending changes that the next `sync`
    (or the same rollback again) carries out.
    """
    todo = [item for item in plan if item.status is Status.UNDO]
    taken = TakenBack()
    author: JsonObject = {"name": who} if who else {}
    now = context.database.now()
    with context.database.transaction(str(origin)) as uow:
        revived = _revive_rows(uow, context, _with(todo, Remedy.REVIVE), origin, author, taken)
        wishes = [Wish(item.mapping, item.record, item.values) for item in _with(todo, Remedy.SET_FIELDS)]
        forced = write_wishes(uow, wishes, origin, now, author)
        taken.refused.update(forced.refused)
        removed = _remove_rows(uow, context, _with(todo, Remedy.REMOVE), origin, now, taken)
    pages_only = [(item.mapping, item.record) for item in _with(todo, Remedy.REMOVE_PAGE)]
    capture(context.database, context.by_id)
    _send(context, revived, Action.RESTORE, origin)
    on_page = [(mapping, record) for mapping, record in revived if record.notion_presence is Presence.PRESENT]
    push(context, [*forced.written, *on_page], origin)
    _send(context, removed, Action.TRASH, origin)
    _send(context, pages_only, Action.TRASH, origin)
    _detach(context, pages_only)
    taken.undone = len(todo) - len(taken.refused)
    return taken


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
        there = [item for item in group if item.record.postgres_presence is Presence.PRESENT]
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
        present = [item for item in group if item.record.postgres_presence is Presence.PRESENT]
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


def _send(context: Context, pairs: Sequence[Pair], action: Action, origin: Origin) -> None:
    for mapping in context.mappings:
        keys = [record.key for owner, record in pairs if owner.id == mapping.id and _has_page(record, action)]
        for start in range(0, len(keys), BATCH):
            with context.database.transaction() as uow:
                batch = list(uow.records.by_key(mapping.id, keys[start : start + BATCH]).values())
                pages = pages_of(uow, context, mapping, batch)
            operations = [_operation(record, mapping, action, pages) for record in batch]
            sent = apply_to_notion(context, mapping, operations, origin)
            context.progress(f"rolling back {mapping.name}", start + len(batch), len(keys))
            if sent.fatal is not None:
                raise sent.fatal


def _has_page(record: Record, action: Action) -> bool:
    present = record.notion_presence is Presence.PRESENT
    return bool(record.page_id) and (present if action is Action.TRASH else not present)


def _operation(
    record: Record, mapping: TableMapping, action: Action, pages: Mapping[tuple[str, str], str]
) -> Operation:
    if action is Action.TRASH:
        return Operation(Side.NOTION, Action.TRASH, record, cause="rollback")
    page_of: PageOf = lambda table, key: pages.get((table, key), "")  # noqa: E731
    return notion_operation(record, mapping, page_of, action)


def _detach(context: Context, pairs: Sequence[Pair]) -> None:
    """A row that stays while its page goes is left alone until somebody edits the row again."""
    for mapping in context.mappings:
        keys = [record.key for owner, record in pairs if owner.id == mapping.id]
        if keys:
            with context.database.transaction() as uow:
                records = uow.records.by_key(mapping.id, keys).values()
                uow.records.save([replace(record, detached=True) for record in records])
