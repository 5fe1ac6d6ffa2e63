"""Review: list conflicts, take the other side after all, or decide what a policy left to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sync_engine.domain.combine import merge_both
from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.reconcile import rebase
from sync_engine.domain.record import Record
from sync_engine.domain.redaction import is_redacted
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.interrupted import done_by
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.undo.force import Wish, push, write_wishes
from sync_engine.errors import SyncEngineError, UsageError
from sync_engine.ports.conflicts import ConflictRow, ConflictStatus, SideValue
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.runs import Run

Keep = Literal["postgres", "notion", "both-merged"]

_SIDES = ("postgres", "notion")
_BEFORE = "; before: "

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
    with context.database.transaction() as uow:
        decided_by = uow.conflicts.policy(row.mapping, row.policy_version)
    return {
        **conflict_json(context, row),
        "rules": {"since": iso(decided_by.since), **decided_by.rules} if decided_by else None,
        "run_id": row.run_id,
        "occurrences": row.occurrences,
        "detected_at": iso(row.detected_at) if row.detected_at else None,
        "resolved_at": iso(row.resolved_at) if row.resolved_at else None,
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
        "policy_version": row.policy_version,
    }


def _instant(side: SideValue) -> Json:
    return iso(side.at.until) if side.at else None


def _span(side: SideValue) -> Json:
    return [iso(side.at.since), iso(side.at.until)] if side.at else None


def swap(context: Context, conflict_id: int, *, who: str = "", force: bool = False) -> JsonObject:
    """Put the losing value on both sides, as a new edit that is logged and can be taken back.

    Raises UsageError for an open conflict (nothing lost yet), SyncEngineError when the field was edited since,
    unless `force`, and LockHeld.
    """
    with between_turns(context.database):
        row = _get(context, conflict_id)
        if row.status == "open":
            raise UsageError(f"conflict {conflict_id} is still open", hint="use `conflicts resolve` with --keep")
        if is_redacted(row.postgres.value) or is_redacted(row.notion.value):
            told = f"the values of conflict {conflict_id} were redacted"
            raise UsageError(told, hint="`audit log` says by whom")
        if row.winner not in _SIDES:
            raise UsageError(f"no side lost conflict {conflict_id}", hint="see `conflicts show`")
        seen = _looked_at(context, row, context.ids.new_id())
        if not force:
            _refuse_later_edit(seen)
        loser = Side(row.winner).other
        decided = replace(row, status="swapped", winner=loser.value)
        _carry(context, seen, _lifted(seen, loser), _signed(decided, who), who)
    return conflict_show(context, conflict_id)


def resolve(
    context: Context, conflict_id: int, *, keep: Keep | None, value: Value = None, who: str = ""
) -> JsonObject:
    """Decide a conflict: keep one side's value, both in one (`both-merged`), or (keep None) put `value` on both.

    Decided under the lock, after a look at both sides; decision and row commit together, and a kill before the
    page is written leaves that to the next pass. Raises UsageError; SyncEngineError when a side was edited after
    what the conflict shows, or refuses the value; LockHeld.
    """
    with between_turns(context.database):
        decide_under_lock(context, conflict_id, keep=keep, value=value, who=who, run_id=context.ids.new_id())
    return conflict_show(context, conflict_id)


def decide_under_lock(
    context: Context,
    conflict_id: int,
    *,
    keep: Keep | None,
    value: Value = None,
    who: str = "",
    run_id: str,
    as_shown: bool = False,
) -> None:
    """`resolve`, for a caller that holds the installation's lock under `run_id`; raises the same.

    With `as_shown` also a value of the person's own is refused when a side was edited since.
    """
    row = _get(context, conflict_id)
    if row.status in ("resolved", "swapped"):
        raise UsageError(f"conflict {conflict_id} is already {row.status}", hint="see `conflicts show`")
    winner = "merged" if keep == "both-merged" else keep or "value"
    decided = _signed(replace(row, status="resolved", winner=winner), who)
    if keep is not None and winner == row.winner:
        _store(context, decided)
        return
    seen = _looked_at(context, row, run_id)
    if keep is not None or as_shown:
        _refuse_unseen_edit(seen)
    wanted = _kept(seen, keep) if keep else seen.field.codec.lift(value)
    _carry(context, seen, wanted, decided, who)


def merged(context: Context, conflict_id: int) -> Value:
    """What `both-merged` would put on both sides. Raises UsageError as `resolve` does."""
    seen = _target(context, _get(context, conflict_id))
    return merged_value(seen.row, seen.field)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A conflict whose record was just read on both sides."""

    row: ConflictRow
    mapping: TableMapping
    record: Record

    @property
    def field(self) -> FieldMapping:
        """The field in conflict."""
        return self.mapping.by_name[self.row.field]


def _signed(row: ConflictRow, who: str) -> ConflictRow:
    """The decided conflict with who decided it; the reason keeps what the policy had to say."""
    whose = f"{row.winner}'s value" if row.winner in _SIDES else "another value"
    what = "both values, merged," if row.winner == "merged" else whose
    policy = row.reason.rpartition(_BEFORE)[2]
    return replace(row, resolved_by=who, reason=f"{who or 'a person'} put {what} on both sides{_BEFORE}{policy}")


def _kept(seen: _Seen, keep: Keep) -> Value:
    """What both sides shall hold. Raises UsageError where two values have no merged one."""
    return merged_value(seen.row, seen.field) if keep == "both-merged" else _wanted(seen, Side(keep))


def merged_value(row: ConflictRow, field: FieldMapping) -> Value:
    """Both edits of a conflict in one value. Raises UsageError where the field's type has no such thing."""
    found = merge_both(field, row.base, row.postgres.value, field.codec.lift(row.notion.value))
    if found is None:
        raise UsageError(
            f"the two values of conflict {row.id} cannot be merged into one",
            hint="keep one side, or give a --value of your own",
        )
    return field.codec.lift(found.value)


def _wanted(seen: _Seen, keep: Side) -> Value:
    """The kept value; while nothing is decided the row holds that of Postgres itself, and not only its record."""
    in_row = seen.row.status == "open" and keep is Side.POSTGRES
    return postgres_value(seen.record, seen.field) if in_row else _lifted(seen, keep)


def _lifted(seen: _Seen, side: Side) -> Value:
    value = _side(seen.row, side).value
    return value if side is Side.POSTGRES else seen.field.codec.lift(value)


def _refuse_unseen_edit(seen: _Seen) -> None:
    """A person decides on what the conflict shows: an edit made since has to be looked at first."""
    if seen.row.status != "open":
        _refuse_later_edit(seen)
        return
    name, where = seen.row.field, f"{seen.mapping.name} {seen.row.key} {seen.row.field}"
    for side in Side:
        change = seen.record.pending(side).get(name)
        if change is None:
            raise SyncEngineError(f"{where} is no longer in conflict", hint="run `sync-engine sync`")
        if change.value != _side(seen.row, side).value:
            raise SyncEngineError(
                f"{where} was edited again in {side.value} after what conflict {seen.row.id} shows",
                hint="run `sync-engine sync`, look at `conflicts show` again, then decide",
            )


def _refuse_later_edit(seen: _Seen) -> None:
    row, weaken = seen.row, seen.field.codec.weaken
    known = [weaken(_side(row, side).value) for side in Side]
    if row.winner == "merged":
        known.append(weaken(merged_value(row, seen.field)))
    if row.field in seen.record.notion or weaken(postgres_value(seen.record, seen.field)) not in known:
        raise SyncEngineError(
            f"{seen.mapping.name} {row.key} {row.field} was edited after conflict {row.id} was decided",
            hint="look at `audit history`; `conflicts swap --force` overwrites that edit",
        )


def _carry(context: Context, seen: _Seen, value: Value, decided: ConflictRow, who: str) -> None:
    """Write the value to the row and store the decision at once, then write the page."""
    started = context.database.now()
    kind = "swap" if decided.status == "swapped" else "resolve"
    run = Run(context.ids.new_id(), kind, started, {"origin": f"{kind}:{decided.id}"})
    source = Origin(run.run_id)
    status = "failed"
    with context.database.transaction(str(source)) as uow:
        uow.runs.start(run)
        record = _left_to_decide(uow, seen, _written(uow, seen, value, source, started, who))
        uow.conflicts.update(replace(decided, resolved_at=started))
    try:
        push(context, [(seen.mapping, record)], source)
        status = "done"
    finally:
        with context.database.transaction() as uow:
            ended = replace(run, finished_at=context.database.now(), status=status)
            uow.runs.finish(replace(ended, summary=done_by(uow, run.run_id)))


def _written(uow: UnitOfWork, seen: _Seen, value: Value, source: Origin, at: datetime, who: str) -> Record:
    """The record with the value in its row; a row that holds it already is not written again."""
    name, record = seen.row.field, seen.record
    if name in record.notion and postgres_value(record, seen.field) == value:
        [saved] = uow.records.save([rebase(record, name, loser=Side.NOTION)])
        return saved
    actor: JsonObject = {"name": who} if who else {}
    forced = write_wishes(uow, [Wish(seen.mapping, record, {name: value})], source, at, actor)
    if forced.refused:
        raise SyncEngineError(
            f"{seen.mapping.name} {record.key}: {next(iter(forced.refused.values()))}",
            hint="nothing was changed; run `sync-engine sync` and try again",
        )
    return forced.written[0][1]


def _left_to_decide(uow: UnitOfWork, seen: _Seen, record: Record) -> Record:
    """The record, with the other disputed fields of a manual group left to be decided one by one.

    Without a base they are bound to the group no more: what was decided crosses at once, and they go on waiting.
    """
    groups = [group.fields for group in seen.mapping.groups if group.conflict == "manual"]
    bound = {name for fields in groups if seen.row.field in fields for name in fields} - {seen.row.field}
    waiting = bound & record.postgres.keys() & record.notion.keys()
    if seen.row.status != "open" or not waiting:
        return record
    base = {name: value for name, value in record.base.items() if name not in waiting}
    [saved] = uow.records.save([replace(record, base=base)])
    return saved


def _looked_at(context: Context, row: ConflictRow, run_id: str) -> _Seen:
    """The record after a look at both sides: what is written over must have been seen."""
    mapping = _target(context, row).mapping
    gather(context, [mapping], run_id, full=False, dry_run=False)
    return _target(context, row)


def _target(context: Context, row: ConflictRow) -> _Seen:
    mapping = context.by_id.get(row.mapping)
    if mapping is None or row.field not in mapping.by_name:
        raise UsageError(f"conflict {row.id} is about a field that is no longer mapped", hint="see `plan`")
    with context.database.transaction() as uow:
        record = uow.records.by_id([row.record_id]).get(row.record_id)
    if record is None:
        raise UsageError(f"{mapping.name} {row.key} no longer exists", hint="see `audit history`")
    return _Seen(row, mapping, record)


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
