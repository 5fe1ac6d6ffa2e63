"""Recover: what a killed run left in doubt is found out before anything is written again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence
from sync_engine.engine.context import Context
from sync_engine.engine.observe import Sighting, key_on, observe_pages
from sync_engine.ports.store import ChangeOp, ChangeStatus, JournalEntry, JournalFilter
from sync_engine.ports.workspace import Page


def recover(context: Context) -> int:
    """Close every journal entry that is still an intent; returns how many there were.

    A page whose creation was intended is looked up by its key: found, it is the record's page; not found, the
    creation is planned again. Intended patches are simply planned again: the record still says what is pending.
    """
    with context.database.transaction() as uow:
        doubtful = list(uow.journal.find(JournalFilter(status=ChangeStatus.INTENT)))
    for mapping in context.mappings:
        creates = [item for item in doubtful if item.mapping == mapping.id and item.op is ChangeOp.CREATE]
        if creates:
            _resolve_creates(context, mapping, creates)
    rest = [item for item in doubtful if item.op is not ChangeOp.CREATE]
    with context.database.transaction() as uow:
        uow.journal.finish(
            [replace(item, status=ChangeStatus.FAILED, error="interrupted; planned again") for item in rest]
        )
    return len(doubtful)


def _resolve_creates(context: Context, mapping: TableMapping, creates: Sequence[JournalEntry]) -> None:
    keys = sorted({entry.key for entry in creates})
    found = _found(context, mapping, keys)
    lost_for_good = [entry for entry in creates if entry.key not in found]
    if lost_for_good:
        _wait_for_queries(context, lost_for_good)
        found |= _found(context, mapping, sorted({entry.key for entry in lost_for_good}))
    with context.database.transaction() as uow:
        records = uow.records.by_key(mapping.id, keys)
        lost = [
            page
            for key, page in found.items()
            if key in records and records[key].notion_presence is Presence.ABSENT
        ]
        sighting = Sighting(context.database.now(), None, context.workspace.clock_skew(), creates[0].run_id)
        observe_pages(uow, mapping, lost, sighting)
        uow.journal.finish([_closed(entry, found.get(entry.key)) for entry in creates])


def _found(context: Context, mapping: TableMapping, keys: Sequence[str]) -> dict[str, Page]:
    pages = context.workspace.find_by_key(mapping.data_source_id, mapping.key_property_id, keys)
    return _first_by_key(pages, mapping)


def _wait_for_queries(context: Context, entries: Sequence[JournalEntry]) -> None:
    """A query may not show yet what was written a moment ago; a page called missing too early becomes two."""
    newest = max((entry.at for entry in entries if entry.at is not None), default=None)
    if newest is not None:
        remaining = newest + context.query_lag - context.database.now()
        if remaining.total_seconds() > 0:
            context.progress("waiting for Notion's queries to catch up", 0, 0)
            context.clock.wait(remaining.total_seconds())


def _first_by_key(pages: Sequence[Page], mapping: TableMapping) -> dict[str, Page]:
    found: dict[str, Page] = {}
    for page in sorted(pages, key=lambda item: (item.created_time, item.id)):
        found.setdefault(key_on(page, mapping), page)
    return found


def _closed(entry: JournalEntry, page: Page | None) -> JournalEntry:
    if page is None:
        return replace(entry, status=ChangeStatus.FAILED, error="interrupted before the page was made")
    return replace(entry, status=ChangeStatus.DONE, page_id=page.id)
