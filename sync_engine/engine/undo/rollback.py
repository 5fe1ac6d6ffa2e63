"""Rollback: select journal entries, plan what to put back, then do it on both sides as ordinary, logged edits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.domain.compensation import (
    Compensation,
    Status,
    Step,
    compensate,
    net_effect,
    short_of,
)
from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import Record
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.passes.recover import REPLAYED
from sync_engine.engine.undo.at_mark import lost_since
from sync_engine.engine.undo.cost import people_of
from sync_engine.engine.undo.lone import lone_edits
from sync_engine.engine.undo.marks import mark_before
from sync_engine.engine.undo.resuming import finish_unfinished, give_up
from sync_engine.engine.undo.rollback_events import Chosen, chosen_events, steps
from sync_engine.engine.undo.rollback_result import RollbackResult
from sync_engine.engine.undo.rollback_selection import Selection, check
from sync_engine.engine.undo.takeback import Planner, take_back
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter
from sync_engine.ports.marks import Mark
from sync_engine.ports.rollbacks import RollbackRow
from sync_engine.ports.runs import Run

__all__ = ["RollbackResult", "Selection", "rollback"]

Key = tuple[str, str]
"""A record, as people name it: table and key."""


def rollback(
    context: Context,
    selection: Selection,
    *,
    force: bool | Collection[Key] = False,
    dry_run: bool = False,
    requests_per_minute: int | None = None,
    who: str = "",
) -> RollbackResult:
    """Take the selection back on both sides; later edits stay, unless `force`, for all records or for these.

    Both sides are read first, so that the guard judges what they hold now. The rollback is a run of its own,
    journalled like any, so it can be rolled back too. Raises UsageError for an unknown run, mark or record.
    """
    if dry_run:
        with context.database.rehearsal() as rehearsal:
            staged = replace(context, database=rehearsal)
            return _rehearsed(staged, selection, force, requests_per_minute)
    with between_turns(context.database):
        options: JsonObject = {**selection.to_json(), "force": _forced_json(force)}
        resumed = finish_unfinished(context, options)
        if resumed is not None:
            return RollbackResult(resumed.rollback_id, False, [], resumed.undone, resumed.refused)
        result = RollbackResult(context.ids.new_id(), False, [])
        mark = _gathered(context, selection, result.rollback_id, dry_run=False)
        now = context.database.now()
        run = Run(result.rollback_id, "rollback", now, options)
        with context.database.transaction() as uow:
            uow.runs.start(run)
            uow.rollbacks.begin(RollbackRow(result.rollback_id, "planned", run.options, now))
            mark_before(uow, f"rollback {result.rollback_id}", now)
            last = uow.journal.position()
        status = "failed"
        try:
            planner: Planner = lambda uow: list(_plan(uow, context, selection, force, set(), last))  # noqa: E731
            lone = lone_edits(context, selection, mark)
            done = take_back(context, lone, planner, Origin(result.rollback_id, "rollback"), who)
            result.plan, result.rows, result.undone, result.failed = (
                done.plan,
                done.rows,
                done.undone,
                done.refused,
            )
            result.eta_seconds = _eta(result, requests_per_minute)
            status = "done"
        finally:
            summary = {key: value for key, value in result.to_json().items() if key != "plan"}
            with context.database.transaction() as uow:
                finished = context.database.now()
                uow.runs.finish(replace(run, finished_at=finished, status=status, summary=summary))
                uow.events.seal()
    return result


def _rehearsed(
    context: Context, selection: Selection, force: bool | Collection[Key], requests_per_minute: int | None
) -> RollbackResult:
    rollback_id = context.ids.new_id()
    _gathered(context, selection, rollback_id, dry_run=True)
    with context.database.transaction() as uow:
        touched: set[int] = set()
        plan = list(_plan(uow, context, selection, force, touched, uow.journal.position()))
        people = people_of(uow, touched)
    result = RollbackResult(rollback_id, True, plan, people=people)
    result.eta_seconds = _eta(result, requests_per_minute)
    return result


def _gathered(context: Context, selection: Selection, rollback_id: str, *, dry_run: bool) -> Mark | None:
    """Read both sides; returns the mark that is rolled back to."""
    with context.database.transaction() as uow:
        check(uow, context, selection)
    gather(context, context.mappings, rollback_id, full=False, dry_run=dry_run)
    with context.database.transaction() as uow:
        return uow.marks.get(selection.to) if selection.to else None


def _eta(result: RollbackResult, requests_per_minute: int | None) -> float:
    return result.requests * 60 / requests_per_minute if requests_per_minute else 0.0


def _plan(
    uow: UnitOfWork,
    context: Context,
    selection: Selection,
    force: bool | Collection[Key],
    touched: set[int],
    last: int,
) -> Iterable[Compensation]:
    """The decision for each record; `touched` gets the changes that would be taken back. `last` is the last entry
    of the journal that may be among them."""
    mark = uow.marks.get(selection.to) if selection.to else None
    if selection.by_event:
        for chosen in chosen_events(uow, context, selection, mark):
            named = (chosen.mapping.name, chosen.record.key)
            decided = _compensation_of_events(uow, chosen, _is_forced(force, named))
            touched |= chosen.seqs if decided.status is Status.UNDO else set()
            yield decided
        return
    stories = _stories(uow, context, selection, mark, last)
    for mapping in context.mappings:
        story = stories.get(mapping.id, {})
        records = uow.records.by_key(mapping.id, sorted(story))
        for key, entries in story.items():
            record = records.get(key)
            if record is not None:
                found = _compensation(uow, mapping, record, entries, mark, _is_forced(force, (mapping.name, key)))
                if found.status is Status.UNDO:
                    touched.update(seq for entry in entries for seq in entry.seqs)
                if entries or found.status is not Status.ALREADY:
                    yield found


def _forced_json(force: bool | Collection[Key]) -> Json:
    return force if isinstance(force, bool) else [[*key] for key in sorted(force)]


def _is_forced(force: bool | Collection[Key], key: Key) -> bool:
    return force if isinstance(force, bool) else key in force


def _stories(
    uow: UnitOfWork, context: Context, selection: Selection, mark: Mark | None, last: int
) -> Mapping[int, Mapping[str, Sequence[JournalEntry]]]:
    """Selected journal entries by mapping and key; for a mark also records with edits or deletes not yet carried
    across, whatever makes them wait."""
    stories: dict[int, dict[str, list[JournalEntry]]] = {}
    for entry in _entries(uow, context, selection, mark, last):
        if entry.key:
            stories.setdefault(entry.mapping, {}).setdefault(entry.key, []).append(entry)
    if mark is not None:
        for mapping in context.mappings:
            for record in uow.records.unsettled(mapping.id, mark.seq):
                if _is_selected(record, mapping, selection):
                    stories.setdefault(mapping.id, {}).setdefault(record.key, [])
    return stories


def _is_selected(record: Record, mapping: TableMapping, selection: Selection) -> bool:
    if not record.key or not record.base:
        return False
    if selection.table not in ("", mapping.name):
        return False
    return selection.record is None or selection.record == (mapping.name, record.key)


def _entries(
    uow: UnitOfWork, context: Context, selection: Selection, mark: Mark | None, last: int
) -> Iterable[JournalEntry]:
    run = uow.runs.get(selection.run) if selection.run else None
    table, key = selection.record or (selection.table, "")
    wanted = JournalFilter(
        run_id=run.run_id if run else "",
        after_id=mark.change_id if mark else 0,
        up_to=last,
        status=ChangeStatus.DONE,
        mapping=context.mapping(table).id if table else None,
        key=key,
    )
    found = [entry for entry in uow.journal.find(wanted) if _is_wanted(entry, selection) and not _is_remade(entry)]
    only_record = selection.record and not (run or mark or selection.since or selection.until)
    if only_record and found:
        return [entry for entry in found if entry.run_id == found[-1].run_id]
    return found


def _is_remade(entry: JournalEntry) -> bool:
    """Whether a replay made a purged page of a living row anew: taking that back would take the row as well."""
    return entry.op is ChangeOp.CREATE and entry.cause == REPLAYED


def _is_wanted(entry: JournalEntry, selection: Selection) -> bool:
    """Whether time and side are those selected. What was written to one side was done on the other."""
    if selection.side not in ("both", entry.side.other.value):
        return False
    if entry.at is None:
        return True
    if selection.since is not None and entry.at < selection.since:
        return False
    return selection.until is None or entry.at <= selection.until


def _compensation(
    uow: UnitOfWork,
    mapping: TableMapping,
    record: Record,
    entries: Sequence[JournalEntry],
    mark: Mark | None,
    force: bool,
) -> Compensation:
    net = net_effect(Step(entry.side, entry.op.value, entry.before, entry.after) for entry in entries)
    found = compensate(
        net,
        record,
        mapping,
        row_predates=net.created and _row_predates(uow, mapping, record, entries[0].at),
        force=force,
        selected_from_seq=mark.seq if mark else None,
        lost=lost_since(uow, mapping, record, mark) if mark else None,
    )
    return short_of(found, {name for entry in entries for name in entry.redacted}, force=force)


def _compensation_of_events(uow: UnitOfWork, chosen: Chosen, force: bool) -> Compensation:
    net = net_effect(steps(uow, chosen))
    first = chosen.events[0].recorded_at
    adopted = net.created and net.first_side is Side.NOTION
    found = compensate(
        net,
        chosen.record,
        chosen.mapping,
        row_predates=adopted and _row_predates(uow, chosen.mapping, chosen.record, first),
        force=force,
        selected=chosen.seqs,
    )
    columns = {item.column: item.name for item in chosen.mapping.fields}
    gone = {columns.get(name, name) for event in chosen.events for name in event.redacted}
    return short_of(found, gone, force=force)


_THERE = (Op.SNAPSHOT, Op.ENTER)
"""What the log tells of a row that was there before."""


def _row_predates(uow: UnitOfWork, mapping: TableMapping, record: Record, until: datetime | None) -> bool:
    """Whether the newest event that brought the row into being says it was there before capture began.

    Events after `until`, when the selection begins, tell of something else: a table is also read anew when a field
    is added to its mapping.
    """
    wanted = EventFilter(mapping=mapping.id, key=record.key, source=Side.POSTGRES, newest_first=True)
    for event in uow.events.find(wanted):
        if event.op in (Op.INSERT, *_THERE) and (until is None or event.recorded_at <= until):
            return event.op in _THERE
    return False


def abort(context: Context, rollback_id: str, *, who: str = "") -> RollbackResult:
    """Give up a rollback that was cut short, and take back what it had done until then, with the usual guard.

    Raises UsageError when there is none of that id, or it is over; LockHeld; what Notion raises.
    """
    given_up, made = give_up(context, rollback_id)
    if not made:
        return RollbackResult(given_up, False, [])
    return rollback(context, Selection(events=tuple(made)), who=who)
