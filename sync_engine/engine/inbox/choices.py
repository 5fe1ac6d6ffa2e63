"""Read the inbox: rows that were made but not recorded, rows in the trash, and what people chose."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync_engine.engine.context import Context
from sync_engine.engine.inbox import columns
from sync_engine.engine.inbox.answers import VALUE_WANTED, answer, decide_as_chosen
from sync_engine.engine.inbox.content import digest_of, key_of, number_in
from sync_engine.engine.inbox.pages import looked_up, refuse_trashed, written
from sync_engine.ports.inbox import NOTE, InboxPlace, InboxRow
from sync_engine.ports.workspace import Page

OVERLAP = timedelta(minutes=2)
"""Notion floors edit times to the minute; the overlap also covers what a query lags behind."""

FULL_EVERY = timedelta(hours=24)

NOTE_KEY = "note"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of the inbox: the pages that were edited, or all of them, and when it began by our clock."""

    pages: Sequence[Page]
    everything: bool
    began: datetime
    served_at: datetime | None


def read_inbox(context: Context, place: InboxPlace, run_id: str, *, full: bool) -> int:
    """Take what people chose since the last poll; returns how many choices were looked at.

    A choice is carried out, or answered in its row. The poll's lower bound moves only when all of them were, so
    that an outage or a kill repeats what is left. Raises NotionRejected when the inbox cannot be read, and what
    the sides raise.
    """
    reading = _poll(context, place, full=full)
    _recognise(context, place, reading)
    choices = sum(_consider(context, place, page, run_id) for page in reading.pages)
    if reading.everything:
        _look_for_missing(context, place, reading)
    _move_on(context, reading)
    return choices


def _poll(context: Context, place: InboxPlace, *, full: bool) -> Reading:
    began = context.database.now()
    due = place.polled_until is None or place.scanned_at is None or began - place.scanned_at > FULL_EVERY
    everything = full or due
    since = None if everything or place.polled_until is None else place.polled_until - OVERLAP
    pages: list[Page] = []
    served_at: datetime | None = None
    for batch in context.workspace.changed_since(place.data_source_id, since):
        served_at = served_at or batch.served_at
        pages += batch.pages
    newest = {page.id: page for page in pages}
    return Reading(list(newest.values()), everything, began, served_at)


def _move_on(context: Context, reading: Reading) -> None:
    with context.database.transaction() as uow:
        place = uow.inbox.place()
        if place is None:
            return
        if reading.everything:
            uow.inbox.prune()
        scanned = reading.began if reading.everything else place.scanned_at
        uow.inbox.put(replace(place, polled_until=reading.served_at or place.polled_until, scanned_at=scanned))


def _recognise(context: Context, place: InboxPlace, reading: Reading) -> None:
    """Give rows whose creation is in doubt their pages; those that never came to be are free to be made again."""
    for page in sorted(reading.pages, key=lambda page: (page.created_time, page.id)):
        _adopt(context, page, columns.text_in(place, page, columns.KEY))
    with context.database.transaction() as uow:
        for row in uow.inbox.rows(["creating"]):
            if row.intended_at is None or row.intended_at + context.query_lag < reading.began:
                uow.inbox.remove(row.conflict_id)


def _adopt(context: Context, page: Page, key: str) -> None:
    """The page is the row of the conflict that it names, if that has none yet; a copy made by a person is not."""
    number = NOTE if key == NOTE_KEY else number_in(key)
    if key != NOTE_KEY and not number:
        return
    with context.database.transaction() as uow:
        row = uow.inbox.get(number)
        if uow.inbox.by_page(page.id) is not None or (row is not None and row.page_id):
            return
        conflict = uow.conflicts.get(number) if number != NOTE else None
        if number != NOTE and (conflict is None or key_of(conflict) != key):
            return
        # What it shows is not known: it is written anew before any choice in it counts.
        uow.inbox.save(InboxRow(number, "open", page.id, occurrences=-1))


def _consider(context: Context, place: InboxPlace, listed: Page, run_id: str) -> bool:
    """Whether somebody chose something in this page; it is carried out or answered."""
    if not columns.chosen(place, listed) or _is_told(place, listed):
        return False
    page = looked_up(context, place, listed.id)  # a query may show the page as it was before our last write
    if page is None or page.in_trash or not columns.chosen(place, page):
        return False
    with context.database.transaction() as uow:
        row = uow.inbox.by_page(page.id)
        conflict = uow.conflicts.get(row.conflict_id) if row is not None else None
    if row is None or row.conflict_id == NOTE:
        told = "This row belongs to no open conflict; nothing was changed. Choose in the conflict's own row."
        answer(context, place, page.id, told)
    elif conflict is None or row.state == "closed":
        answer(context, place, page.id, "This conflict was decided before; nothing was changed.", columns.DECIDED)
    elif conflict.status != "open":
        return False  # the row is about to be closed, with the reason
    elif digest_of(conflict) != row.digest:
        told = "Not applied: the values have changed since this row was written. Look at them again, then choose."
        answer(context, place, page.id, told)
    else:
        decide_as_chosen(context, place, page, conflict, run_id)
    return True


def _is_told(place: InboxPlace, page: Page) -> bool:
    """Whether the row waits for its person to write the value that was chosen."""
    waits = columns.chosen(place, page) == columns.KEEP_OWN and not columns.text_in(place, page, columns.OWN_VALUE)
    return waits and columns.text_in(place, page, columns.ANSWER) == VALUE_WANTED


def _look_for_missing(context: Context, place: InboxPlace, reading: Reading) -> None:
    """Bring back rows that a complete reading did not show: a row in the trash decides nothing."""
    shown = {page.id for page in reading.pages}
    with context.database.transaction() as uow:
        rows = [row for row in uow.inbox.rows(["open"]) if row.page_id not in shown]
    if rows or not shown:
        refuse_trashed(context, place)
    for row in rows:
        page = looked_up(context, place, row.page_id)
        if page is not None and not page.in_trash:
            continue  # the query lagged
        if page is not None:
            told = "Back from the trash: that decides nothing, and the conflict still waits."
            cells = {columns.ANSWER: columns.text_cell(told)} if row.conflict_id != NOTE else {}
            page = written(context, place, row.page_id, cells or {columns.KEY: columns.text_cell(NOTE_KEY)})
        if page is None:
            with context.database.transaction() as uow:
                uow.inbox.remove(row.conflict_id)
