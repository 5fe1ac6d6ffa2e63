"""Marks: named positions across both sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync_engine.domain.times import iso
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.marks import Mark


def create_mark(context: Context, name: str, *, protect: bool = False) -> JsonObject:
    """Name the present position: exact for Postgres, as last observed for Notion. Raises UsageError (taken)."""
    with context.database.transaction() as uow:
        seq, snapshot = uow.events.position()
        mark = Mark(name, context.database.now(), seq, snapshot, uow.journal.position(), protect)
        uow.marks.create(mark)
    return mark_json(mark)


def mark_before(uow: UnitOfWork, what: str, at: datetime) -> str:
    """Name the present position before a bulk change, in the caller's transaction; returns the name.

    Such a mark is an ordinary one: retention and `mark delete` take it when its time has come.
    """
    name = f"before {what}"
    if uow.marks.get(name) is None:
        seq, snapshot = uow.events.position()
        uow.marks.create(Mark(name, at, seq, snapshot, uow.journal.position()))
    return name


def list_marks(context: Context) -> Sequence[JsonObject]:
    """All marks, by time."""
    with context.database.transaction() as uow:
        return [mark_json(mark) for mark in uow.marks.all()]


def delete_mark(context: Context, name: str) -> None:
    """Forget a mark. Raises UsageError when it is protected or missing."""
    with context.database.transaction() as uow:
        uow.marks.delete(name)


def mark_json(mark: Mark) -> JsonObject:
    """As `mark list --json` prints it."""
    return {"name": mark.name, "at": iso(mark.at), "protected": mark.protected}
