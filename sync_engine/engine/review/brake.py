"""The brake's two ways on: look at what a pass stopped, let it go on (in part), or undo it where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync_engine.domain.brake import Stop, allowance, update_allowance
from sync_engine.domain.origin import Origin
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns, is_run_active
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.giveup import GivenUp, Unwanted, give_up
from sync_engine.engine.summary import PassSummary, stop_json
from sync_engine.engine.undo.marks import mark_before
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.runs import Run

SHOWN = 20
"""Keys of stopped records that `brake show` names of each kind."""


def brake_show(context: Context, table: str = "") -> Sequence[JsonObject]:
    """What waits behind the brake, as `brake show --json` prints it. Raises UsageError for an unknown table."""
    with context.database.transaction() as uow:
        return [_shown(uow, context, stop) for stop in _stops(uow, context, table)]


def _shown(uow: UnitOfWork, context: Context, stop: Stop) -> JsonObject:
    mapping = context.by_id[stop.mapping]
    linked = uow.records.counts(mapping.id).linked + (stop.count if stop.kind == "delete" else 0)
    allow = allowance if stop.kind == "delete" else update_allowance
    records = uow.records.by_id(uow.brakes.stopped(stop, SHOWN))
    keys: list[Json] = [records[record_id].key for record_id in sorted(records)]
    return {**stop_json(mapping.name, stop), "of": linked, "allowed": allow(mapping.brake, linked), "keys": keys}


def _stops(uow: UnitOfWork, context: Context, table: str) -> Sequence[Stop]:
    mapping = context.mapping(table).id if table else None
    return [stop for stop in uow.brakes.stops(mapping) if stop.mapping in context.by_id]


def _chosen(uow: UnitOfWork, stops: Sequence[Stop], limit: int | None) -> list[tuple[Stop, list[int]]]:
    """Stopped records of each kind, `limit` in all."""
    chosen: list[tuple[Stop, list[int]]] = []
    room = limit
    for stop in stops:
        ids = list(uow.brakes.stopped(stop, room))
        room = None if room is None else room - len(ids)
        chosen.append((stop, ids))
    return chosen


def brake_release(
    context: Context, table: str = "", limit: int | None = None, *, dry_run: bool = False
) -> JsonObject:
    """Let what was stopped go on, `limit` records at most; the rest goes on waiting.

    A released delete is applied even where the table's policy is to hold deletes: a person has decided. Carried
    across at once, or by the active `run`. Raises UsageError for an unknown table, and what `sync` raises.
    """
    with context.database.transaction() as uow:
        stops = _stops(uow, context, table)
        chosen = _chosen(uow, stops, limit)
        ids = [record_id for _, some in chosen for record_id in some]
        if not dry_run:
            uow.brakes.approve(ids)
            if ids:
                mark_before(uow, f"brake release {context.ids.new_id()}", context.database.now())
    document = _outcome(context, stops, len(ids), "released", dry_run=dry_run)
    if ids and not dry_run and not is_run_active(context.database):
        tables = sorted({context.by_id[stop.mapping].name for stop, some in chosen if some})
        document["sync"] = _carried(sync(context, SyncOptions(tables=tables)))
    return document


def _carried(summary: PassSummary) -> JsonObject:
    return {"run_id": summary.run_id, **summary.total.to_json()}


def _outcome(context: Context, stops: Sequence[Stop], count: int, verb: str, *, dry_run: bool) -> JsonObject:
    lines: list[Json] = [stop_json(context.by_id[stop.mapping].name, stop) for stop in stops]
    return {verb: count, "left": sum(stop.count for stop in stops) - count, "dry_run": dry_run, "braked": lines}


def brake_discard(context: Context, table: str = "", *, dry_run: bool = False, who: str = "") -> JsonObject:
    """Undo what was stopped on the side where it was made: rows and pages come back, edits return to the base.

    The undone changes stay in the log. It is a run of its own, journalled, so it can be rolled back. Raises
    UsageError for an unknown table, LockHeld, and what Notion raises; whatever was done until then is committed.
    """
    with context.database.transaction() as uow:
        stops = _stops(uow, context, table)
    total = sum(stop.count for stop in stops)
    document = _outcome(context, stops, total, "discarded", dry_run=dry_run)
    if dry_run or not stops:
        return document
    with between_turns(context.database):
        given = _discard(context, table, who, document)
    document["discarded"] = len(given.done)
    document["left"] = total - len(given.done)
    return document


def _discard(context: Context, table: str, who: str, document: JsonObject) -> GivenUp:
    run = Run(context.ids.new_id(), "discard", context.database.now(), {"table": table})
    gather(context, context.selected([table] if table else []), run.run_id, full=False, dry_run=False)
    with context.database.transaction() as uow:
        for mapping in context.mappings:
            uow.brakes.forget(mapping)
        unwanted = _unwanted(uow, context, table)
        uow.runs.start(run)
    status = "failed"
    try:
        given = give_up(context, unwanted, Origin(run.run_id, "rollback"), who)
        status = "done"
    finally:
        with context.database.transaction() as uow:
            for mapping in context.mappings:
                uow.brakes.forget(mapping)
            uow.runs.finish(replace(run, status=status, finished_at=context.database.now()))
    document["run_id"] = run.run_id
    document["refused"] = [
        {"table": item.mapping.name, "key": item.record.key, "reason": given.refused[item.record.id]}
        for item in unwanted
        if item.record.id in given.refused
    ]
    return given


def _unwanted(uow: UnitOfWork, context: Context, table: str) -> list[Unwanted]:
    found: list[Unwanted] = []
    for stop, ids in _chosen(uow, _stops(uow, context, table), None):
        records = uow.records.by_id(ids)
        mapping = context.by_id[stop.mapping]
        found += [Unwanted(mapping, records[i], stop.side, stop.kind) for i in ids if i in records]
    return found
