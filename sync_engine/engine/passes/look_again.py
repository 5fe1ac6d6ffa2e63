"""Look again: pages about to be overwritten are read once more, so that an edit no poll has seen is not lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Record
from sync_engine.engine.context import Context
from sync_engine.engine.passes.missing import MISSING, has_left, hold_unseen, refuse_lost, settle_left
from sync_engine.engine.passes.observe import Sighting, observe_pages
from sync_engine.engine.passes.pull import confirmed, unchanged_since
from sync_engine.errors import NotionNotFound
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.workspace import Page

BATCH = 50
"""Pages that are looked at by one query and then written, before the next are looked at."""

FEW = 3
"""Pages that are read one by one: a page read by its id is never stale, a query may be by seconds."""

BUSY = timedelta(minutes=5)
"""A page that a person edited so recently may be open before them: it is looked at right before its own write."""


@dataclass(frozen=True, slots=True)
class Looked:
    """`wanted`: the operations whose pages are as they were when it was decided to write them. `busy`: such that
    are to be looked at once more, each by itself. `edits`: how many edits were found on the other pages."""

    wanted: Sequence[Operation]
    busy: Sequence[Operation] = ()
    edits: int = 0


def batches(operations: Sequence[Operation]) -> Iterator[Sequence[Operation]]:
    """The operations in the pieces in which they are looked at and sent; a few are looked at and sent singly."""
    size = 1 if len(operations) <= FEW else BATCH
    for start in range(0, len(operations), size):
        yield operations[start : start + size]


def look_again(context: Context, mapping: TableMapping, operations: Sequence[Operation], run_id: str) -> Looked:
    """Read the pages that at most `BATCH` operations are about to overwrite.

    What was edited since the last poll is observed, and its operation left out, so that it is decided anew and
    becomes a merge or a conflict. Notion has no conditional write: what remains open is the time between this look
    and the request, so pages that people are at work on are left to a look of their own. Raises NotionUnavailable,
    ConnectionBlocked, and NotionRejected when the whole table is gone.
    """
    at_risk = [item for item in operations if _overwrites(item)]
    if not at_risk:
        return Looked(operations)
    with context.workspace.lane(context.lane):
        pages = _pages(context, mapping, at_risk)
        edits = _observe(context, mapping, pages, run_id)
        busy = _busy(context, pages) if len(at_risk) > 1 else frozenset()
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, [item.record.page_id for item in at_risk])
        lost = {item.record_id for item in uow.held.find(mapping.id) if item.op == MISSING}
    changed = {
        item.record.id
        for item in at_risk
        if item.record.id in lost or not _is_as_decided(item.record, known.get(item.record.page_id))
    }
    left = [item for item in operations if item.record.id not in changed]
    return Looked(
        [item for item in left if item.record.page_id not in busy],
        [item for item in left if item.record.page_id in busy],
        edits,
    )


def looked_at(
    context: Context, mapping: TableMapping, operations: Sequence[Operation], run_id: str
) -> Iterator[Sequence[Operation]]:
    """The operations that may be sent, in the pieces in which they are to be: those on pages that people are at
    work on come last, each right after a look of its own. Raises what `look_again` does.
    """
    looked = look_again(context, mapping, operations, run_id)
    if looked.wanted:
        yield looked.wanted
    for operation in looked.busy:
        alone = look_again(context, mapping, [operation], run_id)
        if alone.wanted:
            yield alone.wanted


def _busy(context: Context, pages: Sequence[Page]) -> frozenset[str]:
    """Ids of the pages that somebody else edited a moment ago."""
    since = context.database.now() - BUSY
    recent = [page for page in pages if page.last_edited_time >= since]
    me = context.workspace.whoami().id if recent else ""
    return frozenset(page.id for page in recent if page.last_edited_by.id != me)


def _overwrites(operation: Operation) -> bool:
    """Whether it replaces anything that a person may have typed; a record key alone does not."""
    return operation.action is Action.TRASH or (operation.action is Action.UPDATE and bool(operation.values))


def _pages(context: Context, mapping: TableMapping, operations: Sequence[Operation]) -> Sequence[Page]:
    """The pages that are still rows of the table."""
    together = [item for item in operations if item.record.key_on_page] if len(operations) > FEW else []
    alone = [item for item in operations if item not in together]
    found = [_page(context, mapping, item) for item in alone]
    if together:
        found += _queried(context, mapping, [item.record for item in together])
    return [page for page in found if page is not None]


def _page(context: Context, mapping: TableMapping, operation: Operation) -> Page | None:
    """The page, or None when it has left; of a page about to go to the trash that is none of our business."""
    record, trashing = operation.record, operation.action is Action.TRASH
    try:
        page = context.workspace.page(record.page_id)
    except NotionNotFound:
        if not trashing:
            refuse_lost(context.workspace, mapping)
            hold_unseen(context, mapping, record)
        return None
    if not has_left(mapping, page):
        return page
    if not trashing:
        refuse_lost(context.workspace, mapping)
        settle_left(context, mapping, record, page)
    return None


def _queried(context: Context, mapping: TableMapping, records: Sequence[Record]) -> list[Page | None]:
    """All with one query. A page that it does not show has left or was made a moment ago; its write finds out."""
    wanted = {record.page_id for record in records}
    keys = [record.key for record in records]
    found = context.workspace.find_by_key(mapping.data_source_id, mapping.key_property_id, keys)
    return [page for page in found if page.id in wanted and not has_left(mapping, page)]


def _observe(context: Context, mapping: TableMapping, pages: Sequence[Page], run_id: str) -> int:
    current = confirmed(context, mapping, pages)
    with context.database.transaction() as uow:
        return observe_pages(uow, mapping, current, _sighting(uow, context, mapping, run_id))


def _sighting(uow: UnitOfWork, context: Context, mapping: TableMapping, run_id: str) -> Sighting:
    [registration] = [item for item in uow.registrations.all() if item.id == mapping.id]
    since = unchanged_since(registration, context)
    return Sighting(context.database.now(), since, context.workspace.clock_skew(), run_id)


def _is_as_decided(decided: Record, known: Record | None) -> bool:
    if known is None or known.notion_presence is not decided.notion_presence:
        return False
    before = {name: change.value for name, change in decided.notion.items()}
    return before == {name: change.value for name, change in known.notion.items()}
