"""Pull: read the pages that were edited since the last poll, with overlap, and observe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_engine.domain.fold import page_changes
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.engine.context import Context
from sync_engine.engine.passes.blind_relations import without_blind_relations
from sync_engine.engine.passes.missing import has_left
from sync_engine.engine.passes.observe import Sighting, decode_page, linked_pages, observe_pages
from sync_engine.errors import NotionNotFound
from sync_engine.ports.registrations import Registration
from sync_engine.ports.workspace import Page

OVERLAP = timedelta(minutes=2)
"""Notion floors edit times to the minute and may compare floored times; the overlap makes either harmless."""

PAGES_OF_A_QUERY = 100
PAUSE_OF_A_QUERY = timedelta(seconds=30)
"""A table of one query is read whole each time, which a poll of it would cost too; of larger ones each further
query is worth so much waiting."""

FULL_SCAN_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Result of a pull: edits found, pages read, and the page ids when every page was read."""

    edits: int
    pages: int
    everything: frozenset[str] | None


def pull(
    context: Context,
    mapping: TableMapping,
    registration: Registration,
    run_id: str,
    *,
    full: bool,
    proof_every: timedelta = FULL_SCAN_EVERY,
    proves: bool = True,
) -> Pulled:
    """Observe what changed in the data source; every page of it with `full`, or when that was so long ago.

    `proves`: what else belongs to a proof, such as asking the row filter, is done too, so the next is due later.

    Each batch is one transaction; the poll's lower bound moves only when the whole list was read, so a crash or
    an outage in the middle repeats the poll and misses nothing.
    """
    everything = full or proof_is_due(context, registration, proof_every)
    since = None if everything else _lower_bound(registration)
    edits = 0
    seen: set[str] = set()
    served_at = None
    for batch in context.workspace.changed_since(mapping.data_source_id, since):
        served_at = served_at or batch.served_at
        pages = confirmed(context, mapping, batch.pages)
        with context.database.transaction() as uow:
            sighting = Sighting(
                at=context.database.now(),
                unchanged_since=unchanged_since(registration, context),
                skew=context.workspace.clock_skew(),
                run_id=run_id,
                recovering=registration.recovering,
            )
            edits += observe_pages(uow, mapping, pages, sighting)
        seen.update(page.id for page in batch.pages)
        context.progress(f"reading {mapping.name} from Notion", len(seen), 0)
        if everything:  # the batches of a poll were all read before the first of them came
            context.between()
    with context.database.transaction() as uow:
        moved = replace(registration, polled_until=served_at or registration.polled_until)
        if everything and proves:
            moved = replace(moved, last_full_scan=context.database.now())
        uow.registrations.save(moved)
    return Pulled(edits, len(seen), frozenset(seen) if everything else None)


def confirmed(context: Context, mapping: TableMapping, pages: Sequence[Page]) -> Sequence[Page]:
    """The pages as far as they prove anything: without blind relations, those read again that a lagging query may
    show as they were before a write of ours, and the editors of those known that were edited.

    A query proves nothing about the seconds before it, a page read by its id does. Pages that left the table in
    this moment are left out: the next look finds them.
    """
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, [page.id for page in pages])
        keys = uow.records.keys(linked_pages(mapping, pages))
        recent = context.database.now() - context.query_lag
    looked: list[Page | None] = []
    for page in pages:
        record = known.get(page.id)
        if record is not None and not _differs(record, page, mapping, keys):
            looked.append(page)
        elif record is not None and (record.notion_observed_at or recent) > recent:
            looked.append(_again(context, mapping, page))
        else:
            looked.append(context.workspace.named(page))
    return without_blind_relations(context, mapping, [page for page in looked if page is not None])


def _differs(record: Record, page: Page, mapping: TableMapping, keys: Mapping[str, tuple[int, str]]) -> bool:
    """Whether an observation of the page would be an event."""
    values = decode_page(page, mapping, keys)
    return record.notion_presence is not Presence.PRESENT or bool(page_changes(record, values, mapping))


def _again(context: Context, mapping: TableMapping, page: Page) -> Page | None:
    try:
        found = context.workspace.page(page.id)
    except NotionNotFound:
        return None
    return None if has_left(mapping, found) else found


def proof_is_due(context: Context, registration: Registration, every: timedelta = FULL_SCAN_EVERY) -> bool:
    """A poll trusts edit times, which are not a complete signal, and never shows what left; a full scan does."""
    scanned = registration.last_full_scan
    if registration.polled_until is None or scanned is None:
        return True
    return context.database.now() - scanned > every


def proof_is_cheap(context: Context, mapping: TableMapping, registration: Registration) -> bool:
    """Whether reading every page costs little: a request for each hundred pages, against the time since."""
    with context.database.transaction() as uow:
        beyond = max(uow.records.counts(mapping.id).pages - 1, 0) // PAGES_OF_A_QUERY
    return proof_is_due(context, registration, beyond * PAUSE_OF_A_QUERY)


def proof_costs_nothing(context: Context, mapping: TableMapping) -> bool:
    """Whether every page of the table comes with one query, as the edited ones do."""
    with context.database.transaction() as uow:
        return uow.records.counts(mapping.id).pages <= PAGES_OF_A_QUERY


def _lower_bound(registration: Registration) -> datetime | None:
    return registration.polled_until - OVERLAP if registration.polled_until else None


def unchanged_since(registration: Registration, context: Context) -> datetime | None:
    """Until when the last poll proves that what it did not show was not edited."""
    return registration.polled_until - context.query_lag if registration.polled_until else None
