"""The journal: every effect of the engine, with the values before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from sync_engine.domain.events import Side
from sync_engine.domain.values import JsonObject


class ChangeStatus(Enum):
    """State of a journal entry."""

    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"


class ChangeOp(Enum):
    """What was done to one side; ADOPT and AGREE write nothing to a side but move the base."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CREATE = "create"
    TRASH = "trash"
    RESTORE = "restore"
    ADOPT = "adopt"
    AGREE = "agree"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One applied (or intended) change: the rollback record.

    `before` and `after` are canonical values of the fields concerned (all mapped fields for insert, create,
    delete and trash; None where the record did not exist). `cause` is the event op that led to it (`snapshot`,
    `insert`, `update`, ...), `seqs` the events behind it. `redacted` are fields whose values were taken out.
    """

    run_id: str
    side: Side
    mapping: int
    record_id: int
    key: str
    page_id: str
    op: ChangeOp
    before: JsonObject | None
    after: JsonObject | None
    cause: str = ""
    seqs: tuple[int, ...] = ()
    id: int = 0
    status: ChangeStatus = ChangeStatus.INTENT
    error: str = ""
    at: datetime | None = None
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which entries `find` returns. Empty or None fields do not filter; `after_id` is exclusive, `up_to` not."""

    run_id: str = ""
    mapping: int | None = None
    key: str = ""
    record_id: int | None = None
    after_id: int = 0
    up_to: int | None = None
    status: ChangeStatus | None = None


class Journal(Protocol):
    """`sync_changes`: intent before the effect, result after it."""

    def intend(self, entries: Sequence[JournalEntry]) -> Sequence[JournalEntry]:
        """Write entries (any status) and return them with ids and times, in order."""
        ...

    def finish(self, entries: Sequence[JournalEntry]) -> None:
        """Update status, after, page_id, key, record_id and error of entries by id."""
        ...

    def find(self, wanted: JournalFilter) -> Iterator[JournalEntry]:
        """Matching entries by id, streamed."""
        ...

    def updates(self, mapping: int, keys: Sequence[str], since: datetime) -> Sequence[JournalEntry]:
        """Updates of these records that were done since then, to either side, and notes (AGREE), by id."""
        ...

    def position(self) -> int:
        """The highest entry id (0 when empty)."""
        ...
