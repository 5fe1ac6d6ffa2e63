"""Status: what is where, what is left to do, and what waits for a person."""

from __future__ import annotations

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.gather import registrations_of
from sync_engine.engine.summary import stop_json
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.lease import RUN, LeaseRow
from sync_engine.ports.store import Registration


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
        runs = uow.runs.recent(1)
        lease = uow.leases.get(RUN)
        hints = uow.hints.count()
    last = runs[0] if runs else None
    return {
        "tables": tables,
        "budget": {"requests_per_minute": requests_per_minute, **_budget_used(lease)},
        "open_conflicts": conflicts,
        "held": held,
        "brake": brake,
        "run": _run(lease),
        "hints_waiting": hints,
        "last_run": {"run_id": last.run_id, "kind": last.kind, "status": last.status} if last else None,
    }


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


def _budget_used(lease: LeaseRow | None) -> JsonObject:
    """As the active `run` told it; other processes keep no count that outlives them."""
    told = lease.state.get("budget") if lease is not None and lease.live else None
    return dict(told) if isinstance(told, dict) else {}


def _table(
    uow: UnitOfWork, mapping: TableMapping, registration: Registration, requests_per_minute: int | None
) -> JsonObject:
    counts = uow.records.counts(mapping.id)
    eta = counts.open * 60 / requests_per_minute if requests_per_minute else 0.0
    return {
        "table": mapping.name,
        "notion_data_source_id": registration.data_source_id,
        "notion_database_id": registration.database_id,
        "rows": uow.rows.count(mapping),
        "pages": counts.pages,
        "linked": counts.linked,
        "backlog": counts.open,
        "eta_seconds": round(eta, 1),
        "conflicts": uow.conflicts.count_open(mapping.id),
        "held": len(uow.held.find(mapping.id)),
        "last_sync": iso(registration.last_sync) if registration.last_sync else None,
    }
