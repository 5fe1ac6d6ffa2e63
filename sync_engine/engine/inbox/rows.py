"""Write the inbox: a row for each open conflict up to a bound, kept up to date, and closed when it is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sync_engine.domain.lanes import Lane
from sync_engine.domain.values import Json
from sync_engine.engine.context import Context
from sync_engine.engine.inbox import columns
from sync_engine.engine.inbox.content import cells_of, digest_of, long_texts
from sync_engine.engine.inbox.note import show_note
from sync_engine.engine.inbox.pages import looked_up, written
from sync_engine.errors import NotionRejected, NotionUnavailable
from sync_engine.ports.conflicts import ConflictRow
from sync_engine.ports.inbox import NOTE, InboxPlace, InboxRow

_UNWRITTEN = -1
"""In place of the occurrences: the page does not show all of the conflict yet."""

_KEPT = {"postgres": columns.KEEP_POSTGRES, "notion": columns.KEEP_NOTION, "merged": columns.KEEP_BOTH}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What rows are written with: at most `most` are on show, and at most `at_once` written in one go."""

    context: Context
    place: InboxPlace
    most: int
    at_once: int


def write_rows(shelf: Shelf) -> bool:
    """Close, update and create rows; returns whether more is left to do at once. Asks Notion only where something
    differs.

    Every finished row is recorded before the next begins. Raises NotionRejected, after doing what could be done,
    and NotionUnavailable.
    """
    context = shelf.context
    with context.workspace.lane(Lane.REPAIR):
        left = shelf.at_once - _close_decided(shelf, shelf.at_once)
        updated, refused = _update_changed(shelf, left)
        left -= updated
    with context.workspace.lane(Lane.BACKFILL):
        left -= _create_missing(shelf, left)
        show_note(context, shelf.place)
    if refused is not None:
        raise refused
    return left <= 0


# --- closing


def _close_decided(shelf: Shelf, limit: int) -> int:
    with shelf.context.database.transaction() as uow:
        over = uow.inbox.over()[:limit]
    for row in over:
        _close(shelf, row)
    return len(over)


def _close(shelf: Shelf, row: InboxRow) -> None:
    with shelf.context.database.transaction() as uow:
        conflict = uow.conflicts.get(row.conflict_id)
    try:
        if row.page_id:
            _say_decided(shelf, row, conflict)
    except NotionRejected:
        _note_closed(shelf, row, conflict)  # the decision stands, and other rows must not wait for this one
        raise
    _note_closed(shelf, row, conflict)


def _note_closed(shelf: Shelf, row: InboxRow, conflict: ConflictRow | None) -> None:
    with shelf.context.database.transaction() as uow:
        if row.page_id and conflict is not None:
            uow.inbox.save(replace(row, state="closed"))
        else:
            uow.inbox.remove(row.conflict_id)


def _say_decided(shelf: Shelf, row: InboxRow, conflict: ConflictRow | None) -> None:
    page = looked_up(shelf.context, shelf.place, row.page_id)
    if page is None or page.in_trash:
        return
    page = written(shelf.context, shelf.place, row.page_id, _last_words(conflict))
    if page is not None and not _overtaken(shelf, row, columns.chosen(shelf.place, page), conflict):
        shelf.context.workspace.trash_page(row.page_id)


def _last_words(conflict: ConflictRow | None) -> dict[str, Json]:
    told = conflict.reason if conflict is not None else "This conflict was decided and is no longer kept."
    return {columns.STATE: columns.select_cell(columns.DECIDED), columns.ANSWER: columns.text_cell(told)}


def _overtaken(shelf: Shelf, row: InboxRow, choice: str, conflict: ConflictRow | None) -> bool:
    """Whether somebody chose otherwise in the moment in which it was decided; then the row stays, and says so."""
    if not choice or conflict is None or choice == _kept(conflict):
        return False
    told = (
        f"{choice} was chosen after this conflict was decided: {conflict.reason}. Nothing more was changed; edit"
        f" the record itself, or `sync-engine conflicts swap {conflict.id}` takes the value of the other side."
    )
    cells = {columns.ANSWER: columns.text_cell(told), columns.KEEP: columns.select_cell(None)}
    written(shelf.context, shelf.place, row.page_id, cells)
    return True


def _kept(conflict: ConflictRow) -> str:
    return _KEPT.get(conflict.winner, columns.KEEP_OWN if conflict.winner == "value" else "")


# --- updating


def _update_changed(shelf: Shelf, limit: int) -> tuple[int, NotionRejected | None]:
    """How many were looked at, and the first refusal: the others do not wait for a row that Notion refuses."""
    with shelf.context.database.transaction() as uow:
        outdated = uow.inbox.outdated()[: max(0, limit)]
    refused: NotionRejected | None = None
    for row in outdated:
        try:
            _update(shelf, row)
        except NotionRejected as error:
            refused = refused or error
    return len(outdated), refused


def _update(shelf: Shelf, row: InboxRow) -> None:
    """Write the whole row anew. Where the values differ, a choice made between the former ones goes with them."""
    context = shelf.context
    found = _conflict(shelf, row.conflict_id)
    if found is None:
        return
    conflict, cells = found
    digest = digest_of(conflict)
    if digest != row.digest:
        cells |= _void(context, first=not row.digest)
    try:
        page = written(context, shelf.place, row.page_id, cells)
        if page is not None:
            _write_body(shelf, row.page_id, conflict)
    except NotionRejected:
        # It shows former values, so a choice in it does not count until it could be written.
        with context.database.transaction() as uow:
            uow.inbox.save(replace(row, digest="", occurrences=_UNWRITTEN))
        raise
    if page is None:
        with context.database.transaction() as uow:
            uow.inbox.remove(row.conflict_id)
        return
    with context.database.transaction() as uow:
        uow.inbox.save(replace(row, digest=digest, occurrences=conflict.occurrences))


def _void(context: Context, *, first: bool) -> dict[str, Json]:
    now = context.database.now()
    what = "This row was written anew" if first else "The values changed"
    told = f"{what} at {now:%Y-%m-%d %H:%M:%S} UTC; a choice made before that was not applied."
    return {
        columns.KEEP: columns.select_cell(None),
        columns.STATE: columns.select_cell(columns.WAITING if first else columns.ASKED_AGAIN),
        columns.ANSWER: columns.text_cell(told),
    }


def _write_body(shelf: Shelf, page_id: str, conflict: ConflictRow) -> None:
    texts = long_texts(conflict)
    if texts:
        shelf.context.workspace.write_texts(page_id, digest_of(conflict), texts)


# --- creating


def _create_missing(shelf: Shelf, limit: int) -> int:
    context = shelf.context
    mappings = [mapping.id for mapping in context.mappings]
    with context.database.transaction() as uow:
        shown = [row for row in uow.inbox.rows(["open", "creating"]) if row.conflict_id != NOTE]
        wanted = uow.inbox.missing(mappings, max(0, min(shelf.most - len(shown), limit)))
    for done, conflict_id in enumerate(wanted):
        _create(shelf, conflict_id)
        context.progress("writing the conflict inbox", done + 1, len(wanted))
    return len(wanted)


def _create(shelf: Shelf, conflict_id: int) -> None:
    context = shelf.context
    found = _conflict(shelf, conflict_id)
    if found is None:
        return
    conflict, cells = found
    row = InboxRow(conflict_id, "creating", "", digest_of(conflict), conflict.occurrences, context.database.now())
    with context.database.transaction() as uow:
        uow.inbox.save(row)
    page_id = _send(shelf, row, {**cells, columns.STATE: columns.select_cell(columns.WAITING)})
    is_long = bool(long_texts(conflict))
    row = replace(row, state="open", page_id=page_id, occurrences=_UNWRITTEN if is_long else row.occurrences)
    with context.database.transaction() as uow:
        uow.inbox.save(row)
    if is_long:
        _update(shelf, row)


def _send(shelf: Shelf, row: InboxRow, cells: dict[str, Json]) -> str:
    """The new page's id. What is not known to have been made is looked for in the next reading."""
    context, place = shelf.context, shelf.place
    try:
        return context.workspace.create_page(place.data_source_id, columns.by_id(place, cells)).id
    except NotionUnavailable as lost:
        with context.database.transaction() as uow:
            if made := lost.committed_resource_id:
                uow.inbox.save(replace(row, state="open", page_id=made, occurrences=_UNWRITTEN, digest=""))
            elif not lost.may_have_committed:
                uow.inbox.remove(row.conflict_id)
        raise
    except NotionRejected:
        with context.database.transaction() as uow:
            uow.inbox.save(replace(row, state="refused"))
        raise


def _conflict(shelf: Shelf, conflict_id: int) -> tuple[ConflictRow, dict[str, Json]] | None:
    """An open conflict of a table of this configuration, with what its row shows."""
    with shelf.context.database.transaction() as uow:
        conflict = uow.conflicts.get(conflict_id)
        mapping = shelf.context.by_id.get(conflict.mapping) if conflict is not None else None
        if conflict is None or mapping is None or conflict.status != "open":
            return None
        record = uow.records.by_id([conflict.record_id]).get(conflict.record_id)
    return conflict, cells_of(conflict, mapping.name, record.page_id if record is not None else "")
