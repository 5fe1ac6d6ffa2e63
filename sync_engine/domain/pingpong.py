"""Ping-pong: each side changes back what the other wrote, so that a field flips between two values for ever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sync_engine.domain.events import Side
from sync_engine.domain.values import Value

FLIPS = 6
"""Writes in a row, to one side and the other in turn, after which a field counts as flipping."""

WITHIN = timedelta(hours=1)
"""How far back writes are looked at: three there-and-backs, also of a pass every ten minutes."""

Written = tuple[Side, Value]
"""A value of one field that the engine wrote to a side, in Notion's weaker form."""


def flips(writes: Sequence[Written]) -> int:
    """How many of the last writes went to the sides in turn, each side getting the same value again and again.

    A person who changes their mind writes on one side; two people who disagree write different things, or stop.
    """
    seen: dict[Side, Value] = {}
    count = 0
    previous: Side | None = None
    for side, value in reversed(writes):
        if side is previous or seen.setdefault(side, value) != value:
            break
        previous = side
        count += 1
    return 0 if seen.get(Side.POSTGRES) == seen.get(Side.NOTION) else count


def is_flipping(writes: Sequence[Written], next_value: Value) -> bool:
    """Whether writing `next_value` to Postgres would only be the next turn of a field that flips."""
    if flips(writes) < FLIPS:
        return False
    return writes[-1][0] is Side.NOTION and writes[-2][1] == next_value
