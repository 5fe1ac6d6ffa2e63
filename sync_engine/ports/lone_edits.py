"""Lone edits: rows that were edited in Postgres and nothing else happened to, taken back where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sync_engine.domain.mapping import TableMapping


@dataclass(frozen=True, slots=True)
class LoneEdits:
    """Which: records of the mapping that are in sync but for edits of their row, all of them events after `seq`,
    of these fields, and to which the engine has done nothing after the journal's entry `change_id`.

    The fields' codecs are plain (`is_plain`), and the mapping's key is one column.
    """

    mapping: TableMapping
    fields: tuple[str, ...]
    seq: int
    change_id: int


@dataclass(frozen=True, slots=True)
class TakenRows:
    """Rows that hold again what they held, by record id and key, and which fields were put back."""

    mapping: TableMapping
    fields: tuple[str, ...]
    records: Sequence[tuple[int, str]]


class LoneEditsTaker(Protocol):
    """Takes back many rows by statements over all of them."""

    def take_back(self, edits: LoneEdits, run_id: str) -> Sequence[TakenRows]:
        """Give the rows their base back, journal it, and move the records, in the caller's transaction.

        Each row is written only if it still holds what its record says. A row that is not taken, for that or any
        reason of its own, is left untouched with its record, for the way of single rows, which tells the reason.
        Raises psycopg.Error when the cause is not a row, as `Rows.write` does.
        """
        ...
