"""Audit: the log as answers to what people ask: what changed, when, by whom, from what to what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.events import ChangeEvent, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.redaction import REDACTED
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.errors import UsageError
from sync_engine.ports.event_log import EventFilter

THE_LOG = "sync_engine.sync_events"
"""The table of an event that tells of a change of the log itself, by its owner."""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What `audit log` filters by; empty fields do not filter. `run`: the writes of this run or rollback."""

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

    Streamed: memory does not grow with the log. Raises UsageError, before the first event, for an unknown table or
    field.
    """
    wanted = _filter(context, query)
    return (event_json(context, event) for event in _found(context, wanted))


def export(context: Context, query: AuditQuery) -> Iterator[JsonObject]:
    """The same events with all that the log holds of them, as `audit export` writes them. Raises as `log`."""
    wanted = _filter(context, query)
    return (_in_full(context, event) for event in _found(context, wanted))


def _in_full(context: Context, event: ChangeEvent) -> JsonObject:
    return {
        **event_json(context, event),
        "occurred": [iso(event.occurred.since), iso(event.occurred.until)],
        "old_key": event.old_key,
        "page_id": event.page_id,
        "snapshot": event.snapshot,
    }


def _found(context: Context, wanted: EventFilter) -> Iterator[ChangeEvent]:
    with context.database.transaction() as uow:
        events: Iterator[ChangeEvent] = uow.events.find(wanted)
        if wanted.limit is not None:
            events = iter(sorted(events, key=lambda event: event.seq))
        yield from events


def _filter(context: Context, query: AuditQuery) -> EventFilter:
    mapping = context.mapping(query.table) if query.table else None
    field = mapping.field_named(query.field) if mapping else None
    if query.field:
        _refuse_unknown_field(context, query.field, mapping)
    return EventFilter(
        mapping=mapping.id if mapping else None,
        key=query.key,
        field=query.field,
        column=field.column if field else "",
        actor=query.actor,
        source=Side(query.source) if query.source else None,
        origin=query.origin,
        run=query.run,
        since=query.since,
        until=query.until,
        limit=query.limit,
        newest_first=query.limit is not None,
    )


def _refuse_unknown_field(context: Context, name: str, mapping: TableMapping | None) -> None:
    """A field that no table has, and that no event ever touched: a column that was dropped is still in the log."""
    tables = [mapping] if mapping else context.mappings
    known = {name for table in tables for item in table.fields for name in (item.name, item.column, item.property)}
    known |= {column for table in tables for column in (*table.captured, *table.key_columns)}
    if name in known:
        return
    ever = EventFilter(mapping=mapping.id if mapping else None, field=name, limit=1)
    with context.database.transaction() as uow:
        if next(iter(uow.events.find(ever)), None) is None:
            where = f"table {mapping.name} has" if mapping else "no table has"
            what = "no field" if mapping else "a field"
            raise UsageError(f"{where} {what} {name!r}, and the log knows none", hint=did_you_mean(name, known))


def event_json(context: Context, event: ChangeEvent) -> JsonObject:
    """One event (`cli.md`): images by field with canonical values, columns that are not mapped as captured."""
    mapping = context.by_id.get(event.mapping)
    before, after = (told_values(event, image, mapping) for image in (event.before, event.after))
    changed: list[Json] = [*sorted((before or {}).keys() | (after or {}).keys())]
    return {
        "seq": event.seq,
        "source": event.source.value,
        "table": mapping.name if mapping else str(event.mapping) if event.mapping else THE_LOG,
        "key": event.key,
        "op": event.op.value,
        "before": before,
        "after": after,
        "changed": changed,
        "at": iso(event.occurred.until),
        "recorded_at": iso(event.recorded_at),
        "actor": event.actor,
        "origin": event.origin,
        "run_id": event.origin.partition(":")[2],
        "txid": str(event.txid),
    }


def told_values(event: ChangeEvent, image: JsonObject | None, mapping: TableMapping | None) -> JsonObject | None:
    """An image of the event by field, with canonical values; columns that are not mapped as they were captured."""
    if image is None:
        return None
    raw = mapping is None or event.source is Side.NOTION
    told = image if mapping is None or raw else row_values(image, mapping)
    if not event.redacted:
        return told
    columns = {} if mapping is None or raw else mapping.by_column
    gone = {columns[name].name if name in columns else name: dict(REDACTED) for name in event.redacted}
    return {**told, **gone}


def row_values(image: JsonObject, mapping: TableMapping) -> JsonObject:
    """A row's image by field, with canonical values; columns that are not mapped as they were captured."""
    fields = mapping.by_column
    return {
        (fields[column].name if column in fields else column): (
            fields[column].codec.from_postgres(value) if column in fields else value
        )
        for column, value in image.items()
    }
