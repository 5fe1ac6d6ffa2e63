"""Pull: read the pages that were edited since the last poll, with overlap, and observe them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.context import Context
from sync_engine.engine.observe import Sighting, observe_pages
from sync_engine.ports.store import Registration

OVERLAP = timedelta(minutes=2)
"""Notion floors edit times to the minute and may compare floored times; the overlap makes either harmless."""

FULL_SCAN_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pulled:
    """Result of a pull: edits found, pages read, and the page ids when every page was read."""

    edits: int
    pages: int
    everything: frozenset[str] | None


def pull(
    context: Context, mapping: TableMapping, registration: Registration, run_id: str, *, full: bool
) -> Pulled:
    """Observe what changed in the data source; with `full` every page of it.

    Each batch is one transaction; the poll's lower bound moves only when the whole list was read, so a crash or
    an outage in the middle repeats the poll and misses nothing.
    """
    everything = full or _proof_is_due(context, registration)
    since = None if everything else _lower_bound(registration)
    edits = 0
    seen: set[str] = set()
    served_at = None
    for batch in context.workspace.changed_since(mapping.data_source_id, since):
        served_at = served_at or batch.served_at
        with context.database.transaction() as uow:
            sighting = Sighting(
                at=context.database.now(),
                unchanged_since=_unchanged_since(registration, context),
                skew=context.workspace.clock_skew(),
                run_id=run_id,
            )
            edits += observe_pages(uow, mapping, batch.pages, sighting)
        seen.update(page.id for page in batch.pages)
        context.progress(f"reading {mapping.name} from Notion", len(seen), 0)
    with context.database.transaction() as uow:
        moved = replace(registration, polled_until=served_at or registration.polled_until)
        if everything:
            moved = replace(moved, last_full_scan=context.database.now())
        uow.registrations.save(moved)
    return Pulled(edits, len(seen), frozenset(seen) if everything else None)


def _proof_is_due(context: Context, registration: Registration) -> bool:
    """A poll trusts edit times, which are not a complete signal, and never shows what left; a full scan does."""
    scanned = registration.last_full_scan
    if registration.polled_until is None or scanned is None:
        return True
    return context.database.now() - scanned > FULL_SCAN_EVERY


def _lower_bound(registration: Registration) -> datetime | None:
    return registration.polled_until - OVERLAP if registration.polled_until else None


def _unchanged_since(registration: Registration, context: Context) -> datetime | None:
    return registration.polled_until - context.query_lag if registration.polled_until else None
