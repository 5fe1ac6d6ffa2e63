"""Tell again: what a property held that is not there any more is forgotten, so that the rows fill the new one."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Record
from sync_engine.ports.database import UnitOfWork

_BATCH = 1000


def tell_again(uow: UnitOfWork, mapping: TableMapping, fields: frozenset[str]) -> None:
    """Forget these fields of every record, on both sides; the next backfill finds the values of the rows.

    Records that were held because of them are tried again.
    """
    records = uow.records.scan(mapping.id)
    while batch := list(islice(records, _BATCH)):
        uow.records.save([_forgotten(record, fields) for record in batch])
        held = uow.held.of([record.id for record in batch])
        uow.held.release([item.record_id for item in held if _concerns(item.constraint, fields)])


def _concerns(constraint: str, fields: frozenset[str]) -> bool:
    return not fields.isdisjoint(constraint.split(", "))


def _forgotten(record: Record, fields: frozenset[str]) -> Record:
    return replace(
        record,
        base={name: value for name, value in record.base.items() if name not in fields},
        postgres={name: change for name, change in record.postgres.items() if name not in fields},
        notion={name: change for name, change in record.notion.items() if name not in fields},
    )
