"""The engine's own state: mappings, records, journal, conflicts, held records, runs and marks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from sync_engine.domain.events import Side
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value


@dataclass(frozen=True, slots=True)
class Registration:
    """What the engine remembers of a mapping between runs.

    `fields` is JSON by field name: `{"number": attnum, "column": name, "column_type": ..., "former": [names],
    "property_id": ..., "type": ...}`.
    `backfilled`: every row that was there before capture is in the log. `recovering`: the database was restored,
    and no pass has read every page since: deletes wait for a person. `where` is the row filter as
    written when it was set up, `row_filter` what Postgres made of it; `filter_due`: no pass has asked it of every
    row yet. `matched`: rows and pages that existed apart were matched once. `key_numbers`: of
    the columns by which the records are known; empty: not noted yet. `polled_until`: lower bound of the next poll
    of Notion (the time by Notion's own clock when the last complete poll began), None before the first.
    """

    id: int
    name: str
    schema: str
    table: str
    oid: int
    database_id: str = ""
    data_source_id: str = ""
    key_property_id: str = ""
    fields: JsonObject = field(default_factory=dict)
    backfilled: bool = False
    recovering: bool = False
    where: str = ""
    row_filter: str = ""
    filter_due: bool = False
    matched: bool = False
    key_numbers: tuple[int, ...] = ()
    polled_until: datetime | None = None
    last_full_scan: datetime | None = None
    last_sync: datetime | None = None


class Registrations(Protocol):
    """Mappings as registered by `setup`."""

    def all(self) -> Sequence[Registration]:
        """All of them, by id."""
        ...

    def save(self, registration: Registration) -> Registration:
        """Insert (id 0) or update by id; returns it with its id."""
        ...


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


ConflictStatus = Literal["open", "auto", "resolved", "swapped"]


@dataclass(frozen=True, slots=True)
class SideValue:
    """One side of a conflict: value, when, by whom, from which event."""

    value: Value
    at: Interval | None
    actor: JsonObject
    seq: int = 0


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One conflict, kept with both values while it is open, and for a while after.

    `status`: `auto` = decided by policy, loser kept; `open` = waits for a person; `resolved` = a person chose;
    `swapped` = the loser was swapped in. `winner` is a side's name, `merged`, or empty while open.
    """

    mapping: int
    record_id: int
    key: str
    field: str
    type: str
    status: ConflictStatus
    base: Value
    postgres: SideValue
    notion: SideValue
    winner: str
    reason: str
    policy: str
    run_id: str
    policy_version: int = 0
    occurrences: int = 1
    id: int = 0
    detected_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str = ""


class PolicyVersion(NamedTuple):
    """The rules of a mapping by which conflicts were decided, and when a conflict first met them."""

    version: int
    since: datetime
    rules: JsonObject


class Conflicts(Protocol):
    """`sync_conflicts`."""

    def add(self, conflicts: Sequence[ConflictRow]) -> Sequence[ConflictRow]:
        """Store; one open conflict per record and field: a repeat updates it and counts the occurrence."""
        ...

    def get(self, conflict_id: int) -> ConflictRow | None:
        """One conflict, or None."""
        ...

    def find(
        self, statuses: Sequence[ConflictStatus], mapping: int | None = None, record: int | None = None
    ) -> Sequence[ConflictRow]:
        """Those with one of the statuses, by id."""
        ...

    def update(self, conflict: ConflictRow) -> None:
        """Store status, winner, reason and who resolved it."""
        ...

    def count_open(self, mapping: int | None = None) -> int:
        """Conflicts with status `open`."""
        ...

    def forget(self, older_than: timedelta) -> int:
        """Forget conflicts that were closed so long ago, never an open one, nor one whose record has something
        left to carry across; returns how many."""
        ...

    def policy_version(self, mapping: int, rules: JsonObject) -> int:
        """The version of these rules, counted from 1; rules that are not the mapping's newest become a new one."""
        ...

    def policy(self, mapping: int, version: int) -> PolicyVersion | None:
        """That version, or None; 0 is what was decided before versions were kept."""
        ...


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record that cannot be applied; its later changes wait behind it."""

    record_id: int
    mapping: int
    key: str
    side: Side
    op: str
    reason: str
    constraint: str = ""
    waiting_for: str = ""
    attempts: int = 1
    id: int = 0
    since: datetime | None = None


class Held(Protocol):
    """`sync_held`: at most one entry a record."""

    def hold(self, held: HeldRecord) -> None:
        """Hold the record, or count another attempt with the newest reason."""
        ...

    def release(self, record_ids: Sequence[int]) -> None:
        """Let records go on."""
        ...

    def of(self, record_ids: Sequence[int]) -> Sequence[HeldRecord]:
        """Those of these records that are held, by id."""
        ...

    def find(self, mapping: int | None = None) -> Sequence[HeldRecord]:
        """By id."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command that may change something."""

    run_id: str
    kind: str
    started_at: datetime
    options: JsonObject
    finished_at: datetime | None = None
    status: str = "running"
    summary: JsonObject = field(default_factory=dict)


class Runs(Protocol):
    """`sync_runs`."""

    def start(self, run: Run) -> None:
        """Store a running run."""
        ...

    def finish(self, run: Run) -> None:
        """Store its end."""
        ...

    def get(self, run_id: str) -> Run | None:
        """By full id or unambiguous prefix; None when there is none."""
        ...

    def running(self) -> Sequence[Run]:
        """Those without an end, oldest first: under way, or cut short by a kill."""
        ...

    def recent(self, limit: int) -> Sequence[Run]:
        """Newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """A named position across both sides: exact in Postgres, as observed in Notion."""

    name: str
    at: datetime
    seq: int
    snapshot: str
    change_id: int
    protected: bool = False


class Marks(Protocol):
    """`sync_marks`."""

    def create(self, mark: Mark) -> None:
        """Store. Raises UsageError when the name is taken."""
        ...

    def get(self, name: str) -> Mark | None:
        """By name."""
        ...

    def all(self) -> Sequence[Mark]:
        """By time."""
        ...

    def delete(self, name: str) -> None:
        """Remove. Raises UsageError when it is protected or missing."""
        ...
