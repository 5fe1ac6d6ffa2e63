"""Discard: give up the change of one held record, so that it waits for nobody any more."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import refusal
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.passes.holds import FIELD, MATCH
from sync_engine.engine.review.giveup import Unwanted, give_up
from sync_engine.errors import SyncEngineError, UsageError
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.runs import Run

_WORDS = {
    "restore": "bring back what was deleted in {side}",
    "undo": "set back in {side}: {fields}",
    "leave": "leave what was made in {side} alone until it is edited again",
    "forget": "forget the page that Notion does not show; the next sync makes a new one",
}


def discard_held(context: Context, held_id: int, *, dry_run: bool = False, who: str = "") -> JsonObject:
    """Undo a held change on the side where it was made; returns what was (or would be) done.

    Deletes are brought back, edits set back to what both sides had. A record that could not be made on the other
    side stays where it is, and is left alone until its next edit. Journalled as a run that can be rolled back.
    Raises UsageError when there is nothing held under the id, or nothing to give up, and LockHeld.
    """
    item, mapping, record = _held(context, held_id)
    document = _document(item, mapping, _way(item, record, mapping))
    if dry_run:
        return {**document, "dry_run": True}
    with between_turns(context.database):
        gather(context, [mapping], context.ids.new_id(), full=False, dry_run=False)
        item, mapping, record = _held(context, held_id)
        way = _way(item, record, mapping)
        run_id = _do(context, way, item, mapping, record, who)
    return {**_document(item, mapping, way), "run_id": run_id, "dry_run": False}


def _held(context: Context, held_id: int) -> tuple[HeldRecord, TableMapping, Record]:
    with context.database.transaction() as uow:
        item = next((item for item in uow.held.find() if item.id == held_id), None)
        if item is None:
            raise UsageError(f"nothing is held under {held_id}", hint="`held list` shows what is")
        mapping = context.by_id.get(item.mapping)
        record = uow.records.by_id([item.record_id]).get(item.record_id)
    if mapping is None or record is None:
        raise UsageError(f"held record {held_id} is of a table that is not in sync.toml", hint="put it back first")
    return item, mapping, record


def _way(item: HeldRecord, record: Record, mapping: TableMapping) -> str:
    if item.op in (Action.DELETE.value, Action.TRASH.value):
        return "restore"
    if item.op in (Action.INSERT.value, Action.CREATE.value, MATCH):
        return "leave"
    if item.op == "missing":
        return "forget"
    if _unwanted(item, record, mapping).base:
        return "undo"
    raise UsageError(
        f"{mapping.name} {item.key}: there is nothing to give up; {item.reason}",
        hint="change the value on the side that holds it",
    )


def _unwanted(item: HeldRecord, record: Record, mapping: TableMapping) -> Unwanted:
    if item.op in (Action.DELETE.value, Action.TRASH.value):
        return Unwanted(mapping, record, item.side, "delete")
    if item.op != FIELD:
        return Unwanted(mapping, record, item.side, "update")
    refused = frozenset(name for name, change in record.notion.items() if refusal(change.value))
    return Unwanted(mapping, record, Side.POSTGRES, "update", refused or frozenset({""}))


def _document(item: HeldRecord, mapping: TableMapping, way: str) -> JsonObject:
    made_in = Side.NOTION if item.op == FIELD else item.side.other
    words = _WORDS[way].format(side=made_in.value, fields=item.constraint if item.op == FIELD else "its edits")
    return {"id": item.id, "table": mapping.name, "key": item.key, "op": item.op, "discard": words}


def _do(context: Context, way: str, item: HeldRecord, mapping: TableMapping, record: Record, who: str) -> str:
    options: JsonObject = {"table": mapping.name, "key": item.key, "reason": item.reason, "who": who}
    run = Run(context.ids.new_id(), "discard", context.database.now(), options)
    with context.database.transaction() as uow:
        uow.runs.start(run)
        uow.held.release([record.id])
        if way == "leave":
            uow.records.save([replace(record, detached=True)])
        elif way == "forget":
            uow.events.append([_page_forgotten(record, run)])
            uow.records.save([_without_page(record, run)])
    status = "failed"
    try:
        if way in ("restore", "undo"):
            given = give_up(context, [_unwanted(item, record, mapping)], Origin(run.run_id, "rollback"), who)
            for reason in given.refused.values():
                raise SyncEngineError(f"{mapping.name} {item.key}: {reason}", hint="it stays held")
        status = "done"
    finally:
        with context.database.transaction() as uow:
            uow.runs.finish(replace(run, status=status, finished_at=context.database.now()))
            if status == "failed":
                uow.held.hold(item)
    return run.run_id


def _page_forgotten(record: Record, run: Run) -> NewEvent:
    return NewEvent(
        source=Side.NOTION,
        mapping=record.mapping,
        key=record.key,
        op=Op.DELETE,
        before=None,
        after=None,
        occurred=Interval.instant(run.started_at),
        actor={"app": "sync-engine"},
        origin=str(Origin(run.run_id, "rollback")),
        page_id=record.page_id,
    )


def _without_page(record: Record, run: Run) -> Record:
    """The record as if its page had never been: what the row holds is all still to be told."""
    at = Interval.instant(run.started_at)
    told_again = {
        name: PendingChange(value, at, {}, 0, f"run:{run.run_id}") for name, value in record.base.items()
    }
    return replace(
        record,
        page_id="",
        notion={},
        notion_presence=Presence.ABSENT,
        key_on_page=False,
        postgres={**told_again, **record.postgres},
        base={},
    )
