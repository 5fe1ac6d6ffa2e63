"""Writing to a row of the inbox that people may have put into the trash, or deleted for good."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.values import Json
from sync_engine.engine.context import Context
from sync_engine.engine.inbox.columns import by_id
from sync_engine.errors import NotionNotFound, NotionRejected
from sync_engine.ports.inbox import InboxPlace
from sync_engine.ports.workspace import Page


def written(context: Context, place: InboxPlace, page_id: str, cells: Mapping[str, Json]) -> Page | None:
    """The page after the cells were written, taken out of the trash when it lay there; None when it is gone.

    Raises NotionRejected when Notion refuses a page that is there, and NotionUnavailable.
    """
    try:
        return context.workspace.update_page(page_id, by_id(place, cells))
    except NotionRejected as refused:
        page = looked_up(context, place, page_id)
        if page is None:
            return None
        if not page.in_trash:
            raise refused
        refuse_trashed(context, place)
        context.workspace.restore_page(page_id)
        return context.workspace.update_page(page_id, by_id(place, cells))


def refuse_trashed(context: Context, place: InboxPlace) -> None:
    """Raise NotionRejected when the inbox as a whole is in the trash: its rows are not to be taken out of it."""
    if context.workspace.data_source(place.data_source_id).in_trash:
        raise NotionRejected("the conflict inbox is in the trash", hint="restore it, or run `sync-engine setup`")


def looked_up(context: Context, place: InboxPlace, page_id: str) -> Page | None:
    """The page as it is now, perhaps in the trash; None when it is gone, or somewhere else."""
    try:
        page = context.workspace.page(page_id)
    except NotionNotFound:
        return None
    return page if page.data_source_id in ("", place.data_source_id) else None
