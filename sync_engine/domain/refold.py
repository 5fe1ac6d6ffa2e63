"""Refold: the log from its beginning, with the engine's own fold and nothing that the engine remembers. Pure.

Rows and pages are folded apart, each from an empty base, so all that a side holds is pending in the result. What
the engine remembers beside that (bases, links, decisions) says how the sides belong together, not what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sync_engine.domain.events import ChangeEvent, Op, Side, is_rebase
from sync_engine.domain.fold import fold_among, fold_page_values, fold_row_event
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import PendingChange, Presence, Record


class Refold:
    """Rows by (mapping, key) and pages by page id, as the events folded until now leave them. `events` counts."""

    def __init__(self, mappings: Mapping[int, TableMapping]) -> None:
        self._mappings = mappings
        self._owners: dict[int, dict[str, list[Record]]] = {mapping: {} for mapping in mappings}
        self.pages: dict[str, Record] = {}
        self.moved: dict[tuple[str, str], str] = {}
        self.events = 0
        self._redacted: set[tuple[int, str, str]] = set()

    def is_redacted(self, mapping: int, name: str, field: str) -> bool:
        """Whether what the log told of a field of the row with this key, or page with this id, was taken out."""
        return (mapping, name, field) in self._redacted

    def fold(self, event: ChangeEvent) -> None:
        """Take in the next event, in the order of seq. Events of tables that are not mapped only count."""
        self.events += 1
        if is_rebase(event):
            self._forget_transactions()
        mapping = self._mappings.get(event.mapping)
        if mapping is None:
            return
        if event.redacted or self._redacted:
            self._note_redacted(event, mapping)
        if event.source is Side.NOTION:
            self._fold_page(event, mapping)
        elif event.key:
            self._fold_row(event, mapping)
        else:
            for owners in self._owners[mapping.id].values():
                if owners and owners[-1].has_row:
                    owners[-1] = fold_row_event(owners[-1], event, mapping)

    def rows(self, mapping: int) -> Mapping[str, Record]:
        """The row that has, or had last, each key."""
        return {key: owners[-1] for key, owners in self._owners[mapping].items() if owners}

    def key_now(self, table: str, key: str) -> str:
        """The present key of the record that had this key when it was told."""
        seen = {key}
        while (table, key) in self.moved and self.moved[table, key] not in seen:
            key = self.moved[table, key]
            seen.add(key)
        return key

    def _note_redacted(self, event: ChangeEvent, mapping: TableMapping) -> None:
        is_page = event.source is Side.NOTION
        names = {mapping.by_column[name].name for name in event.redacted if name in mapping.by_column}
        names = {*event.redacted} if is_page else names
        if event.old_key and event.old_key != event.key:
            names |= {field for item, key, field in self._redacted if (item, key) == (mapping.id, event.old_key)}
        self._redacted |= {(mapping.id, event.page_id if is_page else event.key, name) for name in names}

    def _forget_transactions(self) -> None:
        for keyed in self._owners.values():
            for owners in keyed.values():
                owners[:] = [replace(owner, postgres_txid=0) for owner in owners]

    def _fold_row(self, event: ChangeEvent, mapping: TableMapping) -> None:
        fold_among(self._owners[mapping.id], event, mapping)
        if event.old_key and event.old_key != event.key:
            self.moved[mapping.name, event.old_key] = event.key

    def _fold_page(self, event: ChangeEvent, mapping: TableMapping) -> None:
        page = self.pages.get(event.page_id) or Record(0, mapping.id, event.key, event.page_id)
        told = {
            name: PendingChange(value, event.occurred, event.actor, event.seq, event.origin)
            for name, value in (event.after or {}).items()
            if name in mapping.by_name
        }
        if event.op is Op.DELETE:
            self.pages[event.page_id] = replace(page, notion_presence=Presence.GONE)
        else:
            folded = fold_page_values(page, told, mapping)
            self.pages[event.page_id] = replace(folded, notion_presence=Presence.PRESENT)
