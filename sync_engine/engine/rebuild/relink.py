"""Relink: the records go over to pages that were rebuilt elsewhere, and are synced with those from now on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.domain.events import Op, Side
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import seen_as
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.missing import MISSING
from sync_engine.engine.rebuild.elsewhere import Copy
from sync_engine.engine.undo.remake import without_page
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.registrations import Registration

BATCH = 1000


def relink(context: Context, copies: Sequence[Copy], run_id: str) -> int:
    """Link all records to the pages of the copies, in one transaction; returns how many were.

    The next pass reads the new databases in full: what their pages show otherwise than was known (an earlier
    state) crosses like any edit. The log tells of the old pages' end and of the new ones. The old databases are
    left as they are and no longer looked at. Raises LockHeld.
    """
    linked = 0
    origin, now = Origin(run_id, "replay"), context.database.now()
    with between_turns(context.database), context.database.transaction() as uow:
        known = {item.id: item for item in uow.registrations.all()}
        for copy in copies:
            linked += _relink_table(uow, copy, origin, now)
            uow.registrations.save(_moved(known[copy.mapping.id], copy.mapping))
            lost = [item.record_id for item in uow.held.find(copy.mapping.id) if item.op == MISSING]
            uow.held.release(lost)
        uow.events.seal()
    return linked


def _relink_table(uow: UnitOfWork, copy: Copy, origin: Origin, now: datetime) -> int:
    linked = 0
    records = list(uow.records.scan(copy.mapping.id))
    newest = {record.key: record.id for record in records if record.key}
    for start in range(0, len(records), BATCH):
        events: list[NewEvent] = []
        saved: list[Record] = []
        for record in records[start : start + BATCH]:
            page = copy.pages.get(record.key) if newest.get(record.key) == record.id else None
            if record.page_id and record.notion_presence is Presence.PRESENT:
                events.append(_ended(record, copy.mapping, origin, now))
            if page is not None:
                events.append(_begun(record, copy, page.id, origin, now))
                saved.append(_linked(record, page.id))
                linked += 1
            elif record.postgres_presence is Presence.PRESENT:
                saved.append(without_page(record, copy.mapping, origin, now))
            elif record.page_id:
                saved.append(replace(record, page_id="", notion={}, notion_presence=Presence.ABSENT))
        uow.events.append(events)
        uow.records.save(saved)
    return linked


def _linked(record: Record, page_id: str) -> Record:
    return replace(
        record,
        page_id=page_id,
        notion_presence=Presence.PRESENT,
        notion_observed_at=None,
        notion_edited_at=None,
        key_on_page=True,
        detached=False,
    )


def _moved(known: Registration, mapping: TableMapping) -> Registration:
    """All is read anew in the new place."""
    ids = {item.name: item.property_id for item in mapping.fields}
    fields: JsonObject = {
        name: {**memory, "property_id": ids.get(name, "")} if isinstance(memory, dict) else memory
        for name, memory in known.fields.items()
    }
    return replace(
        known,
        database_id=mapping.database_id,
        data_source_id=mapping.data_source_id,
        key_property_id=mapping.key_property_id,
        fields=fields,
        polled_until=None,
        last_full_scan=None,
    )


def _event(
    record: Record, mapping: TableMapping, op: Op, values: JsonObject, page_id: str, origin: Origin, now: datetime
) -> NewEvent:
    ended = op is Op.DELETE
    return NewEvent(
        source=Side.NOTION,
        mapping=mapping.id,
        key=record.key,
        op=op,
        before=values if ended else None,
        after=None if ended else values,
        occurred=Interval.instant(now),
        actor={"app": "sync-engine"},
        origin=str(origin),
        page_id=page_id,
    )


def _ended(record: Record, mapping: TableMapping, origin: Origin, now: datetime) -> NewEvent:
    shown = {item.name: seen_as(notion_value(record, item)) for item in mapping.fields if item.name in record.base}
    return _event(record, mapping, Op.DELETE, shown, record.page_id, origin, now)


def _begun(record: Record, copy: Copy, page_id: str, origin: Origin, now: datetime) -> NewEvent:
    """The new page, as the record knows it: where it shows something else, the next pass finds that."""
    shown: dict[str, Value] = {
        item.name: seen_as(notion_value(record, item)) for item in copy.mapping.fields if item.property_id
    }
    return _event(record, copy.mapping, Op.INSERT, shown, page_id, origin, now)
