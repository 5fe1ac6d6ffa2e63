"""The inbox as a pass uses it: read what people chose, and afterwards show what is open."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.engine.context import Context
from sync_engine.engine.inbox.choices import read_inbox
from sync_engine.engine.inbox.rows import Shelf, write_rows
from sync_engine.engine.inbox.trouble import note_trouble
from sync_engine.errors import NotionRejected


@dataclass(frozen=True, slots=True)
class ConflictInbox:
    """Implements `engine.context.ReviewInbox`. `most`: rows on show at once."""

    most: int

    def read(self, context: Context, run_id: str, *, full: bool) -> int:
        """Carry out what people chose since the last poll; returns how many choices there were."""
        with context.database.transaction() as uow:
            place = uow.inbox.place()
        if place is None:
            return 0
        try:
            return read_inbox(context, place, run_id, full=full)
        except NotionRejected as refused:
            note_trouble(context, refused.message)
            raise

    def show(self, context: Context, at_once: int | None = None) -> bool:
        """Bring the rows up to date, `at_once` at most; returns whether more is left to do at once."""
        with context.database.transaction() as uow:
            place = uow.inbox.place()
        # Before its first complete reading nobody knows which rows an earlier installation left in it.
        if place is None or place.polled_until is None:
            return False
        try:
            more = write_rows(Shelf(context, place, self.most, at_once or 2 * self.most))
        except NotionRejected as refused:
            note_trouble(context, refused.message)
            raise
        if place.trouble:
            note_trouble(context, "")
        return more
