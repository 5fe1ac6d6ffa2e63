"""The records in memory, with undo until commit; a commit hands the changed records to the file, if any.

One request is one unit: it changes records through `put` and `delete`, sees its own changes, and ends in
`commit` or `rollback`. The gateway runs one request at a time, so there are no concurrent units.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar, cast

from sync_engine.sandbox.indexes import Indexes, PageOrder
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import (
    Block,
    Comment,
    Database,
    DataSource,
    Page,
    Record,
    Setting,
    Token,
    Upload,
    User,
)

R = TypeVar("R", User, Token, Database, DataSource, Page, Block, Comment, Upload, Setting)
Key = tuple[type[Record], str]

KINDS: tuple[type[Record], ...] = (Setting, User, Token, Database, DataSource, Page, Block, Comment, Upload)


class Keeper(Protocol):
    """Where committed records outlive the process."""

    def load(self) -> Iterable[Record]:
        """Return every kept record."""

    def save(self, changed: Iterable[Record], gone: Iterable[Key]) -> None:
        """Keep the changed records and forget the gone ones, all or nothing."""

    def close(self) -> None:
        """Let go of the file."""


class Store:
    """All records of the workspace, by kind and id."""

    def __init__(self, keeper: Keeper | None = None) -> None:
        self._keeper = keeper
        self._tables: dict[type[Record], dict[str, Record]] = {kind: {} for kind in KINDS}
        self._undo: dict[Key, Record | None] = {}
        self._indexes = Indexes()
        self._previous: dict[str, Page] = {}
        self.sequence = 0
        for record in keeper.load() if keeper else ():
            self._set(record)
            self.sequence = max(self.sequence, _sequence_of(record))

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return a record, or None."""
        return cast("R | None", self._tables[kind].get(record_id))

    def take(self, kind: type[R], record_id: str) -> R:
        """Return a record that must exist; a KeyError is a defect of the sandbox."""
        return cast(R, self._tables[kind][record_id])

    def page(self, page_id: str) -> Page:
        """Return a page that must exist."""
        return self.take(Page, page_id)

    def every(self, kind: type[R]) -> list[R]:
        """Return all records of a kind, oldest first."""
        return cast("list[R]", list(self._tables[kind].values()))

    def setting(self, name: str) -> Json:
        """Return a setting's value, or None."""
        found = self.find(Setting, name)
        return found.value if found else None

    def order(self, data_source_id: str) -> PageOrder:
        """Return the pages of a data source in their orders."""
        return self._indexes.pages(data_source_id)

    def children(self, kind: type[R], parent_id: str) -> list[R]:
        """Return the records of a kind directly under a parent, in no order."""
        return [self.take(kind, found) for held, found in self._indexes.children(parent_id) if held is kind]

    def as_of(self, page: Page, moment: int) -> Page | None:
        """Return a page as it was at a time in milliseconds, as far back as one change; None: not there yet."""
        if page.touched <= moment:
            return page
        before = self._previous.get(page.id)
        return before if before is not None and before.touched <= moment else None

    def next_sequence(self) -> int:
        """Return a number larger than any before."""
        self.sequence += 1
        return self.sequence

    def put(self, record: Record) -> None:
        """Add or replace a record; seen at once, kept at commit."""
        key = (type(record), record.id)
        self._undo.setdefault(key, self._tables[type(record)].get(record.id))
        self._set(record)

    def delete(self, kind: type[Record], record_id: str) -> None:
        """Forget a record; seen at once, kept at commit."""
        old = self._tables[kind].get(record_id)
        if old is None:
            return
        self._undo.setdefault((kind, record_id), old)
        self._unset(kind, record_id)

    def commit(self) -> bool:
        """End the unit and keep its changes. Return whether there were any."""
        if not self._undo:
            return False
        keys, self._undo = list(self._undo), {}
        if self._keeper:
            held = [(key, self._tables[key[0]].get(key[1])) for key in keys]
            self._keeper.save([r for _, r in held if r is not None], [k for k, r in held if r is None])
        return True

    def rollback(self) -> None:
        """End the unit and take its changes back."""
        undo, self._undo = self._undo, {}
        for (kind, record_id), old in undo.items():
            if old is None:
                self._unset(kind, record_id)
            else:
                self._set(old)

    def close(self) -> None:
        """Close the file behind the store."""
        if self._keeper:
            self._keeper.close()

    def _set(self, record: Record) -> None:
        table = self._tables[type(record)]
        old = table.get(record.id)
        if old is not None:
            self._indexes.drop(old)
            if isinstance(old, Page) and isinstance(record, Page) and old.touched < record.touched:
                self._previous[old.id] = old
        table[record.id] = record
        self._indexes.add(record)

    def _unset(self, kind: type[Record], record_id: str) -> None:
        old = self._tables[kind].pop(record_id, None)
        if old is not None:
            self._indexes.drop(old)


def _sequence_of(record: Record) -> int:
    if isinstance(record, (Page, Database, Upload)):
        return record.seq
    return int(record.order) + 1 if isinstance(record, (Block, Comment)) else 0
