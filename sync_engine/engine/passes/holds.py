"""Holds: record that something of a record waits for a person or for another record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Hold, Operation, too_many_links
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.unresolved import refusal
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.held import HeldRecord

FIELD = "field"
"""What is held is not the record but some of its fields."""

MATCH = "match"
"""It is not known which page, or row, is the record's other half; an edit alone does not tell."""


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
        if operation.action not in (Action.DELETE, Action.TRASH):
            written = {**operation.record.base, **operation.values}
            left = {name: item for name, item in operation.record.postgres.items() if name not in written}
            hold_fields(uow, mapping, replace(operation.record, base=written, postgres=left))


def hold_fields(uow: UnitOfWork, mapping: TableMapping, record: Record) -> None:
    """Hold the fields that one side cannot take, each with its reason; the record's other fields go on."""
    problems = _problems(record, mapping)
    if problems:
        refused = any(refusal(record.notion[name].value) for name in problems if name in record.notion)
        uow.held.hold(
            HeldRecord(
                record_id=record.id,
                mapping=record.mapping,
                key=record.key,
                side=Side.POSTGRES if refused else Side.NOTION,
                op=FIELD,
                reason="; ".join(f"{name}: {reason}" for name, reason in problems.items()),
                constraint=", ".join(problems),
            )
        )


def let_go(uow: UnitOfWork, mapping: TableMapping, edited: Iterable[Record]) -> None:
    """Try records again that were held, because they were edited.

    A field that one side cannot take is no matter of trying again: it stays listed for as long as it is so.
    """
    records = {record.id: record for record in edited}
    for item in uow.held.of(sorted(records)):
        if item.op == MATCH:
            continue
        record = records[item.record_id]
        there = record.postgres_presence is not Presence.GONE
        if item.op != FIELD or not there or item.constraint != ", ".join(_problems(record, mapping)):
            uow.held.release([record.id])
            if there:
                hold_fields(uow, mapping, record)


def _problems(record: Record, mapping: TableMapping) -> dict[str, str]:
    """Why one side cannot take what the other holds, by field; in the order of their names."""
    problems: dict[str, str] = {}
    for name, field in sorted(mapping.by_name.items()):
        shown = record.notion.get(name)
        unfit = field.codec.problem(postgres_value(record, field))
        if shown is not None and (reason := refusal(shown.value)):
            problems[name] = reason
        elif name in record.postgres and (many := too_many_links(field, record.postgres[name].value)):
            problems[name] = many
        elif unfit:
            problems[name] = f"{unfit}; the page shows it empty, Postgres keeps it"
    return problems
