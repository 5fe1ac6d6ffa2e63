"""Audit: the log as answers to what people ask: what changed, when, by whom, from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_engine.domain.events import ChangeEvent, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.ports.event_log import EventFilter


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What `audit log` filters by; empty fields do not filter. `run` is a run id: its own writes."""

    table: str = ""
    key: str = ""
    field: str = ""
    actor: str = ""
    source: str = ""
    origin: str = ""
    run: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


def log(context: Context, query: AuditQuery) -> Iterator[JsonObject]:
    """Events that match, oldest first (with a limit: the newest ones), as `audit log --json` prints them.

    Streamed: memory does not grow with the log. Raises UsageError for an unknown table or field.
    """
    mapping = context.mapping(query.table) if query.table else None
    field = _column(mapping, query.field)
    wanted = EventFilter(
        mapping=mapping.id if mapping else None,
        key=query.key,
        field=field,
        actor=query.actor,
        source=Side(query.source) if query.source else None,
        origin=query.origin or (f"run:{query.run}" if query.run else ""),
        since=query.since,
        until=query.until,
        limit=query.limit,
        newest_first=query.limit is not None,
    )
    with context.database.transaction() as uow:
        events: Iterator[ChangeEvent] = uow.events.find(wanted)
        if query.limit is not None:
            events = iter(sorted(events, key=lambda event: event.seq))
        for event in events:
            yield event_json(context, event)


def _column(mapping: TableMapping | None, name: str) -> str:
    if mapping is None or not name:
        return name
    found = mapping.field_named(name)
    return found.column if found is not None else name


def event_json(context: Context, event: ChangeEvent) -> JsonObject:
    """One event (`cli.md`): images by field with canonical values, columns that are not mapped as captured."""
    mapping = context.by_id.get(event.mapping)
    before, after = _image(event, event.before, mapping), _image(event, event.after, mapping)
    changed: list[Json] = [*sorted((before or {}).keys() | (after or {}).keys())]
    return {
        "seq": event.seq,
        "source": event.source.value,
        "table": mapping.name if mapping else str(event.mapping),
        "key": event.key,
        "op": event.op.value,
        "before": before,
        "after": after,
        "changed": changed,
        "at": event.occurred.until.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
        "actor": event.actor,
        "origin": event.origin,
        "run_id": event.origin.partition(":")[2],
        "txid": str(event.txid),
    }


def _image(event: ChangeEvent, image: JsonObject | None, mapping: TableMapping | None) -> JsonObject | None:
    if image is None or mapping is None or event.source is Side.NOTION:
        return image
    fields = mapping.by_column
    return {
        (fields[column].name if column in fields else column): (
            fields[column].codec.from_postgres(value) if column in fields else value
        )
        for column, value in image.items()
    }


def history(context: Context, table: str, key: str) -> Sequence[JsonObject]:
    """Every change of one record, oldest first, field by field. Raises UsageError for an unknown table."""
    mapping = context.mapping(table)
    with context.database.transaction() as uow:
        record = uow.records.by_key(mapping.id, [key]).get(key)
        events = list(uow.events.find(EventFilter(mapping=mapping.id, key=key)))
        if record is not None and record.page_id:
            # A page made in Notion has no key in the log until its row exists.
            events += uow.events.find(EventFilter(mapping=mapping.id, page_id=record.page_id, unkeyed=True))
    return [_history_json(context, event) for event in sorted(events, key=lambda item: item.seq)]


def _history_json(context: Context, event: ChangeEvent) -> JsonObject:
    shown = event_json(context, event)
    before, after = shown["before"], shown["after"]
    changes = _changes(before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {})
    return {
        "seq": shown["seq"],
        "at": shown["at"],
        "source": shown["source"],
        "actor": shown["actor"],
        "origin": shown["origin"],
        "op": shown["op"],
        "changes": changes,
    }


def _changes(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Json]:
    return [
        {"field": name, "from": before.get(name), "to": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
