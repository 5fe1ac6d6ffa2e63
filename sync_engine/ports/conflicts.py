"""Conflicts: fields that both sides changed, and the versions of the rules that decided them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value

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
