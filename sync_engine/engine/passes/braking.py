"""Braking: before a pass writes, see whether it would delete or update too much of a table, and stop that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sync_engine.domain.brake import Stop, exceeds
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import JsonObject
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
        recovering = _is_recovering(uow, mapping)
        for mass in masses:
            if (recovering and mass.kind == "delete") or exceeds(
                mass, mapping.brake, linked, continuous=continuous
            ):
                uow.brakes.stop(mapping, mass.side, mass.kind, run_id)
    return [stop for stop in uow.brakes.stops(mapping.id) if stop.side in sides]


def _is_recovering(uow: UnitOfWork, mapping: TableMapping) -> bool:
    """Whether the database was restored and not every page was read since: what seems to be deleted on one side
    may be what the restore brought back on the other."""
    return any(item.recovering for item in uow.registrations.all() if item.id == mapping.id)


def end_recovery(uow: UnitOfWork, mapping: TableMapping) -> None:
    """Every page was read after a restore: all that would be deleted waits for a person, and what is deleted from
    now on is an everyday delete again."""
    for registration in uow.registrations.all():
        if registration.id == mapping.id and registration.recovering:
            uow.brakes.forget(mapping)
            for mass in uow.brakes.masses(mapping):
                if mass.kind == "delete":
                    uow.brakes.stop(mapping, mass.side, mass.kind, "")
            uow.registrations.save(replace(registration, recovering=False))


def rehearsed_stops(context: Context, stops: Sequence[Stop]) -> list[JsonObject]:
    """What the brake stopped, record by record, as lines of a dry run's plan."""
    lines: list[JsonObject] = []
    for stop in stops:
        mapping = context.by_id[stop.mapping]
        with context.database.transaction() as uow:
            records = uow.records.by_id(uow.brakes.stopped(stop))
        for _, record in sorted(records.items()):
            changed = sorted(record.pending(stop.side.other)) if stop.kind == "update" else []
            lines.append(
                {
                    "table": mapping.name,
                    "key": record.key,
                    "side": stop.side.value,
                    "op": "trash" if stop.kind == "delete" and stop.side is Side.NOTION else stop.kind,
                    "fields": [*changed],
                    "braked": True,
                }
            )
    return lines


def told(stops: Sequence[tuple[str, Stop]]) -> str:
    """What waits, by table, in words: `59 deletes in agents (pages in Notion)`."""
    return ", ".join(f"{stop.count} {stop.kind}s in {table} ({_WHERE[stop.side]})" for table, stop in stops)
