"""Close open conflicts that no longer are any, and forget closed ones when their time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sync_engine.domain.record import Record
from sync_engine.engine.context import Context
from sync_engine.ports.conflicts import ConflictRow
from sync_engine.ports.database import UnitOfWork


def close_settled(uow: UnitOfWork, mapping: int, at: datetime) -> int:
    """Close those of the mapping whose two edits do not stand against each other any more; returns how many.

    Both values stay in the conflict; a new collision opens a new one.
    """
    waiting = uow.conflicts.find(["open"], mapping)
    records = uow.records.by_id([row.record_id for row in waiting]) if waiting else {}
    over = [row for row in waiting if not _stands(row, records.get(row.record_id))]
    for row in over:
        reason = "nothing is left to decide: an edit was taken back, or the record was deleted"
        uow.conflicts.update(replace(row, status="resolved", winner="", reason=reason, resolved_at=at))
    return len(over)


def _stands(row: ConflictRow, record: Record | None) -> bool:
    return record is not None and row.field in record.postgres and row.field in record.notion


def forget_closed(context: Context) -> int:
    """Forget conflicts that were closed longer ago than they are kept; never an open one. Returns how many.

    Their values stay in the log as the events that they are.
    """
    with context.database.transaction() as uow:
        return uow.conflicts.forget(context.keep_conflicts)
