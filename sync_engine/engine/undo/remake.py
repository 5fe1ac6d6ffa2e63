"""Remake: a page that Notion has purged cannot come back; a new one takes its place, and links follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.domain.events import Op, Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import seen_as, targets_of
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import NewEvent

Pair = tuple[TableMapping, Record]


def forget_pages(
    uow: UnitOfWork, context: Context, purged: Sequence[Pair], origin: Origin, now: datetime
) -> Sequence[Pair]:
    """Forget the pages of these records, whose rows are there, and the links to them, in the caller's transaction.

    What the rows hold is pending from then on, and so are the links: whoever carries that to Notion (`push`, or
    the next pass after a kill) makes the pages anew and links them. Without that, the relations that a purge has
    emptied would seem to have been emptied by a person. Returns the records concerned, those to be made first.
    """
    made: list[Pair] = []
    keys: dict[str, set[str]] = {}
    for mapping, record in purged:
        [saved] = uow.records.save([without_page(record, mapping, origin, now)])
        made.append((mapping, saved))
        keys.setdefault(mapping.name, set()).add(record.key)
    uow.held.release([record.id for _, record in made])
    shown = [(mapping, record) for mapping, record in purged if record.page_id]
    uow.events.append([_purge_event(record, mapping, origin, now) for mapping, record in shown])
    return [*made, *_relinked(uow, context, keys, origin, now)]


def _purge_event(record: Record, mapping: TableMapping, origin: Origin, now: datetime) -> NewEvent:
    """The end of the page, for the log; who purged it nobody knows."""
    shown: JsonObject = {
        name: seen_as(notion_value(record, mapping.by_name[name]))
        for name in record.base
        if name in mapping.by_name
    }
    return NewEvent(
        source=Side.NOTION,
        mapping=mapping.id,
        key=record.key,
        op=Op.DELETE,
        before=shown,
        after=None,
        occurred=Interval.instant(now),
        actor={"app": "sync-engine"},
        origin=str(origin),
        page_id=record.page_id,
    )


def without_page(record: Record, mapping: TableMapping, origin: Origin, now: datetime) -> Record:
    """The record as if its row had never had a page: all that the row holds is pending."""
    known = record.base.keys() | record.postgres.keys()
    pending = {
        item.name: _pending(postgres_value(record, item), origin, now)
        for item in mapping.fields
        if item.name in known
    }
    return replace(
        record,
        page_id="",
        base={},
        postgres={**pending, **record.postgres},
        notion={},
        notion_presence=Presence.ABSENT,
        notion_observed_at=None,
        notion_edited_at=None,
        key_on_page=False,
        detached=False,
    )


def _relinked(
    uow: UnitOfWork, context: Context, keys: Mapping[str, set[str]], origin: Origin, now: datetime
) -> Sequence[Pair]:
    linked: list[Pair] = []
    for mapping in context.mappings:
        relations = [item.name for item in mapping.fields if item.relation_to in keys]
        pointing = []
        for record in uow.records.scan(mapping.id) if relations else ():
            names = [
                name
                for name in relations
                if name not in record.postgres
                and not keys[mapping.by_name[name].relation_to].isdisjoint(targets_of(record.base.get(name)))
            ]
            if names and record.page_id:
                pointing.append(_told_again(record, names, origin, now))
        linked += [(mapping, record) for record in uow.records.save(pointing)]
    return linked


def _told_again(record: Record, names: Sequence[str], origin: Origin, now: datetime) -> Record:
    pending = {name: _pending(record.base[name], origin, now) for name in names}
    base = {name: value for name, value in record.base.items() if name not in names}
    return replace(record, base=base, postgres={**record.postgres, **pending})


def _pending(value: Value, origin: Origin, now: datetime) -> PendingChange:
    return PendingChange(value, Interval.instant(now), {}, 0, str(origin))
