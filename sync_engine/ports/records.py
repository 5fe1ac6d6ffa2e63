"""Records: what is known of each row and page that are the same thing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync_engine.domain.record import PendingChange, Record


@dataclass(frozen=True, slots=True)
class RowEdit:
    """What one update of a row told: see `told_by_edit` in `domain/fold.py`."""

    key: str
    seq: int
    txid: int
    changes: Mapping[str, PendingChange]


class Records(Protocol):
    """`sync_records`."""

    def by_key(self, mapping: int, keys: Sequence[str]) -> Mapping[str, Record]:
        """Live records by key (a tombstoned incarnation is not live once a newer one exists)."""
        ...

    def incarnations(self, mapping: int, keys: Sequence[str]) -> Mapping[str, Sequence[Record]]:
        """Every record that has one of these keys, by key, the live one last."""
        ...

    def by_page(self, mapping: int, page_ids: Sequence[str]) -> Mapping[str, Record]:
        """Records by page id."""
        ...

    def by_id(self, ids: Sequence[int]) -> Mapping[int, Record]:
        """Records by id, which stays when the key changes."""
        ...

    def page_ids(self, mapping: int, keys: Sequence[str]) -> Mapping[str, str]:
        """Page id by record key, for the records that have a page that is present."""
        ...

    def keys(self, page_ids: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """(mapping, record key) by page id, for the records that have a key."""
        ...

    def open(
        self, mapping: int, after_id: int, limit: int, among: Sequence[int] | None = None
    ) -> Sequence[Record]:
        """Records that are not quiet and that no hold blocks, with `id > after_id`, by id; only `among` these ids.

        A hold of one field (`op` is `field`) or one that waits for another record (`waiting_for`) does not block.
        """
        ...

    def scan(self, mapping: int) -> Iterator[Record]:
        """All records of the mapping, by id, streamed."""
        ...

    def unsettled(self, mapping: int, since_seq: int) -> Iterator[Record]:
        """Records that are not quiet, held or braked ones too, and those whose last row was deleted by an event
        after `since_seq`; by id, streamed."""
        ...

    def unlinked(self, mapping: int) -> Sequence[Record]:
        """Records that have a row and never had a page, or a page and no row yet, held or not; by id."""
        ...

    def remove(self, ids: Sequence[int]) -> None:
        """Take records away that became part of another one."""
        ...

    def save(self, records: Sequence[Record]) -> Sequence[Record]:
        """Insert (id 0) or update by id, in one statement a batch; returns them with ids, in order.

        Records may hand their keys on to each other within the call.
        """
        ...

    def fold(self, mapping: int, edits: Sequence[RowEdit]) -> Collection[str]:
        """Fold edits, one a key, where the records are; returns the keys of those that were folded.

        The others are for `fold_among`: they are held, their row was not there, or they know of a later change.
        """
        ...

    def unquiet(self, ids: Sequence[int]) -> Mapping[int, Record]:
        """Those of these records that are not quiet, by id."""
        ...

    def retarget(self, mapping: int, field: str, old_key: str, new_key: str) -> None:
        """A relation's target has a new key: bases and pending changes of Notion that name the old one follow."""
        ...

    def counts(self, mapping: int) -> RecordCounts:
        """Counters for `status`."""
        ...


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """`linked`: present on both sides. `open`: not quiet. `pages`: present in Notion."""

    linked: int
    open: int
    pages: int = 0
