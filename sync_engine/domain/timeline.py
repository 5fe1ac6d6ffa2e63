"""Timeline: what the log tells of rows and pages, folded event by event up to any moment. Pure.

It knows only the log: nothing of bases, decisions or links that no event has told. The engine's own fold
(`domain/fold.py`) asks what a change means for the record; this one asks what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.ordering import visible_in
from sync_engine.domain.values import JsonObject

_GONE = (Op.DELETE, Op.TRUNCATE)


@dataclass(frozen=True, slots=True)
class RowThen:
    """A row as of some event: column images as captured, and whether it was there. `txid` is that of the newest
    change, which a backfill read later never undoes."""

    image: JsonObject = field(default_factory=dict)
    exists: bool = False
    txid: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class PageThen:
    """A page as of some event: canonical values of its fields, and whether it was there, not in the trash."""

    page_id: str
    key: str = ""
    values: JsonObject = field(default_factory=dict)
    exists: bool = False
    seq: int = 0


_NO_ROW = RowThen()


def row_after(row: RowThen, event: ChangeEvent) -> RowThen:
    """The row after one Postgres event of its key."""
    if event.snapshot and row.txid and not visible_in(row.txid, event.snapshot):
        return _beneath(row, event)
    if event.op in _GONE:
        return RowThen(txid=event.txid, seq=event.seq)
    told = event.after or {}
    if event.op is Op.SNAPSHOT:
        return RowThen(told, True, row.txid, event.seq)
    image = told if event.op is Op.INSERT else {**row.image, **told}
    return RowThen(image, True, event.txid, event.seq)


def _beneath(row: RowThen, event: ChangeEvent) -> RowThen:
    """What was read under a snapshot that does not see the row's newest change lies beneath it, not above it."""
    if not row.exists or event.op is not Op.SNAPSHOT:
        return row
    return RowThen({**(event.after or {}), **row.image}, True, row.txid, row.seq)


def page_after(page: PageThen, event: ChangeEvent) -> PageThen:
    """The page after one Notion event. What it held stays known while it is in the trash."""
    exists = event.op is not Op.DELETE
    shown = event.after if exists else event.before
    values = {**page.values, **(shown or {})}
    return PageThen(page.page_id, event.key or page.key, values, exists, event.seq)


class Timeline:
    """Rows by key and pages by id of one table, as far as the events folded until now tell.

    `rebases`: numbers from which on transaction ids begin anew (`ports.home.Homes.rebases`).
    """

    def __init__(self, rebases: Iterable[int] = ()) -> None:
        self._rebases = sorted(rebases)
        self.rows: dict[str, RowThen] = {}
        self.pages: dict[str, PageThen] = {}
        self.moved: dict[str, str] = {}
        self._page_of: dict[str, str] = {}

    def fold(self, event: ChangeEvent) -> None:
        """Take in the next event, in the order of seq."""
        while self._rebases and event.seq > self._rebases[0]:
            self._rebases.pop(0)
            self.rows = {key: replace(row, txid=0) for key, row in self.rows.items()}
        if event.source is Side.NOTION:
            self._fold_page(event)
        elif event.key:
            self._fold_row(event)
        elif event.op is Op.TRUNCATE:
            self.rows = {key: row_after(row, event) for key, row in self.rows.items()}

    def page_of(self, key: str) -> PageThen | None:
        """The page that carries this key, or carried it last."""
        return self.pages.get(self._page_of.get(key, ""))

    def unkeyed(self) -> Sequence[PageThen]:
        """The pages that have no record key yet, by id."""
        return [page for _, page in sorted(self.pages.items()) if not page.key]

    def names(self) -> Sequence[str]:
        """The keys of all rows, and of pages without a row, that were ever there."""
        return sorted(self.rows.keys() | self._page_of.keys())

    def _fold_row(self, event: ChangeEvent) -> None:
        before = event.old_key if event.old_key in self.rows else event.key
        row = row_after(self.rows.get(before, _NO_ROW), event)
        if before != event.key:
            self._move(before, event)
        self.rows[event.key] = row

    def _move(self, old_key: str, event: ChangeEvent) -> None:
        self.rows[old_key] = RowThen(txid=event.txid, seq=event.seq)
        self.moved[old_key] = event.key
        page_id = self._page_of.pop(old_key, "")
        if page_id:
            self._page_of[event.key] = page_id

    def _fold_page(self, event: ChangeEvent) -> None:
        page = page_after(self.pages.get(event.page_id, PageThen(event.page_id)), event)
        self.pages[event.page_id] = page
        if page.key:
            self._page_of[page.key] = event.page_id


def told(events: Iterable[ChangeEvent], rebases: Iterable[int] = ()) -> Timeline:
    """What these events tell, in the order of seq; `rebases` as for a Timeline."""
    timeline = Timeline(rebases)
    for event in sorted(events, key=lambda event: event.seq):
        timeline.fold(event)
    return timeline


def lineage(events: Iterable[ChangeEvent], key: str, pages: Sequence[str]) -> Sequence[ChangeEvent]:
    """The events, oldest first, of the record that has this key now: also those under the keys that it had before,
    and those of its pages; without those of other records that had one of these keys in the meantime."""
    found: list[ChangeEvent] = []
    name = key
    for event in sorted(events, key=lambda event: event.seq, reverse=True):
        if event.source is Side.NOTION:
            if event.page_id in pages:
                found.append(event)
        elif event.key == name:
            found.append(event)
            name = event.old_key or name
        elif event.old_key == name or not event.key:
            found.append(event)
    return found[::-1]
