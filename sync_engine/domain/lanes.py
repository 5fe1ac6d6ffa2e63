"""Lanes of the request budget: whose turn it is when several callers wait."""

from __future__ import annotations

from enum import IntEnum


class Lane(IntEnum):
    """A lower number goes first. `INTERACTIVE` is a person's edit; `BACKFILL` also spreads its requests evenly,
    so that a slot for a person comes free every moment instead of once a minute."""

    INTERACTIVE = 0
    REPAIR = 1
    BACKFILL = 2
