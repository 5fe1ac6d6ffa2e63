"""The note: one row of the inbox that says how many more conflicts wait than it shows."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.domain.values import Json
from sync_engine.engine.context import Context
from sync_engine.engine.inbox import columns
from sync_engine.engine.inbox.choices import NOTE_KEY
from sync_engine.engine.inbox.pages import looked_up, written
from sync_engine.errors import NotionUnavailable
from sync_engine.ports.inbox import NOTE, InboxPlace, InboxRow


def show_note(context: Context, place: InboxPlace) -> None:
    """Make, change or remove the note; no request when the number is still the same."""
    with context.database.transaction() as uow:
        waiting = uow.inbox.waiting([mapping.id for mapping in context.mappings])
        row = uow.inbox.get(NOTE)
    if row is not None and row.state == "creating":
        return  # the next reading tells whether it is there
    if waiting and row is None:
        _create(context, place, waiting)
    elif waiting and row is not None and row.digest != str(waiting):
        _save(context, row, waiting) if written(context, place, row.page_id, _cells(waiting)) else _forget(context)
    elif not waiting and row is not None:
        page = looked_up(context, place, row.page_id)
        if page is not None and not page.in_trash:
            context.workspace.trash_page(row.page_id)
        _forget(context)


def _create(context: Context, place: InboxPlace, waiting: int) -> None:
    row = InboxRow(NOTE, "creating", "", str(waiting), intended_at=context.database.now())
    with context.database.transaction() as uow:
        uow.inbox.save(row)
    cells = {**_cells(waiting), columns.KEY: columns.text_cell(NOTE_KEY)}
    try:
        page = context.workspace.create_page(place.data_source_id, columns.by_id(place, cells))
    except NotionUnavailable as lost:
        if not lost.may_have_committed:
            _forget(context)
        raise
    _save(context, replace(row, state="open", page_id=page.id), waiting)


def _cells(waiting: int) -> dict[str, Json]:
    more = "1 more conflict waits" if waiting == 1 else f"{waiting:,} more conflicts wait"
    told = (
        "Their rows come here as those above are decided. To decide many at once:"
        " `sync-engine conflicts resolve --all --keep postgres --dry-run`."
    )
    return {columns.TITLE: columns.title_cell(more), columns.WHY: columns.text_cell(told)}


def _save(context: Context, row: InboxRow, waiting: int) -> None:
    with context.database.transaction() as uow:
        uow.inbox.save(replace(row, digest=str(waiting)))


def _forget(context: Context) -> None:
    with context.database.transaction() as uow:
        uow.inbox.remove(NOTE)
