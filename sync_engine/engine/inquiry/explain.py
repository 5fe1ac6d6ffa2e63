"""Explain: the whole story of one value: events, base, candidates, policy, decision, request and answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync_engine.domain.events import ChangeEvent, Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import iso
from sync_engine.domain.unresolved import waiting_page
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit import told_values
from sync_engine.engine.inquiry.audit_record import record_events
from sync_engine.errors import UsageError
from sync_engine.ports.conflicts import ConflictRow
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.journal import JournalEntry, JournalFilter


@dataclass(frozen=True, slots=True)
class _Story:
    """All that the engine has stored of one field of one record."""

    mapping: TableMapping
    field: FieldMapping
    record: Record
    events: Sequence[ChangeEvent]
    conflicts: Sequence[ConflictRow]
    writes: Sequence[JournalEntry]
    holds: Sequence[HeldRecord]


def explain(context: Context, table: str, key: str, field: str) -> JsonObject:
    """Why a field holds what it holds, as `audit explain --json` prints it.

    Raises UsageError for an unknown table or record, and for a column that is not synced.
    """
    mapping = context.mapping(table)
    item = mapping.field_named(field) or mapping.by_column.get(field)
    if item is None:
        known = ", ".join(sorted(mapping.by_name))
        raise UsageError(f"{table} has no synced field {field!r}", hint=f"synced fields: {known}")
    with context.database.transaction() as uow:
        record = uow.records.by_key(mapping.id, [key]).get(key)
        if record is None:
            raise UsageError(f"there is no record {key!r} in {table}", hint="a row is known after the next `sync`")
        story = _story(uow, mapping, item, record)
    return _story_json(story)


def _story(uow: UnitOfWork, mapping: TableMapping, item: FieldMapping, record: Record) -> _Story:
    events = record_events(uow, mapping, record.key)
    statuses = uow.conflicts.find(["open", "auto", "resolved", "swapped"], mapping.id)
    entries = uow.journal.find(JournalFilter(mapping=mapping.id, key=record.key, record_id=record.id))
    return _Story(
        mapping,
        item,
        record,
        [event for event in events if _touches(event, item)],
        [row for row in statuses if row.record_id == record.id and row.field == item.name],
        [entry for entry in entries if item.name in {**(entry.before or {}), **(entry.after or {})}],
        [held for held in uow.held.find(mapping.id) if held.record_id == record.id],
    )


def _touches(event: ChangeEvent, item: FieldMapping) -> bool:
    name = item.column if event.source is Side.POSTGRES else item.name
    return name in (event.before or {}) or name in (event.after or {})


def _story_json(story: _Story) -> JsonObject:
    decision, reason = _decision(story)
    record, item = story.record, story.field
    events: list[Json] = [_event_json(event, story) for event in story.events]
    conflicts: list[Json] = [_conflict_json(row) for row in story.conflicts]
    last = story.writes[-1] if story.writes else None
    return {
        "table": story.mapping.name,
        "key": record.key,
        "field": item.name,
        "value": postgres_value(record, item),
        "notion_value": notion_value(record, item),
        "base": record.base.get(item.name),
        "candidates": {
            "postgres": _candidate(record.postgres.get(item.name)),
            "notion": _candidate(record.notion.get(item.name)),
        },
        "events": events,
        "conflicts": conflicts,
        "decision": decision,
        "policy": story.conflicts[-1].policy if story.conflicts else item.conflict,
        "direction": item.direction if story.mapping.direction == "both" else story.mapping.direction,
        "reason": reason,
        "request": _request_json(last, item.name) if last else None,
        "response": _response_json(last) if last else None,
    }


def _event_json(event: ChangeEvent, story: _Story) -> JsonObject:
    before = told_values(event, event.before, story.mapping) or {}
    after = told_values(event, event.after, story.mapping) or {}
    return {
        "seq": event.seq,
        "at": iso(event.occurred.until),
        "source": event.source.value,
        "actor": event.actor,
        "origin": event.origin,
        "op": event.op.value,
        "from": before.get(story.field.name),
        "to": after.get(story.field.name),
    }


def _candidate(change: PendingChange | None) -> JsonObject | None:
    if change is None:
        return None
    return {
        "value": change.value,
        "at": [iso(change.at.since), iso(change.at.until)],
        "actor": change.actor,
        "seq": change.seq,
        "origin": change.origin,
    }


def _conflict_json(row: ConflictRow) -> JsonObject:
    return {
        "id": row.id,
        "type": row.type,
        "status": row.status,
        "base": row.base,
        "postgres": row.postgres.value,
        "notion": row.notion.value,
        "winner": row.winner,
        "policy": row.policy,
        "reason": row.reason,
        "run_id": row.run_id,
        "resolved_by": row.resolved_by,
    }


def _request_json(entry: JournalEntry, name: str) -> JsonObject:
    seqs: list[Json] = [*entry.seqs]
    return {
        "side": entry.side.value,
        "op": entry.op.value,
        "page_id": entry.page_id,
        "from": (entry.before or {}).get(name),
        "to": (entry.after or {}).get(name),
        "because_of": seqs,
        "run_id": entry.run_id,
    }


def _response_json(entry: JournalEntry) -> JsonObject:
    at = iso(entry.at) if entry.at else None
    return {"status": entry.status.value, "error": entry.error, "at": at}


def _decision(story: _Story) -> tuple[str, str]:
    """What was decided of the field, in a word, and why, in a sentence: the first of these that applies."""
    return next(_reasons(story))


def _reasons(story: _Story) -> Iterator[tuple[str, str]]:
    record, name = story.record, story.field.name
    row, page = record.postgres.get(name), record.notion.get(name)
    if record.detached:
        yield "left alone", "one side gave the record up, and the other keeps what it has"
    if story.conflicts and story.conflicts[-1].status == "open":
        yield "open conflict", story.conflicts[-1].reason
    if story.holds:
        yield "held", story.holds[-1].reason
    if page is not None and (target := waiting_page(page.value)):
        yield "waiting", f"the page {target} that it points to has no row yet"
    if row is not None or page is not None:
        side = Side.POSTGRES if row is not None else Side.NOTION
        yield "pending", f"edited in {side.value}; the next pass carries it to {side.other.value}"
    if record.postgres_presence is Presence.OUTSIDE:
        yield "outside", f"the row does not fit the filter of its table: {story.mapping.where}"
    if Presence.GONE in (record.postgres_presence, record.notion_presence):
        yield "gone", "the record was deleted; this is what it held last"
    yield from _settled(story)


def _settled(story: _Story) -> Iterator[tuple[str, str]]:
    last = story.conflicts[-1] if story.conflicts else None
    newest = max((event.seq for event in story.events if not event.origin), default=0)
    if last is not None and newest <= max(last.postgres.seq, last.notion.seq):
        yield f"{last.winner or 'both'} won" if last.status == "auto" else last.status, last.reason
    edits = [event for event in story.events if not event.origin.startswith("run:")]
    if not edits:
        yield "unchanged", "nobody has edited it since the log begins"
    edit = edits[-1]
    if edit.origin:
        yield "taken back", f"a rollback put the value back ({edit.origin})"
    if edit.op.value in ("snapshot", "enter"):
        yield "backfilled", "it was there before capture began, and was carried across"
    yield "carried across", f"only {edit.source.value} changed it since the base, so it went to the other side"
