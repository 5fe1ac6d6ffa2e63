"""Rollbacks under way: how far each has come, so that a killed one is finished, or given up, by anybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sync_engine.domain.values import JsonObject

RollbackState = Literal["planned", "rows_done", "done", "partial", "aborted"]


@dataclass(frozen=True, slots=True)
class RollbackRow:
    """One rollback. `planned`: nothing is written yet; `rows_done`: Postgres is as it should be, Notion is not;
    `partial`: done, but some records refused. `undone` counts the records whose rows are as they should be."""

    rollback_id: str
    state: RollbackState
    selection: JsonObject
    started_at: datetime
    undone: int = 0


@dataclass(frozen=True, slots=True)
class StepRow:
    """What is still to be done in Notion for one record; `remedy` is the value of a `Remedy`."""

    record_id: int
    mapping: int
    remedy: str


class Rollbacks(Protocol):
    """`sync_rollbacks` and their steps."""

    def begin(self, row: RollbackRow) -> None:
        """Store a rollback before anything is written."""
        ...

    def get(self, rollback_id: str) -> RollbackRow | None:
        """By full id or unambiguous prefix; None when there is none."""
        ...

    def unfinished(self) -> Sequence[RollbackRow]:
        """Those that are `planned` or `rows_done`, oldest first."""
        ...

    def rows_done(self, rollback_id: str, steps: Sequence[StepRow], undone: int) -> None:
        """The rows are as they should be, and this is left to do: in the transaction that wrote them."""
        ...

    def steps(self, rollback_id: str, remedies: Collection[str]) -> Sequence[StepRow]:
        """What is left to do by these remedies, in the order given."""
        ...

    def steps_done(self, rollback_id: str, remedies: Collection[str]) -> None:
        """Nothing more is to be done by these remedies."""
        ...

    def end(self, rollback_id: str, state: RollbackState) -> None:
        """It is over; steps that are left are forgotten."""
        ...
