"""Targeted pull: read single pages again because something said that they changed."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.engine.context import Context
from sync_engine.engine.passes.blind_relations import without_blind_relations
from sync_engine.engine.passes.missing import MISSING, has_left, hold_unseen, refuse_lost, settle_left
from sync_engine.engine.passes.observe import Sighting, observe_pages
from sync_engine.errors import NotionNotFound
from sync_engine.ports.workspace import Page


def pull_pages(context: Context, mapping: TableMapping, page_ids: Sequence[str], run_id: str) -> int:
    """Read each of these pages, one request a page, and observe it; returns the edits found. Raises NotionRejected
    when the table as a whole is gone.

    A page that left the table is treated as a full scan treats it: trashed is a deletion, moved or not shown is
    held. Pages of other tables, and trashed ones that were never a record, are left alone.

    The time of a hint narrows no interval from below: Notion gathers several edits into one event, and nothing
    says whether its time is that of the first or of the last. Reading at once narrows it from above.
    """
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, page_ids)
    edits = 0
    for page_id in dict.fromkeys(page_ids):
        edits += _pull_page(context, mapping, page_id, known.get(page_id), run_id)
        context.between()
    return edits


def _pull_page(context: Context, mapping: TableMapping, page_id: str, record: Record | None, run_id: str) -> int:
    try:
        page = context.workspace.page(page_id)
    except NotionNotFound:
        if record is not None and _is_expected(record):
            refuse_lost(context.workspace, mapping)
            hold_unseen(context, mapping, record)
        return 0
    if has_left(mapping, page):
        if record is None or not _is_expected(record):
            return 0
        refuse_lost(context.workspace, mapping)
        return settle_left(context, mapping, record, page)
    return _observe(context, mapping, page, run_id)


def _is_expected(record: Record) -> bool:
    return record.notion_presence is Presence.PRESENT


def _observe(context: Context, mapping: TableMapping, page: Page, run_id: str) -> int:
    [page] = without_blind_relations(context, mapping, [page])
    with context.database.transaction() as uow:
        sighting = Sighting(context.database.now(), None, context.workspace.clock_skew(), run_id)
        edits = observe_pages(uow, mapping, [page], sighting)
        record = uow.records.by_page(mapping.id, [page.id]).get(page.id)
        if record is not None and any(
            item.op == MISSING and item.record_id == record.id for item in uow.held.find(mapping.id)
        ):
            uow.held.release([record.id])
    return edits
