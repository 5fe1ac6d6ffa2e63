"""Soft rows: in a table with a soft-delete column, deleting marks the row, inserting it clears the mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.soft import deleted_mark, living_mark
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.rows import RowOp, RowWrite

Pending = tuple[Operation, RowWrite]


def softened(uow: UnitOfWork, mapping: TableMapping, writes: Sequence[Pending], at: datetime) -> Sequence[Pending]:
    """The writes as the table's policy wants them. What a rollback removes was never there: that is deleted."""
    if not mapping.soft_column:
        return writes
    keys = [write.key for _, write in writes if write.op is RowOp.INSERT and write.key]
    there = uow.rows.fetch(mapping, keys) if keys else {}
    return [
        (operation, _softened(mapping, operation, write, write.key in there, at)) for operation, write in writes
    ]


def _softened(mapping: TableMapping, operation: Operation, write: RowWrite, there: bool, at: datetime) -> RowWrite:
    if operation.action is Action.INSERT and there:
        return replace(write, op=RowOp.UPDATE, values={**write.values, **living_mark(mapping)})
    if (
        operation.action is Action.DELETE
        and mapping.delete_from_notion == "soft"
        and operation.cause != "rollback"
    ):
        return replace(write, op=RowOp.UPDATE, values=deleted_mark(mapping, at))
    return write
