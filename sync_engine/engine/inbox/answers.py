"""Carry out what a person chose in a row of the inbox, or say in the row why not."""

from __future__ import annotations

import json
import logging
from math import isfinite

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.values import Json
from sync_engine.engine.context import Context
from sync_engine.engine.inbox import columns
from sync_engine.engine.inbox.pages import written
from sync_engine.engine.review.conflicts import Keep, decide_under_lock
from sync_engine.errors import (
    ConstraintRejected,
    DatabaseError,
    LockHeld,
    NotionError,
    NotionRejected,
    SchemaChanged,
    SyncEngineError,
    UsageError,
)
from sync_engine.ports.conflicts import ConflictRow
from sync_engine.ports.inbox import InboxPlace
from sync_engine.ports.workspace import Page

_KEEPS: dict[str, Keep] = {
    columns.KEEP_POSTGRES: "postgres",
    columns.KEEP_NOTION: "notion",
    columns.KEEP_BOTH: "both-merged",
}

VALUE_WANTED = "Edit was chosen, but Value is empty: write there what both sides shall hold."

_log = logging.getLogger(__name__)


def answer(context: Context, place: InboxPlace, page_id: str, told: str, state: str = columns.ASKED_AGAIN) -> None:
    """Say in the row why the choice was not applied, and take the choice back, so that it is made anew."""
    cells: dict[str, Json] = {
        columns.ANSWER: columns.text_cell(told),
        columns.KEEP: columns.select_cell(None),
        columns.STATE: columns.select_cell(state),
    }
    written(context, place, page_id, cells)


def decide_as_chosen(context: Context, place: InboxPlace, page: Page, conflict: ConflictRow, run_id: str) -> None:
    """Decide the conflict as the row says, in the name of the person who edited it last.

    What cannot be done is said in the row. Raises what no choice can mend: an outage, a lost lease, a table that
    was altered.
    """
    choice = columns.chosen(place, page)
    try:
        keep, value = _KEEPS.get(choice), None
        if choice == columns.KEEP_OWN:
            written_value = columns.text_in(place, page, columns.OWN_VALUE)
            if not written_value:
                _ask_for_value(context, place, page)
                return
            value = value_of(written_value, conflict)
        elif keep is None:
            raise UsageError(f"{choice!r} is none of {', '.join(columns.CHOICES)}")
        decide_under_lock(
            context, conflict.id, keep=keep, value=value, who=_who(page), run_id=run_id, as_shown=True
        )
    except FieldError as error:
        _refuse(context, place, page, str(error))
        return
    except SyncEngineError as error:
        if _is_trouble(error):
            raise
        _refuse(context, place, page, error.message)
        return
    _log.info("conflict %d was decided in the inbox", conflict.id, extra={"event": "inbox_decided"})


def _refuse(context: Context, place: InboxPlace, page: Page, why: str) -> None:
    answer(context, place, page.id, f"Not applied: {why}. Nothing was changed; choose again.")


def value_of(text: str, conflict: ConflictRow) -> Json:
    """The value that a person wrote: the text itself for a field of texts, else JSON. Raises UsageError."""
    there = [value for value in (conflict.postgres.value, conflict.notion.value) if value is not None]
    if there and all(isinstance(value, str) for value in there):
        return text
    try:
        value: Json = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except ValueError as error:
        kind = type(there[0]).__name__ if there else "value"
        raise UsageError(f"Value is not written as JSON, as this field needs it ({kind}): {error}") from error
    return value


def _finite(number: str) -> float:
    if not isfinite(found := float(number)):
        raise ValueError(f"{number} is no number of JSON")
    return found


def _ask_for_value(context: Context, place: InboxPlace, page: Page) -> None:
    """Somebody is about to write it: the choice stays."""
    written(context, place, page.id, {columns.ANSWER: columns.text_cell(VALUE_WANTED)})


def _who(page: Page) -> str:
    author = page.last_edited_by
    if author.is_self or not (author.name or author.id):
        return "somebody in the Notion inbox"
    return author.name or f"Notion user {author.id}"


def _is_trouble(error: SyncEngineError) -> bool:
    if isinstance(error, ConstraintRejected | NotionRejected):
        return False
    return isinstance(error, DatabaseError | NotionError | LockHeld | SchemaChanged)
