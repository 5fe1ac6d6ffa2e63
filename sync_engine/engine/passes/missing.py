"""Missing pages: absence from a complete scan is only a question; the page itself gives the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sync_engine.domain.events import Op, Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.times import notion_interval
from sync_engine.engine.context import Context
from sync_engine.engine.passes.braking import end_recovery
from sync_engine.engine.passes.observe import actor_of, content_of
from sync_engine.errors import NotionNotFound, NotionRejected
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.workspace import Page, Workspace

MISSING = "missing"
"""The `op` of a record that is held because its page cannot be found."""


def find_missing_pages(context: Context, mapping: TableMapping, everything: frozenset[str]) -> int:
    """Ask for each linked page that a complete scan did not list; returns how many were found in the trash.

    Only a page that says `in_trash` counts as deleted. One that cannot be found may have been deleted for ever,
    unshared or moved (Notion gives the same 404 for all three): the record is held, nothing is deleted.
    """
    with context.database.transaction() as uow:
        records = list(uow.records.scan(mapping.id))
        missing = [record for record in records if _is_missing(record, everything)]
        _release_found(uow, mapping, records, everything)
    trashed = 0
    for record in missing:
        try:
            page = context.workspace.page(record.page_id)
        except NotionNotFound:
            hold_unseen(context, mapping, record)
            continue
        trashed += settle_left(context, mapping, record, page)
        context.between()
    with context.database.transaction() as uow:
        end_recovery(uow, mapping)
    return trashed


def misses_pages(context: Context, mapping: TableMapping, everything: frozenset[str]) -> bool:
    """Whether a complete scan says anything of pages that left, or of those that were held for it and are back."""
    with context.database.transaction() as uow:
        held = any(item.op == MISSING for item in uow.held.find(mapping.id))
        return held or any(_is_missing(record, everything) for record in uow.records.scan(mapping.id))


def refuse_lost(workspace: Workspace, mapping: TableMapping) -> None:
    """Raise NotionRejected when the table as a whole cannot be seen or is in the trash.

    Its pages then all seem to be gone, which says nothing about any of them.
    """
    if workspace.data_source(mapping.data_source_id).in_trash:
        raise NotionRejected(
            f"the Notion database of table {mapping.name} is in the trash",
            hint="restore it in Notion, or take the table out of sync.toml",
        )


def distrust(database: Database, mapping: TableMapping) -> None:
    """Note that the table could not be seen: when it can again, every page is read, as no poll shows what left."""
    with database.transaction() as uow:
        for registration in uow.registrations.all():
            if registration.id == mapping.id and registration.last_full_scan is not None:
                uow.registrations.save(replace(registration, last_full_scan=None))


def has_left(mapping: TableMapping, page: Page) -> bool:
    """Whether a page that Notion shows is no row of the table any more: trashed, moved or archived."""
    return page.in_trash or page.is_archived or page.data_source_id != mapping.data_source_id


def settle_left(context: Context, mapping: TableMapping, record: Record, page: Page) -> bool:
    """Log the deletion of a page that is in the trash (True), hold the record of one that left otherwise."""
    if page.in_trash:
        _log_trash(context, mapping, record, page)
    elif page.data_source_id != mapping.data_source_id:
        _hold(context, mapping, record, "the page was moved out of its database")
    elif page.is_archived:
        _hold(context, mapping, record, "the page was archived in Notion")
    return page.in_trash


def hold_unseen(context: Context, mapping: TableMapping, record: Record) -> None:
    """Hold the record of a page that Notion does not show."""
    _hold(context, mapping, record, "Notion no longer shows this page: deleted for ever, or not shared")


def _release_found(
    uow: UnitOfWork, mapping: TableMapping, records: Sequence[Record], everything: frozenset[str]
) -> None:
    """Records held because their page was missing go on once it is listed again."""
    lost = {item.record_id for item in uow.held.find(mapping.id) if item.op == MISSING}
    uow.held.release([record.id for record in records if record.id in lost and record.page_id in everything])


def _is_missing(record: Record, everything: frozenset[str]) -> bool:
    return bool(record.page_id) and record.notion_presence is Presence.PRESENT and record.page_id not in everything


def _hold(context: Context, mapping: TableMapping, record: Record, reason: str) -> None:
    if record.detached:
        return  # one side gave it up: nothing of it waits for a person
    with context.database.transaction() as uow:
        uow.held.hold(
            HeldRecord(
                record_id=record.id,
                mapping=mapping.id,
                key=record.key,
                side=Side.NOTION,
                op=MISSING,
                reason=reason,
                constraint="page_missing",
            )
        )


def _log_trash(context: Context, mapping: TableMapping, record: Record, page: Page) -> None:
    with context.database.transaction() as uow:
        now, skew = context.database.now(), context.workspace.clock_skew()
        uow.events.append([trash_event(uow, mapping, record, page, now, skew)])
        uow.records.save([replace(record, notion={}, notion_presence=Presence.GONE)])


def trash_event(
    uow: UnitOfWork, mapping: TableMapping, record: Record, page: Page, now: datetime, skew: timedelta
) -> NewEvent:
    """The deletion of a page by a person, for the log.

    A page in the trash still shows what was last typed into it, which no poll may have seen.
    """
    return NewEvent(
        source=Side.NOTION,
        mapping=mapping.id,
        key=record.key,
        op=Op.DELETE,
        before=content_of(uow, mapping, page),
        after=None,
        occurred=notion_interval(page.last_edited_time, now, record.notion_observed_at, skew),
        actor=actor_of(page.last_edited_by),
        page_id=page.id,
    )
