"""At a mark: deletes since then that have not crossed, and what their records held at that moment."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.unresolved import is_unresolved
from sync_engine.domain.values import Value
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.marks import Mark


def lost_since(uow: UnitOfWork, mapping: TableMapping, record: Record, mark: Mark) -> Mapping[str, Value] | None:
    """All that the record held at the mark, when a row or a page of it was deleted since; None when none was.

    An edit that a person made in Notion before the mark belongs to what the record held, carried across or not.
    """
    if record.postgres_presence is Presence.GONE:
        lost = record.postgres_seq > mark.seq
    else:
        lost = record.notion_presence is Presence.GONE and _was_trashed(uow, mapping, record, mark)
    return _values_at(uow, mapping, record, mark) if lost else None


def _was_trashed(uow: UnitOfWork, mapping: TableMapping, record: Record, mark: Mark) -> bool:
    since = EventFilter(mapping=mapping.id, key=record.key, source=Side.NOTION, after_seq=mark.seq)
    return any(event.op is Op.DELETE for event in uow.events.find(since))


def _values_at(uow: UnitOfWork, mapping: TableMapping, record: Record, mark: Mark) -> Mapping[str, Value]:
    """The row now, with the oldest image since the mark of what changed, and earlier edits of the page."""
    values = {**record.base, **{name: change.value for name, change in record.postgres.items()}}
    earliest: dict[str, Value] = {}
    since = EventFilter(mapping=mapping.id, key=record.key, source=Side.POSTGRES, after_seq=mark.seq)
    for event in uow.events.find(since):
        for name, value in decode_image(event.before or {}, mapping).items():
            earliest.setdefault(name, value)
    typed = {
        name: mapping.by_name[name].codec.lift(change.value)
        for name, change in record.notion.items()
        if change.seq <= mark.seq and name in mapping.by_name and not is_unresolved(change.value)
    }
    return {name: value for name, value in {**values, **earliest, **typed}.items() if name in mapping.by_name}
