"""What waits behind the mass-change brake, and what a person let go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sync_engine.domain.brake import BrakeKind, Mass, Stop
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping


class Brakes(Protocol):
    """`sync_braked`: at most one entry a record. A stopped record is left alone; an approved one goes on."""

    def masses(self, mapping: TableMapping) -> Sequence[Mass]:
        """What waits to be deleted or updated, by side and kind; not what a person approved, nor what is held."""
        ...

    def stop(self, mapping: TableMapping, side: Side, kind: BrakeKind, run_id: str) -> None:
        """Stop all that `masses` counts under that side and kind."""
        ...

    def forget(self, mapping: TableMapping) -> None:
        """Drop entries whose change is not there any more: it was applied, or taken back by a person."""
        ...

    def stops(self, mapping: int | None = None) -> Sequence[Stop]:
        """What waits, by mapping, side and kind."""
        ...

    def stopped(self, stop: Stop, limit: int | None = None) -> Sequence[int]:
        """Ids of the stopped records, oldest records first."""
        ...

    def approve(self, record_ids: Sequence[int]) -> None:
        """Let stopped records go on, whatever their table's policy says about deletes."""
        ...

    def approve_delete(self, mapping: int, record_id: int, side: Side, *, cascades: bool) -> None:
        """Let the delete of a record that was never stopped go on: a person released it from its hold, which
        said (`cascades`) that it takes rows of tables along that are not synced."""
        ...

    def approved_cascades(self, record_ids: Sequence[int]) -> frozenset[int]:
        """Those of these records whose delete may take such rows along: a person was told and let it go on."""
        ...

    def approved(self, record_ids: Sequence[int]) -> frozenset[int]:
        """Those of these records that a person let go on."""
        ...

    def drop(self, record_ids: Sequence[int]) -> None:
        """Forget entries of records whose change was discarded."""
        ...
