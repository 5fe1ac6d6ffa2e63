"""Reconcile one record: merge every field both sides changed, keep the losers, leave one-sided changes behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

from sync_engine.domain.events import Side
from sync_engine.domain.groups import bind_groups
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.merge import AmbiguousPolicy, ConflictType, Outcome, Resolver, Verdict, merge_field
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.unresolved import is_normalised, is_unresolved
from sync_engine.domain.values import Value


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two different edits of one field, both kept. `winner` is None while a person has to decide, and where both
    are `merged` into a third value."""

    field: str
    type: ConflictType
    base: Value
    postgres: PendingChange
    notion: PendingChange
    winner: Side | None
    reason: str
    policy: str
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """A record in which every field has at most one pending side, except the `held` ones.

    A decided conflict becomes a one-sided change: the base moves to the loser's value, so the winner's is an
    ordinary edit on top of it. The decision therefore survives a crash: it is committed with the record, and
    what remains to do is what any edit needs. `merged` fields get a third value: both edits stay pending until it
    is in the row, and from there it crosses like any edit.
    """

    record: Record
    conflicts: tuple[Conflict, ...]
    held: frozenset[str]
    agreed: tuple[str, ...]
    merged: Mapping[str, Value] = dataclass_field(default_factory=dict)


ResolverOf = Callable[[FieldMapping], Resolver | None]
"""What decides a field under the policy `custom`."""


def settle(
    record: Record,
    mapping: TableMapping,
    *,
    ambiguous: AmbiguousPolicy,
    already_open: Collection[str] = (),
    resolver_of: ResolverOf | None = None,
) -> Settled:
    """Merge every field. `already_open` are fields whose conflict waits for a person: they stay held, silently,
    and are decided only by that person (or by both sides becoming equal)."""
    conflicts: list[Conflict] = []
    held: set[str] = set()
    agreed: list[str] = []
    merged: dict[str, Value] = {}
    bound = bind_groups(record, mapping, ambiguous)
    record = bound.record
    for name in sorted(record.postgres.keys() | record.notion.keys()):
        field = mapping.by_name.get(name)
        record = _yield_to_postgres(record, name)
        if field is None or _unresolved(record.notion.get(name)):
            held.add(name)
            continue
        record = _own_write(record, field)
        if name == mapping.title and name not in bound.verdicts:
            record = _no_edit(record, field)
        record = _absorb(_enforce_direction(record, field, mapping), field)
        verdict = _merge(record, field, ambiguous, resolver_of)
        if verdict.conflict is not None:
            verdict = bound.verdicts.get(name, verdict)
        if verdict.conflict is not None and name in already_open:
            held.add(name)
            continue
        if verdict.conflict is not None:
            conflicts.append(_conflict(record, field, verdict))
        if verdict.outcome in (Outcome.HELD, Outcome.MERGED):
            held.add(name)
        if verdict.outcome is Outcome.MERGED:
            merged[name] = verdict.value
        if verdict.outcome is Outcome.CONVERGENT:
            agreed.append(name)
        record = _apply(record, name, verdict)
    return Settled(record, tuple(conflicts), frozenset(held), tuple(agreed), merged)


def _yield_to_postgres(record: Record, name: str) -> Record:
    """A value that Notion stored otherwise than it was sent gives way to the next edit in Postgres."""
    shown = record.notion.get(name)
    if name in record.postgres and shown is not None and is_normalised(shown.value):
        return _with_pending(record, Side.NOTION, name, None)
    return record


def _no_edit(record: Record, field: FieldMapping) -> Record:
    """A page that was restored tells its title once more; beside an edit of the row that is no edit of it."""
    shown = record.notion.get(field.name)
    if shown is None or field.name not in record.postgres or field.name not in record.base:
        return record
    if shown.value != field.codec.weaken(record.base[field.name]):
        return record
    return _with_pending(record, Side.NOTION, field.name, None)


def _own_write(record: Record, field: FieldMapping) -> Record:
    """A value that an interrupted run of ours left on the page is nobody's edit: it gives way to the row's."""
    shown, row = record.notion.get(field.name), record.postgres.get(field.name)
    if shown is None or not shown.origin:
        return record
    if row is None:
        if field.name not in record.base:
            return record
        record = _with_pending(
            record, Side.POSTGRES, field.name, replace(shown, value=record.base[field.name], seq=0)
        )
    elif field.codec.weaken(row.value) == shown.value:
        return record
    return rebase(record, field.name, loser=Side.NOTION)


def _unresolved(change: PendingChange | None) -> bool:
    return change is not None and is_unresolved(change.value)


def _merge(
    record: Record, field: FieldMapping, ambiguous: AmbiguousPolicy, resolver_of: ResolverOf | None
) -> Verdict:
    """A third value needs a row and a page to take it; before there are both, the newer of two edits wins."""
    policy = field.conflict
    if policy not in _CHOOSING and not (present_on_both(record) and field.writable):
        policy = "newest"
    return merge_field(
        record.postgres.get(field.name),
        record.notion.get(field.name),
        weaken=field.codec.weaken,
        policy=policy,
        ambiguous=ambiguous,
        has_base=field.name in record.base,
        base=record.base.get(field.name),
        lift=field.codec.lift,
        custom=resolver_of(field) if resolver_of is not None and policy == "custom" else None,
    )


_CHOOSING = frozenset({"newest", "postgres", "notion", "manual"})
"""Policies that take the value of one side, or none."""


def _absorb(record: Record, field: FieldMapping) -> Record:
    """A change of Postgres that the page already shows in its weaker form (seconds of a date) needs no write."""
    change = record.postgres.get(field.name)
    if change is None or field.name in record.notion or field.name not in record.base:
        return record
    if record.notion_presence is Presence.GONE:
        return record  # a page in the trash shows nothing
    if field.codec.weaken(change.value) != field.codec.weaken(record.base[field.name]):
        return record
    return without_pending(record, field.name, change.value)


def _enforce_direction(record: Record, field: FieldMapping, mapping: TableMapping) -> Record:
    """Undo an edit against a one-way field: the leading side's value becomes a change that crosses again.

    The edit itself stays in the log. A row that Notion knows nothing of yet may bring its first value; a page that
    Postgres knows nothing of yet shows its own until the row is there.
    """
    direction = field.direction if mapping.direction == "both" else mapping.direction
    brings_key = field.gives_key and record.postgres_presence is Presence.ABSENT
    if direction == "both" or brings_key:
        return record
    leader = Side.POSTGRES if direction == "to-notion" else Side.NOTION
    follower = record.pending(leader.other).get(field.name)
    if follower is None:
        return record
    if field.name not in record.pending(leader) and field.name in record.base:
        leading = replace(follower, value=_held_by(leader, record.base[field.name], field))
        record = _with_pending(record, leader, field.name, leading)
    if field.name in record.pending(leader) or leader is Side.POSTGRES:
        return rebase(record, field.name, loser=leader.other)
    return record


def _held_by(side: Side, base: Value, field: FieldMapping) -> Value:
    return base if side is Side.POSTGRES else field.codec.weaken(base)


def _with_pending(record: Record, side: Side, name: str, change: PendingChange | None) -> Record:
    pending = _without(record.pending(side), name)
    if change is not None:
        pending[name] = change
    return replace(record, postgres=pending) if side is Side.POSTGRES else replace(record, notion=pending)


def _conflict(record: Record, field: FieldMapping, verdict: Verdict) -> Conflict:
    winner = {
        Outcome.POSTGRES_CROSSES: Side.POSTGRES,
        Outcome.NOTION_CROSSES: Side.NOTION,
    }.get(verdict.outcome)
    return Conflict(
        field=field.name,
        type=verdict.conflict or "update_differing",
        base=record.base.get(field.name),
        postgres=record.postgres[field.name],
        notion=record.notion[field.name],
        winner=winner,
        reason=verdict.reason,
        policy=field.resolver or field.conflict,
        merged=verdict.outcome is Outcome.MERGED,
    )


def _apply(record: Record, name: str, verdict: Verdict) -> Record:
    both = name in record.postgres and name in record.notion
    match verdict.outcome:
        case Outcome.CONVERGENT:
            return without_pending(record, name, record.postgres[name].value)
        case Outcome.POSTGRES_CROSSES if both:
            return rebase(record, name, loser=Side.NOTION)
        case Outcome.NOTION_CROSSES if both:
            return rebase(record, name, loser=Side.POSTGRES)
        case _:
            return record


def rebase(record: Record, name: str, *, loser: Side) -> Record:
    """Move the base of a field to the loser's value; the winner's pending change then crosses like any other."""
    value = record.pending(loser)[name].value
    base = {**record.base, name: value}
    if loser is Side.NOTION:
        return replace(record, base=base, notion=_without(record.notion, name))
    return replace(record, base=base, postgres=_without(record.postgres, name))


def without_pending(record: Record, name: str, agreed: Value) -> Record:
    """Both sides hold `agreed`: it is the new base, and nothing is pending."""
    return replace(
        record,
        base={**record.base, name: agreed},
        postgres=_without(record.postgres, name),
        notion=_without(record.notion, name),
    )


def _without(pending: Mapping[str, PendingChange], name: str) -> dict[str, PendingChange]:
    return {key: value for key, value in pending.items() if key != name}


def present_on_both(record: Record) -> bool:
    """Whether the record is a linked pair of a live row and a live page."""
    return record.postgres_presence is Presence.PRESENT and record.notion_presence is Presence.PRESENT
