"""The plan: what has to be done to each side for one record, as values; effects come later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from sync_engine.domain.codecs.links import LIMIT
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.reconcile import Settled
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.unresolved import is_unresolved, refusal, targets_of, waiting_page
from sync_engine.domain.values import Value

PageOf = Callable[[str, str], str]
"""(mapping name, record key) → page id of the linked, present page; empty when there is none (yet)."""


class Action(Enum):
    """What an operation does to its side."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CREATE = "create"
    TRASH = "trash"
    RESTORE = "restore"

    @property
    def side(self) -> Side:
        """The side that it writes to; UPDATE says so in its operation."""
        return Side.POSTGRES if self in (Action.INSERT, Action.DELETE) else Side.NOTION


@dataclass(frozen=True, slots=True)
class Operation:
    """One write to one side of one record.

    `values` are canonical values to write by field; `waiting` are relation targets (mapping, key) that are not
    linked yet: the fields concerned are left out and stay pending. `links` maps relation fields to the ids of the
    pages that they shall point to.
    """

    side: Side
    action: Action
    record: Record
    values: Mapping[str, Value] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waiting: tuple[tuple[str, str], ...] = ()
    seqs: tuple[int, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The record (or its delete) cannot go on without a person."""

    record: Record
    side: Side
    action: Action
    reason: str
    constraint: str = ""
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class RecordPlan:
    """What to do for one record: at most one operation a side, or a hold. `revived`: a delete met a newer edit
    of the other side, and the edit won."""

    operations: tuple[Operation, ...] = ()
    hold: Hold | None = None
    revived: Side | None = None
    detach: bool = False


_NOTHING = RecordPlan()


def plan_record(settled: Settled, mapping: TableMapping, page_of: PageOf, *, approved: bool = False) -> RecordPlan:
    """Plan one settled record. Pure; everything that it leaves pending is planned again in the next round.

    `approved`: a person let its delete go on, so a policy that would hold it does not.
    """
    record = settled.record
    if record.detached:
        return _NOTHING
    match record.postgres_presence, record.notion_presence:
        case Presence.PRESENT, Presence.PRESENT:
            return RecordPlan(_updates(settled, mapping, page_of))
        case Presence.PRESENT, Presence.ABSENT:
            return RecordPlan(_create(settled, mapping, page_of))
        case Presence.ABSENT, Presence.PRESENT:
            return _insert(settled, mapping)
        case Presence.GONE, Presence.PRESENT:
            return _row_gone(settled, mapping, approved=approved)
        case Presence.OUTSIDE, Presence.PRESENT:
            return _row_left(settled, mapping, approved=approved)
        case Presence.PRESENT, Presence.GONE:
            return _page_gone(settled, mapping, page_of, approved=approved)
        case _:
            return _NOTHING


def _updates(settled: Settled, mapping: TableMapping, page_of: PageOf) -> tuple[Operation, ...]:
    notion = _notion_write(settled, mapping, page_of, Action.UPDATE)
    postgres = _postgres_write(settled, mapping, Action.UPDATE)
    needs_key = not settled.record.key_on_page
    operations = []
    if postgres.values:
        operations.append(postgres)
    if notion.values or needs_key:
        operations.append(notion)
    return tuple(operations)


def _create(settled: Settled, mapping: TableMapping, page_of: PageOf) -> tuple[Operation, ...]:
    if mapping.direction == "from-notion":
        return ()
    return (_notion_write(settled, mapping, page_of, Action.CREATE),)


def _insert(settled: Settled, mapping: TableMapping) -> RecordPlan:
    if mapping.direction == "to-notion":
        return _NOTHING
    unfit = _unfit(settled.record, mapping)
    if unfit:
        return RecordPlan(hold=_not_yet(settled.record, mapping, unfit))
    return RecordPlan((_postgres_write(settled, mapping, Action.INSERT),))


def _unfit(record: Record, mapping: TableMapping) -> dict[str, Value]:
    """What a new page shows in fields that the row must have, where that is no value (yet)."""
    return {
        name: change.value
        for name, change in record.notion.items()
        if is_unresolved(change.value) and name in mapping.by_name and mapping.by_name[name].not_null
    }


def _not_yet(record: Record, mapping: TableMapping, unfit: Mapping[str, Value]) -> Hold:
    """A value that is refused waits for a person, one that points to a page without a row waits for that."""
    refused = {name: reason for name, value in unfit.items() if (reason := refusal(value))}
    if refused:
        told = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        return Hold(record, Side.POSTGRES, Action.INSERT, told, constraint=", ".join(refused))
    targets = [f"{mapping.by_name[name].relation_to} {waiting_page(value)}" for name, value in unfit.items()]
    reason = f"the page that {', '.join(unfit)} points to has no row yet"
    return Hold(record, Side.POSTGRES, Action.INSERT, reason, waiting_for=", ".join(targets))


def _editor(record: Record, side: Side, mapping: TableMapping) -> Side | None:
    """The side, if it edited the record; None when it brought it back, which tells the title once more."""
    told = record.pending(side).get(mapping.title)
    if told is None or mapping.title not in record.base or is_unresolved(told.value):
        return side
    weaken = mapping.by_name[mapping.title].codec.weaken
    return None if weaken(told.value) == weaken(record.base[mapping.title]) else side


def _row_gone(settled: Settled, mapping: TableMapping, *, approved: bool) -> RecordPlan:
    record = settled.record
    if record.notion:
        operation = _postgres_write(settled, mapping, Action.INSERT, whole=True)
        return RecordPlan((operation,), revived=_editor(record, Side.NOTION, mapping))
    return _take_page(record, mapping, "the row was deleted in Postgres", approved=approved)


def _row_left(settled: Settled, mapping: TableMapping, *, approved: bool) -> RecordPlan:
    """An edit of the page still goes to the row, which may fit the filter again by it."""
    record = settled.record
    if record.notion and mapping.direction != "to-notion":
        operation = _postgres_write(settled, mapping, Action.UPDATE)
        if operation.values:
            return RecordPlan((operation,))
    return _take_page(record, mapping, f"the row is outside of the filter, {mapping.where}", approved=approved)


def _take_page(record: Record, mapping: TableMapping, why: str, *, approved: bool) -> RecordPlan:
    policy = mapping.delete_from_postgres
    match "trash" if approved and policy == "hold" else policy:
        case "trash" | "delete" | "soft":
            return RecordPlan((Operation(Side.NOTION, Action.TRASH, record, seqs=(record.postgres_seq,)),))
        case "ignore":
            return RecordPlan(detach=True)
        case _:
            reason = f"{why}; delete.from_postgres = {mapping.delete_from_postgres}"
            return RecordPlan(hold=Hold(record, Side.NOTION, Action.TRASH, reason))


def _page_gone(settled: Settled, mapping: TableMapping, page_of: PageOf, *, approved: bool) -> RecordPlan:
    record = settled.record
    if record.postgres:
        restored = _notion_write(settled, mapping, page_of, Action.RESTORE)
        return RecordPlan((restored,), revived=_editor(record, Side.POSTGRES, mapping))
    policy = mapping.delete_from_notion
    match "delete" if approved and policy == "hold" else policy:
        case "delete" | "soft":
            return RecordPlan((Operation(Side.POSTGRES, Action.DELETE, record),))
        case "ignore":
            return RecordPlan(detach=True)
        case _:
            reason = (
                f"the page was moved to the trash in Notion; delete.from_notion = {mapping.delete_from_notion}"
            )
            return RecordPlan(hold=Hold(record, Side.POSTGRES, Action.DELETE, reason))


def notion_operation(record: Record, mapping: TableMapping, page_of: PageOf, action: Action) -> Operation:
    """The operation that writes what is pending in Postgres to the page, whatever the policies say."""
    return _notion_write(Settled(record, (), frozenset(), ()), mapping, page_of, action)


def _notion_write(settled: Settled, mapping: TableMapping, page_of: PageOf, action: Action) -> Operation:
    values: dict[str, Value] = {}
    links: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[str, str]] = []
    for name, change in settled.record.postgres.items():
        target = mapping.by_name.get(name)
        if name in settled.held or target is None:
            continue
        if too_many_links(target, change.value):
            continue
        if target.relation_to and change.value is not None:
            keys = targets_of(change.value)
            pages = tuple(page_of(target.relation_to, key) for key in keys)
            if not all(pages):
                waiting += [(target.relation_to, key) for key, page in zip(keys, pages, strict=True) if not page]
                continue
            links[name] = pages
        values[name] = change.value
    return Operation(
        Side.NOTION, action, settled.record, values, links, tuple(waiting), _seqs(settled, Side.POSTGRES)
    )


def too_many_links(target: FieldMapping, value: Value) -> str:
    """Why Notion cannot be told the links, as a sentence; empty when it can, or when the field has none."""
    count = len(value) if target.junction is not None and isinstance(value, list) else 0
    if count <= LIMIT:
        return ""
    return f"{count} links, and Notion takes at most {LIMIT} in one write: the page keeps those that it shows"


def _postgres_write(settled: Settled, mapping: TableMapping, action: Action, *, whole: bool = False) -> Operation:
    record = settled.record
    values: dict[str, Value] = dict(record.base) if whole else {}
    for name, change in record.notion.items():
        if name in settled.held or is_unresolved(change.value):
            continue
        values[name] = mapping.by_name[name].codec.lift(change.value)
    values |= settled.merged
    new = action is Action.INSERT and not record.key
    kept = {name: value for name, value in values.items() if _may_write(mapping.by_name[name], value, new=new)}
    return Operation(Side.POSTGRES, action, record, kept, seqs=_seqs(settled, Side.NOTION))


def _may_write(field: FieldMapping, value: Value, *, new: bool) -> bool:
    """Whether the column is given the value; a new row takes its key from the page where that has one."""
    return field.writable or (new and field.gives_key and value is not None)


def _seqs(settled: Settled, source: Side) -> tuple[int, ...]:
    return tuple(sorted({change.seq for change in settled.record.pending(source).values() if change.seq}))
