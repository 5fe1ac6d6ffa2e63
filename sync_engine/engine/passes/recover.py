"""Recover: what a killed run left in doubt is found out before anything is written again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence
from sync_engine.domain.values import Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.blind_relations import without_blind_relations
from sync_engine.engine.passes.observe import Sighting, decode_page, key_on, linked_pages, observe_pages
from sync_engine.errors import NotionNotFound
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter
from sync_engine.ports.workspace import Page


def recover(context: Context) -> int:
    """Close every journal entry that is still an intent; returns how many there were.

    A page whose creation was intended is looked up by its key: found, it is the record's page; not found, the
    creation is planned again. A page whose patch was intended is read, before anything else is learned about the
    record: what it shows of the patch is no person's edit. The rest is simply planned again.
    """
    with context.database.transaction() as uow:
        doubtful = list(uow.journal.find(JournalFilter(status=ChangeStatus.INTENT)))
    for mapping in context.mappings:
        creates = [item for item in doubtful if item.mapping == mapping.id and item.op is ChangeOp.CREATE]
        if creates:
            _resolve_creates(context, mapping, creates)
        patches = [item for item in doubtful if item.mapping == mapping.id and item.op in _PATCHES]
        for replayed in (False, True):
            same = [item for item in patches if (item.cause == REPLAYED) is replayed]
            if same:
                _resolve_patches(context, mapping, same)
    known = {mapping.id for mapping in context.mappings}
    settled = (ChangeOp.CREATE, *_PATCHES)
    rest = [item for item in doubtful if item.op not in settled or item.mapping not in known]
    with context.database.transaction() as uow:
        uow.journal.finish(
            [replace(item, status=ChangeStatus.FAILED, error="interrupted; planned again") for item in rest]
        )
    return len(doubtful)


REPLAYED = "replay"
"""The cause of what a replay writes to one side only: it is to cross to the other like an edit."""

_PATCHES = (ChangeOp.UPDATE, ChangeOp.RESTORE)


def _resolve_patches(context: Context, mapping: TableMapping, patches: Sequence[JournalEntry]) -> None:
    shown = [page for page in _pages(context, patches) if not page.in_trash]
    pages = {page.id: page for page in without_blind_relations(context, mapping, shown)}
    intended: dict[str, dict[str, Value]] = {}
    for entry in patches:
        meant = {
            name: mapping.by_name[name].codec.weaken(value)
            for name, value in (entry.after or {}).items()
            if name in mapping.by_name
        }
        intended.setdefault(entry.page_id, {}).update(meant)
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, sorted(pages))
        linked = [page for page in pages.values() if page.id in known]
        keys = uow.records.keys(linked_pages(mapping, linked))
        arrived = {
            page.id
            for page in linked
            if all(
                decode_page(page, mapping, keys).get(name) == value for name, value in intended[page.id].items()
            )
        }
        replayed = f"replay:{patches[0].run_id}" if patches[0].cause == REPLAYED else ""
        sighting = Sighting(
            context.database.now(),
            None,
            context.workspace.clock_skew(),
            patches[0].run_id,
            intended={} if replayed else intended,
            origin=replayed,
        )
        observe_pages(uow, mapping, linked, sighting)
        uow.journal.finish([_concluded(entry, entry.page_id in arrived) for entry in patches])


def _pages(context: Context, entries: Sequence[JournalEntry]) -> Iterator[Page]:
    for page_id in sorted({entry.page_id for entry in entries}):
        try:
            yield context.workspace.page(page_id)
        except NotionNotFound:
            continue


def _concluded(entry: JournalEntry, arrived: bool) -> JournalEntry:
    if arrived:
        return replace(entry, status=ChangeStatus.DONE)
    return replace(entry, status=ChangeStatus.FAILED, error="interrupted; planned again")


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
    return _first_by_key([context.workspace.named(page) for page in pages], mapping)


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
