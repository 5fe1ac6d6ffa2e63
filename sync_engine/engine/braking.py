"""Braking: before a pass writes, see whether it would delete or update too much of a table, and stop that."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.domain.brake import Stop, exceeds
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.context import Context
from sync_engine.ports.database import UnitOfWork

_WHERE = {Side.POSTGRES: "rows in Postgres", Side.NOTION: "pages in Notion"}


def stop_masses(
    context: Context,
    mappings: Sequence[TableMapping],
    sides: Sequence[Side],
    run_id: str,
    *,
    continuous: bool = False,
) -> list[Stop]:
    """Stop what is too much for one pass; returns all that waits behind the brake for these tables and sides.

    The records concerned are left alone by every pass until a person releases or discards them, or takes the
    change back on the side where it was made. Everything else goes on.
    """
    waiting: list[Stop] = []
    for mapping in mappings:
        with context.database.transaction() as uow:
            waiting += _stop(uow, mapping, sides, run_id, continuous=continuous)
    return waiting


def _stop(
    uow: UnitOfWork, mapping: TableMapping, sides: Sequence[Side], run_id: str, *, continuous: bool
) -> Sequence[Stop]:
    uow.brakes.forget(mapping)
    masses = [mass for mass in uow.brakes.masses(mapping) if mass.side in sides]
    if masses:
        linked = uow.records.counts(mapping.id).linked
        for mass in masses:
            if exceeds(mass, mapping.brake, linked, continuous=continuous):
                uow.brakes.stop(mapping, mass.side, mass.kind, run_id)
    return [stop for stop in uow.brakes.stops(mapping.id) if stop.side in sides]


def told(stops: Sequence[tuple[str, Stop]]) -> str:
    """What waits, by table, in words: `59 deletes in agents (pages in Notion)`."""
    return ", ".join(f"{stop.count} {stop.kind}s in {table} ({_WHERE[stop.side]})" for table, stop in stops)
