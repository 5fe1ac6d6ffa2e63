"""Status: what is where, what is left to do, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.passes.gather import registrations_of
from sync_engine.engine.summary import stop_json
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.inbox import NOTE
from sync_engine.ports.lease import RUN, LeaseRow
from sync_engine.ports.registrations import Registration


def status(context: Context, requests_per_minute: int | None) -> JsonObject:
    """The document that `status --json` prints. Asks the database only. Raises NotSetUp.

    `backlog` counts records that are known to have something to carry across; edits that were not captured or
    polled yet are not known.
    """
    registrations = registrations_of(context)
    with context.database.transaction() as uow:
        tables: list[Json] = [
            _table(uow, mapping, registrations[mapping.id], requests_per_minute) for mapping in context.mappings
        ]
        conflicts = uow.conflicts.count_open()
        held = len(uow.held.find())
        brake: list[Json] = [
            stop_json(context.by_id[stop.mapping].name, stop)
            for stop in uow.brakes.stops()
            if stop.mapping in context.by_id
        ]
        inbox = _inbox(uow, context)
        runs = uow.runs.recent(1)
        lease = uow.leases.get(RUN)
        hints = uow.hints.count()
        requests = uow.requests.state()
    last = runs[0] if runs else None
    return {
        "tables": tables,
        "budget": {
            "requests_per_minute": requests_per_minute,
            "used": requests.used,
            "paused_seconds": round(requests.paused, 1),
        },
        **_to_go(tables, requests_per_minute),
        "open_conflicts": conflicts,
        "held": held,
        "inbox": inbox,
        "brake": brake,
        "run": _run(lease),
        "hints_waiting": hints,
        "last_run": {"run_id": last.run_id, "kind": last.kind, "status": last.status} if last else None,
    }


def _inbox(uow: UnitOfWork, context: Context) -> Json:
    """What the conflict inbox shows, and why it cannot be used; None where there is none."""
    place = uow.inbox.place()
    if place is None or context.inbox is None:
        return None
    shown = [row for row in uow.inbox.rows(["open"]) if row.conflict_id != NOTE]
    waiting = uow.inbox.waiting([mapping.id for mapping in context.mappings])
    return {"rows": len(shown), "waiting": waiting, "trouble": place.trouble}


def _run(lease: LeaseRow | None) -> Json:
    """What `run` is doing, or did last; None when it never ran. `active`: its lease has not expired."""
    if lease is None:
        return None
    return {
        "active": lease.live,
        "holder": lease.holder,
        "since": iso(lease.acquired_at),
        "told_at": iso(lease.renewed_at),
        **lease.state,
    }


def _to_go(tables: Sequence[Json], requests_per_minute: int | None) -> JsonObject:
    """What is left of all tables, and how long it takes at the pace of the budget."""
    backlog = sum(int(str(table["backlog"])) for table in tables if isinstance(table, dict))
    return {"backlog": backlog, "eta_seconds": _eta(backlog, requests_per_minute)}


def _eta(backlog: int, requests_per_minute: int | None) -> float:
    return round(backlog * 60 / requests_per_minute, 1) if requests_per_minute else 0.0


def _table(
    uow: UnitOfWork, mapping: TableMapping, registration: Registration, requests_per_minute: int | None
) -> JsonObject:
    counts = uow.records.counts(mapping.id)
    return {
        "table": mapping.name,
        "notion_data_source_id": registration.data_source_id,
        "notion_database_id": registration.database_id,
        "rows": uow.rows.count(mapping),
        "pages": counts.pages,
        "linked": counts.linked,
        "backlog": counts.open,
        "eta_seconds": _eta(counts.open, requests_per_minute),
        "conflicts": uow.conflicts.count_open(mapping.id),
        "held": len(uow.held.find(mapping.id)),
        "last_sync": iso(registration.last_sync) if registration.last_sync else None,
        "last_full_scan": iso(registration.last_full_scan) if registration.last_full_scan else None,
    }
