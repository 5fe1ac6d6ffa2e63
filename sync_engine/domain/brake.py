"""The mass-change brake: how much of a table may be deleted or updated before a person is asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import Brake

BrakeKind = Literal["delete", "update"]


@dataclass(frozen=True, slots=True)
class Mass:
    """What waits to be done to one side of a table. `count` has nothing that a person already let go on.

    `stopped` of them wait behind the brake already. `largest`: the most that one transaction of Postgres did.
    """

    side: Side
    kind: BrakeKind
    count: int
    stopped: int = 0
    largest: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """What waits behind the brake: to which side of which table, how many, since when, found by which run."""

    mapping: int
    side: Side
    kind: BrakeKind
    count: int
    since: datetime
    run_id: str


def allowance(brake: Brake, records: int) -> int:
    """How many of a table's records one pass may delete or update: the share, and always the minimum."""
    return max(brake.minimum, int(brake.share * records))


def update_allowance(brake: Brake, records: int) -> int:
    """As `allowance`, for updates, which may have a share of their own."""
    share = brake.share if brake.update_share is None else brake.update_share
    return max(brake.minimum, int(share * records))


def exceeds(mass: Mass, brake: Brake, linked: int, *, continuous: bool = False) -> bool:
    """Whether the mass has to wait for a person. `linked`: records that are on both sides.

    Deletes count with those that wait already: the second half of a mass delete does not slip through. Updates
    count alone, so that everyday edits go on beside a stopped mass. In a `continuous` run rows wait for Notion's
    budget all the time; what counts as one change of many rows there is one transaction.
    """
    if mass.kind == "delete":
        return mass.count > allowance(brake, linked + mass.count)
    fresh = mass.count - mass.stopped
    if continuous and mass.side is Side.NOTION:
        fresh = min(fresh, mass.largest)
    return fresh > update_allowance(brake, linked)
