"""Holds: record that something of a record waits for a person or for another record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Hold, Operation
from sync_engine.domain.record import Record
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
    """Values that Notion cannot hold are shown empty there, kept in Postgres, and listed as held fields.

    All values of the record are looked at, because a hold ends with the next edit, of whatever field.
    """
    for operation in operations:
        if operation.action in (Action.DELETE, Action.TRASH):
            continue
        values = {**operation.record.base, **operation.values}
        problems = {
            name: f"{problem}; the page shows it empty, Postgres keeps it"
            for name, value in values.items()
            if name in mapping.by_name and (problem := mapping.by_name[name].codec.problem(value))
        }
        if problems:
            hold_fields(uow, operation.record, Side.NOTION, problems)


def hold_fields(uow: UnitOfWork, record: Record, side: Side, reasons: Mapping[str, str]) -> None:
    """Hold these fields of the record, each with its reason; its other fields go on."""
    uow.held.hold(
        HeldRecord(
            record_id=record.id,
            mapping=record.mapping,
            key=record.key,
            side=side,
            op="field",
            reason="; ".join(f"{name}: {reason}" for name, reason in reasons.items()),
            constraint=", ".join(reasons),
        )
    )
