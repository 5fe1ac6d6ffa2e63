"""Holds: record that something of a record waits for a person or for another record."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Hold, Operation
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.store import HeldRecord


def store_holds(uow: UnitOfWork, mapping: TableMapping, holds: Sequence[Hold]) -> int:
    """Hold these records; returns how many were not held before."""
    new = 0
    known = {item.record_id for item in uow.held.find(mapping.id)} if holds else set()
    for hold in holds:
        new += hold.record.id not in known
        uow.held.hold(
            HeldRecord(
                record_id=hold.record.id,
                mapping=mapping.id,
                key=hold.record.key,
                side=hold.side,
                op=hold.action.value,
                reason=hold.reason,
                constraint=hold.constraint,
                waiting_for=hold.waiting_for,
            )
        )
    return new


def hold_unfit(uow: UnitOfWork, mapping: TableMapping, operations: Sequence[Operation]) -> None:
    """Values that Notion cannot hold are shown empty there, kept in Postgres, and listed as held fields."""
    for operation in operations:
        for name, value in operation.values.items():
            problem = mapping.by_name[name].codec.problem(value)
            if problem:
                uow.held.hold(
                    HeldRecord(
                        record_id=operation.record.id,
                        mapping=mapping.id,
                        key=operation.record.key,
                        side=Side.NOTION,
                        op="field",
                        reason=f"{name}: {problem}; the page shows it empty, Postgres keeps it",
                        constraint=name,
                    )
                )
