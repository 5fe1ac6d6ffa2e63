"""Compensation: from journal entries to what has to be put back, with a guard against later edits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.values import Value

EntryOp = Literal["insert", "update", "delete", "create", "trash", "restore", "adopt", "agree"]
_BORN = ("insert", "create")
_DIED = ("delete", "trash")


@dataclass(frozen=True, slots=True)
class Step:
    """What compensation needs of one journal entry."""

    side: Side
    op: EntryOp
    before: Mapping[str, Value] | None
    after: Mapping[str, Value] | None


@dataclass
class NetEffect:
    """Net effect of selected entries on one record: the earliest before and the latest after of each field, and
    what happened to the record itself (E-Maj's rule: one write per key, whatever the number of changes)."""

    before: dict[str, Value] = field(default_factory=dict)
    after: dict[str, Value] = field(default_factory=dict)
    first: EntryOp | None = None
    first_side: Side | None = None

    @property
    def created(self) -> bool:
        """Whether the record began to exist on one side within the selection."""
        return self.first in _BORN

    @property
    def removed(self) -> bool:
        """Whether the record was removed from one side within the selection."""
        return self.first in _DIED


def net_effect(steps: Iterable[Step]) -> NetEffect:
    """Fold the entries of one record, in order."""
    net = NetEffect()
    for step in steps:
        if net.first is None and step.op in (*_BORN, *_DIED, "restore"):
            net.first, net.first_side = step.op, step.side
        for name, value in (step.before or {}).items():
            net.before.setdefault(name, value)
        net.after.update(step.after or {})
    return net


class Status(Enum):
    """Whether a record can be taken back."""

    UNDO = "undo"
    ALREADY = "already"
    BLOCKED = "blocked"


class Remedy(Enum):
    """How a record is taken back."""

    SET_FIELDS = "set fields"
    REMOVE = "remove row and page"
    REMOVE_PAGE = "remove page"
    REVIVE = "restore row and page"


@dataclass(frozen=True, slots=True)
class Compensation:
    """The decision for one record. `values` are the values to put back; `blocked` the fields with later edits.

    A row or a page of the record that is still there gets the values too.
    """

    mapping: TableMapping
    record: Record
    remedy: Remedy
    status: Status
    values: Mapping[str, Value] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def compensate(
    net: NetEffect,
    record: Record,
    mapping: TableMapping,
    *,
    row_predates: bool,
    force: bool,
    selected_from_seq: int | None = None,
    lost: Mapping[str, Value] | None = None,
    selected: Collection[int] = (),
) -> Compensation:
    """Decide one record. `row_predates`: the row was there before the engine, so it is never deleted.

    A field whose present value is not what the selection left there was edited later: it is blocked, unless
    `force`. With `selected_from_seq` (rollback to a mark) pending edits from that position on are part of the
    selection themselves; `lost` is what the record held there, when one side has deleted it since and the other
    was not told. With `selected` (rollback of single events) so are the pending edits that these events made.
    """
    chosen = _Chosen(selected_from_seq, selected)
    if net.created:
        own = _Chosen(None, selected)
        return _uncreate(net, record, mapping, row_predates=row_predates, force=force, chosen=own)
    if net.removed:
        return _revive(net, record, mapping, force=force, chosen=chosen)
    if lost is not None:
        return Compensation(mapping, record, Remedy.REVIVE, Status.UNDO, lost)
    return _unset(net, record, mapping, force=force, chosen=chosen)


def short_of(found: Compensation, redacted: Collection[str], *, force: bool) -> Compensation:
    """The decision, when values that it would need were taken out of the past: these fields are blocked, and so is
    the whole record where it would go or come back, because what was there cannot be told (`force`: it does)."""
    gone = {name: "its value was redacted" for name in redacted if name in found.mapping.by_name}
    whole = found.remedy is not Remedy.SET_FIELDS
    if not gone or (whole and found.status is Status.ALREADY):
        return found
    values = {name: value for name, value in found.values.items() if name not in gone}
    blocked = {**found.blocked, **gone}
    going = force if whole else bool(values)
    status = Status.UNDO if going and found.status is Status.UNDO else Status.BLOCKED
    return replace(found, status=status, values=values, blocked=blocked, reason=_told(blocked))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which pending edits belong to the selection: all from a position on, or those that certain events made."""

    from_seq: int | None
    seqs: Collection[int]

    def has(self, seq: int) -> bool:
        """Whether the pending edit that this event made is one of them."""
        return seq in self.seqs or (self.from_seq is not None and seq > self.from_seq)


def _uncreate(
    net: NetEffect, record: Record, mapping: TableMapping, *, row_predates: bool, force: bool, chosen: _Chosen
) -> Compensation:
    remedy = Remedy.REMOVE_PAGE if row_predates else Remedy.REMOVE
    row_gone = row_predates or not record.has_row
    if row_gone and record.notion_presence is not Presence.PRESENT:
        return Compensation(mapping, record, remedy, Status.ALREADY, reason="it no longer exists")
    blocked = {
        name: later
        for name, value in net.after.items()
        if name in mapping.by_name and (later := _later_edit(record, name, value, mapping, chosen))
    }
    if blocked and not force and remedy is Remedy.REMOVE:
        return Compensation(mapping, record, remedy, Status.BLOCKED, {}, blocked, _told(blocked))
    return Compensation(mapping, record, remedy, Status.UNDO, dict(record.base))


def _revive(
    net: NetEffect, record: Record, mapping: TableMapping, *, force: bool, chosen: _Chosen
) -> Compensation:
    """A row that is gone comes back whole; one that is there gets what it does not hold."""
    both = (record.postgres_presence, record.notion_presence)
    if both == (Presence.PRESENT, Presence.PRESENT):
        return Compensation(mapping, record, Remedy.REVIVE, Status.ALREADY, reason="it exists again")
    there = record.has_row
    values: dict[str, Value] = {}
    blocked: dict[str, str] = {}
    for name, target in net.before.items():
        field = mapping.by_name.get(name)
        if field is None or (there and postgres_value(record, field) == target):
            continue
        wanted = {Side.POSTGRES: target, Side.NOTION: field.codec.weaken(target)}
        edited = there or name in record.notion
        expected = net.after.get(name, target)
        later = edited and _later_edit(record, name, expected, mapping, chosen, wanted)
        if later and not force:
            blocked[name] = later
        if not there or name not in blocked:
            values[name] = target
    return Compensation(mapping, record, Remedy.REVIVE, Status.UNDO, values, blocked, _told(blocked))


def _unset(
    net: NetEffect,
    record: Record,
    mapping: TableMapping,
    *,
    force: bool,
    chosen: _Chosen,
) -> Compensation:
    if not record.has_row and record.notion_presence is not Presence.PRESENT:
        return Compensation(
            mapping, record, Remedy.SET_FIELDS, Status.BLOCKED, reason="the record was deleted since"
        )
    values: dict[str, Value] = {}
    blocked: dict[str, str] = {}
    for name, target in _targets(net, record, chosen.from_seq).items():
        if name not in mapping.by_name:
            if net.after.get(name, target) != target:
                blocked[name] = UNMAPPED
            continue
        if _holds(record, name, target, mapping):
            continue
        if chosen.seqs and _moved_on(record, name, net.after.get(name, target), mapping):
            continue
        wanted = {Side.POSTGRES: target, Side.NOTION: mapping.by_name[name].codec.weaken(target)}
        later = _later_edit(record, name, net.after.get(name, target), mapping, chosen, wanted)
        if later and not force:
            blocked[name] = later
        else:
            values[name] = target
    if (values or blocked) and not record.has_row:
        reason = "the row was deleted since"
        return Compensation(mapping, record, Remedy.SET_FIELDS, Status.BLOCKED, reason=reason)
    status = Status.UNDO if values else Status.BLOCKED if blocked else Status.ALREADY
    return Compensation(mapping, record, Remedy.SET_FIELDS, status, values, blocked, _told(blocked))


UNMAPPED = "no longer synced: its column was dropped, or left out"
"""Why a field is not put back that the mapping does not have any more."""


def _targets(net: NetEffect, record: Record, selected_from_seq: int | None) -> dict[str, Value]:
    """Earliest before images; for a mark also the base of fields edited after it but not yet carried across."""
    targets = dict(net.before)
    if selected_from_seq is not None:
        for pending in (record.postgres, record.notion):
            for name, change in pending.items():
                if change.seq > selected_from_seq and name in record.base:
                    targets.setdefault(name, record.base[name])
    return targets


def _moved_on(record: Record, name: str, left: Value, mapping: TableMapping) -> bool:
    """Whether the row's value has changed since in what a page cannot show, as a trigger's `updated_at` does at
    each write: it is not what the selection left, and nobody would see the difference. It is left alone."""
    weaken, now = mapping.by_name[name].codec.weaken, postgres_value(record, mapping.by_name[name])
    return left not in (now, weaken(left)) and weaken(now) == weaken(left)


def _holds(record: Record, name: str, target: Value, mapping: TableMapping) -> bool:
    weaken = mapping.by_name[name].codec.weaken
    return postgres_value(record, mapping.by_name[name]) == target and notion_value(
        record, mapping.by_name[name]
    ) == weaken(target)


def _later_edit(
    record: Record,
    name: str,
    expected: Value,
    mapping: TableMapping,
    chosen: _Chosen,
    wanted: Mapping[Side, Value] | None = None,
) -> str:
    """Who edited the field after the selection, as a phrase; empty when nobody did.

    A side that holds what is `wanted` there, as Postgres does after an interrupted rollback, has nothing to lose.
    """
    pending = False
    for side in Side:
        change = record.pending(side).get(name)
        if change is None or (wanted is not None and change.value == wanted[side]):
            continue
        pending = True
        if not chosen.has(change.seq):
            who = change.actor.get("name") or change.actor.get("role") or "somebody"
            return f"edited in {side.value} by {who} at {change.at.until.isoformat(timespec='seconds')}"
    weaken = mapping.by_name[name].codec.weaken
    if chosen.from_seq is None and not pending and weaken(record.base.get(name)) != weaken(expected):
        return "edited since, in a later run"
    return ""


def _told(blocked: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in blocked.items())
