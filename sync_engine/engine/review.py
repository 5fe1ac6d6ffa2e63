"""Review: list conflicts, take the other side after all, or decide what a policy left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.reconcile import rebase
from sync_engine.domain.record import Record
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns, is_run_active
from sync_engine.engine.force import Wish, push, write_wishes
from sync_engine.engine.gather import gather
from sync_engine.engine.sync import SyncOptions, sync
from sync_engine.errors import SyncEngineError, UsageError
from sync_engine.ports.store import ConflictRow, ConflictStatus, Run, SideValue

Keep = Literal["postgres", "notion"]

STATUSES: dict[str, Sequence[ConflictStatus]] = {
    "open": ("open",),
    "auto": ("auto",),
    "resolved": ("resolved", "swapped"),
    "all": ("open", "auto", "resolved", "swapped"),
}
"""What `--status` means."""


def conflict_list(context: Context, status: str, table: str = "") -> Sequence[JsonObject]:
    """Conflicts as `conflicts list --json` prints them, oldest first. Raises UsageError for an unknown table."""
    mapping = context.mapping(table).id if table else None
    with context.database.transaction() as uow:
        rows = uow.conflicts.find(STATUSES[status], mapping)
    return [conflict_json(context, row) for row in rows]


def conflict_show(context: Context, conflict_id: int) -> JsonObject:
    """One conflict with everything that is known of it. Raises UsageError when there is none."""
    row = _get(context, conflict_id)
    return {
        **conflict_json(context, row),
        "run_id": row.run_id,
        "occurrences": row.occurrences,
        "detected_at": row.detected_at.isoformat() if row.detected_at else None,
        "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        "resolved_by": row.resolved_by,
    }


def conflict_json(context: Context, row: ConflictRow) -> JsonObject:
    """The JSON shape of a conflict (`cli.md`)."""
    mapping = context.by_id.get(row.mapping)
    return {
        "id": row.id,
        "table": mapping.name if mapping else str(row.mapping),
        "key": row.key,
        "field": row.field,
        "type": row.type,
        "status": row.status,
        "base": row.base,
        "postgres": {"value": row.postgres.value, "at": _instant(row.postgres), "actor": row.postgres.actor},
        "notion": {"value": row.notion.value, "at": _span(row.notion), "actor": row.notion.actor},
        "winner": row.winner,
        "reason": row.reason,
        "policy": row.policy,
    }


def _instant(side: SideValue) -> Json:
    return side.at.until.isoformat() if side.at else None


def _span(side: SideValue) -> Json:
    return [side.at.since.isoformat(), side.at.until.isoformat()] if side.at else None


def swap(context: Context, conflict_id: int, *, who: str = "", force: bool = False) -> JsonObject:
    """Put the losing value on both sides, as a new edit that is logged and can be taken back.

    Raises UsageError for an open conflict (nothing lost yet), SyncEngineError when the field was edited since,
    unless `force`.
    """
    row = _get(context, conflict_id)
    if row.status == "open":
        raise UsageError(f"conflict {conflict_id} is still open", hint="use `conflicts resolve` with --keep")
    if row.winner not in ("postgres", "notion"):
        raise UsageError(f"no side lost conflict {conflict_id}", hint="see `conflicts show`")
    winner = Side(row.winner)
    mapping, record = _looked_at(context, row)
    field = mapping.by_name[row.field]
    won = _side(row, winner).value
    lost = _side(row, winner.other).value
    target = field.codec.lift(lost) if winner is Side.POSTGRES else lost
    current = postgres_value(record, field)
    known = (field.codec.weaken(won), field.codec.weaken(lost))
    if not force and (row.field in record.notion or field.codec.weaken(current) not in known):
        raise SyncEngineError(
            f"{mapping.name} {row.key} {row.field} was edited after conflict {conflict_id} was decided",
            hint="look at `audit history`; repeat with --force to overwrite that edit",
        )
    _force(context, mapping, record, {row.field: target}, f"swap:{conflict_id}", who)
    _store(context, replace(row, status="swapped", winner=winner.other.value, resolved_by=who))
    return conflict_show(context, conflict_id)


def resolve(
    context: Context, conflict_id: int, *, keep: Keep | None, value: Value = None, who: str = ""
) -> JsonObject:
    """Decide a conflict: keep one side's value, or (keep None) put `value` on both. Raises UsageError."""
    row = _get(context, conflict_id)
    if row.status in ("resolved", "swapped"):
        raise UsageError(f"conflict {conflict_id} is already {row.status}", hint="see `conflicts show`")
    if row.status == "open" and keep is not None:
        _decide_open(context, row, Side(keep))
    elif keep is None or keep != row.winner:
        mapping, record = _looked_at(context, row)
        field = mapping.by_name[row.field]
        chosen = value if keep is None else _side(row, Side(keep)).value
        _force(context, mapping, record, {row.field: field.codec.lift(chosen)}, f"resolve:{conflict_id}", who)
    _store(context, replace(row, status="resolved", winner=keep or "value", resolved_by=who))
    return conflict_show(context, conflict_id)


def _decide_open(context: Context, row: ConflictRow, winner: Side) -> None:
    """The base moves to the loser's value; the winner's pending change then crosses like any edit."""
    mapping, record = _target(context, row)
    if row.field not in record.pending(winner.other):
        raise SyncEngineError(
            f"{mapping.name} {row.key} {row.field} is no longer in conflict", hint="run `sync-engine sync`"
        )
    with context.database.transaction() as uow:
        uow.records.save([rebase(record, row.field, loser=winner.other)])
        uow.conflicts.update(replace(row, status="resolved", winner=winner.value))
    if not is_run_active(context.database):  # it carries the decision across by itself
        sync(context, SyncOptions(tables=[mapping.name]))


def _force(
    context: Context, mapping: TableMapping, record: Record, values: dict[str, Value], origin: str, who: str
) -> None:
    run_id = context.ids.new_id()
    source = Origin(run_id)
    now = context.database.now()
    run = Run(run_id, origin.partition(":")[0], now, {"origin": origin})
    actor: JsonObject = {"name": who} if who else {}
    with between_turns(context.database):
        with context.database.transaction(str(source)) as uow:
            uow.runs.start(run)
            forced = write_wishes(uow, [Wish(mapping, record, values)], source, now, actor)
            if forced.refused:
                raise SyncEngineError(
                    f"{mapping.name} {record.key}: {next(iter(forced.refused.values()))}",
                    hint="nothing was changed; run `sync-engine sync` and try again",
                )
        push(context, forced.written, source)
        with context.database.transaction() as uow:
            uow.runs.finish(replace(run, finished_at=context.database.now(), status="done"))


def _looked_at(context: Context, row: ConflictRow) -> tuple[TableMapping, Record]:
    """The record after a look at both sides: what is written over must have been seen."""
    mapping, _ = _target(context, row)
    with context.database.lock():
        gather(context, [mapping], context.ids.new_id(), full=False, dry_run=False)
    return _target(context, row)


def _target(context: Context, row: ConflictRow) -> tuple[TableMapping, Record]:
    mapping = context.by_id.get(row.mapping)
    if mapping is None or row.field not in mapping.by_name:
        raise UsageError(f"conflict {row.id} is about a field that is no longer mapped", hint="see `plan`")
    with context.database.transaction() as uow:
        record = uow.records.by_id([row.record_id]).get(row.record_id)
    if record is None:
        raise UsageError(f"{mapping.name} {row.key} no longer exists", hint="see `audit history`")
    return mapping, record


def _side(row: ConflictRow, side: Side) -> SideValue:
    return row.postgres if side is Side.POSTGRES else row.notion


def _get(context: Context, conflict_id: int) -> ConflictRow:
    with context.database.transaction() as uow:
        row = uow.conflicts.get(conflict_id)
    if row is None:
        raise UsageError(f"there is no conflict {conflict_id}", hint="`conflicts list --status all` shows them")
    return row


def _store(context: Context, row: ConflictRow) -> None:
    with context.database.transaction() as uow:
        uow.conflicts.update(replace(row, resolved_at=context.database.now()))
