"""Decide: settle and plan a batch of records, and store what was decided before anything is done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Hold, Operation, RecordPlan, plan_record, too_many_links
from sync_engine.domain.policies import rules_of
from sync_engine.domain.reconcile import Conflict, Settled, settle
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.unresolved import linked_up, refusal, targets_of, waiting_pages
from sync_engine.engine.context import Context
from sync_engine.engine.passes.holds import hold_fields
from sync_engine.engine.passes.pingpong import mark_flipping
from sync_engine.engine.passes.resolvers import resolver_of
from sync_engine.ports.conflicts import ConflictRow, SideValue
from sync_engine.ports.database import UnitOfWork


@dataclass
class Decided:
    """What a batch of records needs: operations by side, new holds, and the conflicts that were recorded."""

    operations: dict[Side, list[Operation]] = field(default_factory=lambda: {Side.POSTGRES: [], Side.NOTION: []})
    holds: list[Hold] = field(default_factory=list)
    conflicts: int = 0


def decide(
    uow: UnitOfWork, context: Context, mapping: TableMapping, records: Sequence[Record], run_id: str
) -> Decided:
    """Settle, record conflicts, plan. Conflicts and settled records are written in the caller's transaction."""
    decided = Decided()
    before = {record.id: record for record in records}
    records = mark_flipping(uow, context, mapping, _linked_up(uow, context, mapping, records))
    waiting = _open_fields(uow, mapping)
    settled = [
        settle(
            record,
            mapping,
            ambiguous=context.ambiguous,
            already_open=waiting.get(record.id, {}),
            resolver_of=lambda field: resolver_of(uow, field),
        )
        for record in records
    ]
    _store_conflicts(uow, context, mapping, settled, waiting, run_id, decided)
    changed = [item.record for item in settled if item.record != before[item.record.id]]
    uow.records.save(changed)
    pages = pages_of(uow, context, mapping, [item.record for item in settled])
    approved = uow.brakes.approved([record.id for record in records])
    plans = [
        plan_record(
            item,
            mapping,
            lambda table, key: pages.get((table, key), ""),
            approved=item.record.id in approved,
        )
        for item in settled
    ]
    for item, plan in zip(settled, plans, strict=True):
        _collect(uow, context, item, plan, decided, mapping, run_id)
    return decided


def _linked_up(
    uow: UnitOfWork, context: Context, mapping: TableMapping, records: Sequence[Record]
) -> Sequence[Record]:
    """Records whose relations waited for a page that has a key by now point to that key."""
    wanted = {
        page for record in records for change in record.notion.values() for page in waiting_pages(change.value)
    }
    if not wanted:
        return records
    keys = {page: key for page, (_, key) in uow.records.keys(sorted(wanted)).items()}
    return [_link(record, keys) for record in records]


def _link(record: Record, keys: Mapping[str, str]) -> Record:
    notion = {name: replace(change, value=linked_up(change.value, keys)) for name, change in record.notion.items()}
    return record if notion == record.notion else replace(record, notion=notion)


def _open_fields(uow: UnitOfWork, mapping: TableMapping) -> Mapping[int, Mapping[str, ConflictRow]]:
    found: dict[int, dict[str, ConflictRow]] = {}
    for conflict in uow.conflicts.find(["open"], mapping.id):
        found.setdefault(conflict.record_id, {})[conflict.field] = conflict
    return found


def _store_conflicts(
    uow: UnitOfWork,
    context: Context,
    mapping: TableMapping,
    settled: Sequence[Settled],
    waiting: Mapping[int, Mapping[str, ConflictRow]],
    run_id: str,
    decided: Decided,
) -> None:
    rows = [
        row
        for item in settled
        for conflict in item.conflicts
        for row in [_conflict_row(item.record, conflict, mapping, run_id)]
        if not (conflict.merged and _is_flagged(uow, row))
    ]
    decided.conflicts += len(uow.conflicts.add(_versioned(uow, context, mapping, rows)))
    for item in settled:
        for name, conflict in waiting.get(item.record.id, {}).items():
            if name in item.agreed:
                equal = replace(conflict, status="resolved", winner="merged", reason="both sides became equal")
                uow.conflicts.update(replace(equal, resolved_at=context.database.now()))
            elif (newer := _as_it_is(conflict, item.record)) != conflict:
                uow.conflicts.add([newer])


def _versioned(
    uow: UnitOfWork, context: Context, mapping: TableMapping, rows: Sequence[ConflictRow]
) -> Sequence[ConflictRow]:
    """The conflicts with the version of the rules that decided them."""
    if not rows:
        return rows
    version = uow.conflicts.policy_version(mapping.id, rules_of(mapping, context.ambiguous))
    return [replace(row, policy_version=version) for row in rows]


def _as_it_is(conflict: ConflictRow, record: Record) -> ConflictRow:
    """The open conflict with what both sides hold now: a person decides on what it shows."""
    postgres, notion = (record.pending(side).get(conflict.field) for side in Side)
    if postgres is None or notion is None:
        return conflict
    if (postgres.value, notion.value) == (conflict.postgres.value, conflict.notion.value):
        return conflict
    return replace(conflict, postgres=_side_value(postgres), notion=_side_value(notion), occurrences=1)


def _conflict_row(record: Record, conflict: Conflict, mapping: TableMapping, run_id: str) -> ConflictRow:
    return ConflictRow(
        mapping=mapping.id,
        record_id=record.id,
        key=record.key,
        field=conflict.field,
        type=conflict.type,
        status="open" if conflict.winner is None and not conflict.merged else "auto",
        base=conflict.base,
        postgres=_side_value(conflict.postgres),
        notion=_side_value(conflict.notion),
        winner="merged" if conflict.merged else "" if conflict.winner is None else conflict.winner.value,
        reason=conflict.reason,
        policy=conflict.policy,
        run_id=run_id,
    )


def _side_value(change: PendingChange) -> SideValue:
    return SideValue(change.value, change.at, change.actor, change.seq)


def pages_of(
    uow: UnitOfWork, context: Context, mapping: TableMapping, records: Sequence[Record]
) -> Mapping[tuple[str, str], str]:
    """Page ids of the relation targets that the pending changes of Postgres name, by (table, key)."""
    wanted: dict[str, set[str]] = {}
    relations = [item for item in mapping.fields if item.relation_to]
    for record in records:
        for relation in relations:
            change = record.postgres.get(relation.name)
            if change is not None:
                wanted.setdefault(relation.relation_to, set()).update(targets_of(change.value))
    pages: dict[tuple[str, str], str] = {}
    for table, keys in wanted.items():
        target = context.by_name.get(table)
        if target is not None:
            found = uow.records.page_ids(target.id, sorted(keys))
            pages.update({(table, key): page for key, page in found.items()})
    return pages


def _collect(
    uow: UnitOfWork,
    context: Context,
    settled: Settled,
    plan: RecordPlan,
    decided: Decided,
    mapping: TableMapping,
    run_id: str,
) -> None:
    record = settled.record
    for operation in plan.operations:
        decided.operations[operation.side].append(operation)
    if plan.hold is not None:
        decided.holds.append(plan.hold)
    if plan.detach:
        uow.records.save([replace(record, detached=True)])
    if plan.revived is not None:
        flagged = _revival(record, plan.revived, mapping, run_id)
        if not _is_flagged(uow, flagged):
            decided.conflicts += len(uow.conflicts.add(_versioned(uow, context, mapping, [flagged])))
    if any(refusal(change.value) for change in record.notion.values()) or _has_too_many_links(record, mapping):
        hold_fields(uow, mapping, record)


def _has_too_many_links(record: Record, mapping: TableMapping) -> bool:
    told = ((item, record.postgres.get(item.name)) for item in mapping.to_many)
    return any(change is not None and too_many_links(item, change.value) for item, change in told)


def _is_flagged(uow: UnitOfWork, revival: ConflictRow) -> bool:
    """Whether this very edit was flagged before: its write may wait for a direction, an outage or a round."""
    return any(
        (row.type, row.field) == (revival.type, revival.field)
        and (row.postgres.seq, row.notion.seq) == (revival.postgres.seq, revival.notion.seq)
        and (row.postgres.value, row.notion.value) == (revival.postgres.value, revival.notion.value)
        for row in uow.conflicts.find(["auto", "resolved", "swapped"], record=revival.record_id)
    )


def _revival(record: Record, editor: Side, mapping: TableMapping, run_id: str) -> ConflictRow:
    """One side deleted the record, the other edited it: the edit wins, and it is flagged."""
    edited = record.pending(editor)
    name = next(iter(sorted(edited)))
    kept, gone = _side_value(edited[name]), SideValue(None, None, {})
    return ConflictRow(
        mapping=mapping.id,
        record_id=record.id,
        key=record.key,
        field=name,
        type="delete_recently_updated",
        status="auto",
        base=record.base.get(name),
        postgres=kept if editor is Side.POSTGRES else gone,
        notion=kept if editor is Side.NOTION else gone,
        winner=editor.value,
        reason=f"the record was deleted in {editor.other.value} and edited in {editor.value}: the edit wins",
        policy="edit wins over delete",
        run_id=run_id,
    )
