"""Rollback of single events: what a transaction, an actor or a side did, whoever carried it across since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sync_engine.domain.compensation import EntryOp, Step
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.ordering import visible_in
from sync_engine.domain.record import Record
from sync_engine.domain.timeline import told
from sync_engine.domain.unresolved import is_unresolved, waiting_page
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit_record import record_events
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.undo.rollback_selection import Selection
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.journal import JournalFilter
from sync_engine.ports.marks import Mark

_OPS: Mapping[Side, Mapping[Op, EntryOp]] = {
    Side.POSTGRES: {
        Op.INSERT: "insert",
        Op.UPDATE: "update",
        Op.DELETE: "delete",
        Op.TRUNCATE: "delete",
    },
    Side.NOTION: {Op.INSERT: "create", Op.UPDATE: "update", Op.DELETE: "trash", Op.RESTORE: "restore"},
}


@dataclass
class Chosen:
    """The selected events of one record, in order."""

    mapping: TableMapping
    record: Record
    events: list[ChangeEvent] = field(default_factory=list)

    @property
    def seqs(self) -> frozenset[int]:
        """Their numbers."""
        return frozenset(event.seq for event in self.events)


def chosen_events(uow: UnitOfWork, context: Context, selection: Selection, mark: Mark | None) -> Sequence[Chosen]:
    """The selected events by record, parents first. Backfilled rows were nobody's doing and are never among them.

    A page that has no row yet is left out: there is no record to take back.
    """
    found: dict[int, dict[int, Chosen]] = {}
    events = _events(uow, context, selection, mark)
    while batch := list(islice(events, _AT_ONCE)):
        for mapping in context.mappings:
            mine = [event for event in batch if event.mapping == mapping.id]
            for event, record in _with_records(uow, mapping, mine):
                group = found.setdefault(mapping.id, {})
                group.setdefault(record.id, Chosen(mapping, record)).events.append(event)
    return [chosen for mapping in context.mappings for chosen in found.get(mapping.id, {}).values()]


_AT_ONCE = 1000


def _with_records(
    uow: UnitOfWork, mapping: TableMapping, events: Sequence[ChangeEvent]
) -> Iterator[tuple[ChangeEvent, Record]]:
    if not events:
        return
    by_page = uow.records.by_page(mapping.id, sorted({event.page_id for event in events if event.page_id}))
    by_key = uow.records.by_key(mapping.id, sorted({event.key for event in events if event.key}))
    for event in events:
        record = by_page.get(event.page_id) or by_key.get(event.key)
        if record is not None and record.key:
            yield event, record


def _events(uow: UnitOfWork, context: Context, selection: Selection, mark: Mark | None) -> Iterator[ChangeEvent]:
    table, key = selection.record or (selection.table, "")
    carried = _carried_by(uow, selection.run)
    wanted = EventFilter(
        mapping=context.mapping(table).id if table else None,
        key=key,
        actor=selection.actor,
        source=None if selection.side == "both" else Side(selection.side),
        since=selection.since,
        until=selection.until,
        seqs=selection.events,
        txid=selection.txid,
    )
    for event in uow.events.find(wanted):
        if event.op not in _OPS[event.source] or (mark is not None and _lies_before(event, mark)):
            continue
        if carried is not None and event.seq not in carried:
            continue
        if selection.actor and not _is_by(event, selection.actor):
            continue
        # The engine's writes carry what others did; they are taken back with it, or when they are named.
        if not event.origin or selection.events or selection.txid:
            yield event


def _lies_before(event: ChangeEvent, mark: Mark) -> bool:
    return event.seq <= mark.seq and visible_in(event.txid, mark.snapshot)


def _is_by(event: ChangeEvent, actor: str) -> bool:
    """Whole names only: a rollback must not take back what Anna did when Ann is meant."""
    return any(isinstance(name, str) and name.casefold() == actor.casefold() for name in event.actor.values())


def _carried_by(uow: UnitOfWork, run: str) -> frozenset[int] | None:
    """The events that a run carried across."""
    found = uow.runs.get(run) if run else None
    if found is None:
        return None
    return frozenset(seq for entry in uow.journal.find(JournalFilter(run_id=found.run_id)) for seq in entry.seqs)


def steps(uow: UnitOfWork, chosen: Chosen) -> Sequence[Step]:
    """What the events did to the record, in values that Postgres can hold exactly.

    A page tells a weaker form of some values (minutes, no NULL checkbox); the row's own value is taken where the
    page showed nothing else, so that nothing cut is ever written back.
    """
    on_page = any(event.source is Side.NOTION for event in chosen.events)
    story = record_events(uow, chosen.mapping, chosen.record.key) if on_page else ()
    return [
        _step(uow, chosen.mapping, event, _row_before(story, event, chosen.mapping)) for event in chosen.events
    ]


def _row_before(story: Sequence[ChangeEvent], event: ChangeEvent, mapping: TableMapping) -> Mapping[str, Value]:
    """What the row held, or held last, when the event happened."""
    if event.source is Side.POSTGRES:
        return {}
    rows = told(item for item in story if item.seq < event.seq and item.op not in (Op.DELETE, Op.TRUNCATE)).rows
    values: dict[str, Value] = {}
    for row in sorted(rows.values(), key=lambda row: row.seq):
        values.update(decode_image(row.image, mapping))
    return values


def _step(uow: UnitOfWork, mapping: TableMapping, event: ChangeEvent, row: Mapping[str, Value]) -> Step:
    op = _OPS[event.source][event.op]
    if event.source is Side.POSTGRES:
        before, after = (decode_image(image, mapping) if image else None for image in (event.before, event.after))
        return Step(event.source, op, before, after)
    shown = _strong(uow, mapping, event.before, row)
    before = {**row, **shown} if event.op is Op.DELETE else shown
    return Step(event.source, op, None if op == "create" else before, _strong(uow, mapping, event.after, {}))


def _strong(
    uow: UnitOfWork, mapping: TableMapping, shown: JsonObject | None, row: Mapping[str, Value]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in (shown or {}).items():
        item = mapping.field_named(name)
        page = waiting_page(value)
        if item is not None and (page or not is_unresolved(value)):
            told_value = uow.records.keys([page]).get(page, (0, None))[1] if page else value
            same = name in row and item.codec.weaken(row[name]) == told_value
            found[name] = row[name] if same else item.codec.lift(told_value)
    return found
