"""Audit of one record: its history, who last set each field, and what it was as of a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.redaction import REDACTED, is_redacted
from sync_engine.domain.timeline import PageThen, RowThen, Timeline, lineage, told
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.domain.words import spans
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.archived import refuse_archived
from sync_engine.engine.inquiry.audit import event_json, row_values, told_values
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter


def record_events(uow: UnitOfWork, mapping: TableMapping, key: str) -> Sequence[ChangeEvent]:
    """Every event of the record that has this key, oldest first, under all its former keys and on all its pages.

    Touches only rows of the log that bear one of its names, and those that no reader has indexed yet.
    """
    record = uow.records.by_key(mapping.id, [key]).get(key)
    found: dict[int, ChangeEvent] = {}
    names, seen = [key], {key}
    while names:
        for event in uow.events.find(EventFilter(mapping=mapping.id, key=names.pop())):
            found[event.seq] = event
            if event.old_key and event.old_key not in seen:
                seen.add(event.old_key)
                names.append(event.old_key)
    pages = {event.page_id for event in found.values() if event.key == key and event.page_id}
    pages |= {record.page_id} if record is not None and record.page_id else set()
    for page_id in pages:
        # A page made in Notion has no key in the log until its row exists.
        found |= {event.seq: event for event in uow.events.find(EventFilter(mapping=mapping.id, page_id=page_id))}
    found |= {event.seq: event for event in uow.events.find(EventFilter(mapping=mapping.id, emptied=True))}
    return lineage(found.values(), key, sorted(pages))


def history(context: Context, table: str, key: str) -> Sequence[JsonObject]:
    """Every change of one record, oldest first, field by field. Raises UsageError for an unknown table."""
    mapping = context.mapping(table)
    with context.database.transaction() as uow:
        events = record_events(uow, mapping, key)
    return [_history_json(context, event) for event in events]


def _history_json(context: Context, event: ChangeEvent) -> JsonObject:
    shown = event_json(context, event)
    before, after = shown["before"], shown["after"]
    changes: list[Json] = [*changes_between(before, after)]
    return {
        "seq": shown["seq"],
        "at": shown["at"],
        "source": shown["source"],
        "actor": shown["actor"],
        "origin": shown["origin"],
        "op": shown["op"],
        "changes": changes,
    }


def changes_between(before: Json, after: Json) -> Iterator[JsonObject]:
    """The fields in which two images differ, from what to what; texts also word by word (`words`)."""
    old = before if isinstance(before, dict) else {}
    new = after if isinstance(after, dict) else {}
    for name in sorted(old.keys() | new.keys()):
        left, right = old.get(name), new.get(name)
        if left != right:
            yield {"field": name, "from": left, "to": right, **_words(left, right)}


def _words(left: Json, right: Json) -> JsonObject:
    if not isinstance(left, str) or not isinstance(right, str) or not (left and right):
        return {}
    found = spans(left, right)
    if not any(span.op == "equal" and span.text.strip() for span in found):
        return {}
    return {"words": [{"op": span.op, "text": span.text} for span in found]}


@dataclass(frozen=True, slots=True)
class _Set:
    """A field was set to a value, by an event."""

    value: Value
    event: ChangeEvent


def blame(context: Context, table: str, key: str) -> Sequence[JsonObject]:
    """Who last set each field of a record to what it holds, whichever side it was set on.

    The engine's own writes carry a value across and are nobody's: the person or application whose value it is is
    named, and a run only for a value that nobody wrote. Of a record that is gone, what it held last. Empty when
    nothing is logged of it. Raises UsageError for an unknown table.
    """
    mapping = context.mapping(table)
    with context.database.transaction() as uow:
        events = record_events(uow, mapping, key)
    setters = _setters(events, mapping)
    return [_blame_json(name, setters[name], mapping) for name in sorted(setters)]


def _setters(events: Sequence[ChangeEvent], mapping: TableMapping) -> Mapping[str, Sequence[_Set]]:
    found: dict[str, list[_Set]] = {}
    for event in events:
        for name, value in (told_values(event, event.after, mapping) or {}).items():
            known = found.setdefault(name, [])
            again = (
                event.op in (Op.SNAPSHOT, Op.ENTER, Op.LEAVE)
                and known
                and _same(mapping, name, known[-1].value, value)
            )
            if not again:
                known.append(_Set(value, event))
    return found


def _same(mapping: TableMapping, name: str, left: Value, right: Value) -> bool:
    field = mapping.field_named(name)
    if field is None or is_redacted(left) or is_redacted(right):
        return left == right
    return field.codec.weaken(left) == field.codec.weaken(right)


def _blame_json(name: str, setters: Sequence[_Set], mapping: TableMapping) -> JsonObject:
    last = setters[-1]
    same = [item for item in setters if _same(mapping, name, item.value, last.value)]
    by_people = [item for item in same if not item.event.origin.startswith("run:")]
    carried = last.event.origin.startswith("run:") and by_people
    author = by_people[-1] if carried else last
    exact = [item for item in same if item.event.source is Side.POSTGRES]
    return {
        "field": name,
        "value": (exact or [last])[-1].value,
        "seq": author.event.seq,
        "at": iso(author.event.occurred.until),
        "source": author.event.source.value,
        "actor": author.event.actor,
        "origin": author.event.origin,
    }


def record_at(context: Context, table: str, key: str, at: datetime) -> JsonObject:
    """What a record was as of a time: the row, and before it had one, the page; both under `sides`.

    A Notion edit counts from the end of the interval in which it happened. `known_since` is when the log begins
    to tell of the record: before that, `exists` means only that nothing is known. Raises UsageError.
    """
    mapping = context.mapping(table)
    refuse_archived(context, at)
    with context.database.transaction() as uow:
        events, rebases = record_events(uow, mapping, key), uow.homes.rebases()
    happened = until(events, at)
    return with_redacted(as_of(told(happened, rebases), mapping, key, at, events), happened, mapping)


def with_redacted(document: JsonObject, events: Sequence[ChangeEvent], mapping: TableMapping) -> JsonObject:
    """The document of `as_of`, with a mark for each field whose value then was taken out of the log."""
    gone: set[str] = set()
    for event in events:
        told_ = told_values(event, event.after, mapping) or {}
        gone = (gone - told_.keys()) | {name for name, value in told_.items() if is_redacted(value)}
    values = document["values"]
    if not gone or not document["exists"] or not isinstance(values, dict):
        return document
    return {**document, "values": {**values, **{name: dict(REDACTED) for name in gone - values.keys()}}}


def record_between(context: Context, table: str, key: str, since: datetime, until_: datetime) -> JsonObject:
    """What changed of a record between two times, net. Raises UsageError for an unknown table."""
    mapping = context.mapping(table)
    refuse_archived(context, since)
    with context.database.transaction() as uow:
        events, rebases = record_events(uow, mapping, key), uow.homes.rebases()
    earlier, later = (as_of(told(until(events, at), rebases), mapping, key, at, events) for at in (since, until_))
    return difference(earlier, later)


def until(events: Iterable[ChangeEvent], at: datetime) -> Sequence[ChangeEvent]:
    """The events that had happened by that time for certain."""
    return [event for event in events if event.occurred.until <= at]


def as_of(
    timeline: Timeline, mapping: TableMapping, key: str, at: datetime, events: Sequence[ChangeEvent] = ()
) -> JsonObject:
    """The document that `audit at --json` prints of one record; `events` are all of it, whatever the time."""
    row, page = _copies(timeline, [key, *(event.old_key for event in reversed(events) if event.old_key)])
    if page is None and events:
        page = next(iter(timeline.unkeyed()), None)
    return {**copies_json(row, page, mapping, key, at), "known_since": _first(events)}


def _copies(timeline: Timeline, names: Sequence[str]) -> tuple[RowThen | None, PageThen | None]:
    """Row and page under the first of the names that either bore at the time."""
    pairs = [(timeline.rows.get(name), timeline.page_of(name)) for name in names]
    living = [pair for pair in pairs if any(copy is not None and copy.exists for copy in pair)]
    return (living or pairs)[0]


def _first(events: Sequence[ChangeEvent]) -> str | None:
    return iso(events[0].occurred.until) if events else None


def copies_json(
    row: RowThen | None, page: PageThen | None, mapping: TableMapping, key: str, at: datetime
) -> JsonObject:
    """What a row and its page held, as `audit at --json` prints it."""
    there = row_values(row.image, mapping) if row is not None and row.exists else None
    shown = {**page.values} if page is not None and page.exists else None
    held = there if row is not None else shown
    return {
        "table": mapping.name,
        "key": key,
        "at": iso(at),
        "exists": held is not None,
        "values": held or {},
        "sides": {"postgres": there, "notion": shown},
        "page_id": page.page_id if page is not None else "",
    }


def difference(earlier: JsonObject, later: JsonObject) -> JsonObject:
    """The document that `audit at --and --json` prints of one record."""
    op = {(False, True): "insert", (True, False): "delete"}.get(
        (bool(earlier["exists"]), bool(later["exists"])), "update"
    )
    changes: list[Json] = [*changes_between(earlier["values"], later["values"])]
    return {
        "table": later["table"],
        "key": later["key"],
        "from": earlier["at"],
        "until": later["at"],
        "op": op,
        "changes": changes,
    }
