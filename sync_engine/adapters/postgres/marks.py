"""`sync_marks`: named positions to return to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.tables import marks as table
from sync_engine.errors import UsageError
from sync_engine.ports.marks import Mark


class PostgresMarks:
    """Implements `ports.marks.Marks`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, mark: Mark) -> None:
        """Store. Raises UsageError when the name is taken."""
        query = insert(table).values(
            name=mark.name,
            at=mark.at,
            seq=mark.seq,
            snapshot=mark.snapshot,
            change_id=mark.change_id,
            protected=mark.protected,
        )
        made = self._connection.execute(query.on_conflict_do_nothing().returning(table.c.name))
        if made.one_or_none() is None:
            raise UsageError(f"there is a mark {mark.name!r} already", hint="choose another name, or delete it")

    def get(self, name: str) -> Mark | None:
        """By name, or None."""
        row = self._connection.execute(select(table).where(table.c.name == name)).one_or_none()
        return None if row is None else _mark(row)

    def all(self) -> Sequence[Mark]:
        """By time."""
        return [_mark(row) for row in self._connection.execute(select(table).order_by(table.c.at, table.c.name))]

    def delete(self, name: str) -> None:
        """Remove. Raises UsageError when there is none, or it is protected."""
        mark = self.get(name)
        if mark is None:
            raise UsageError(f"there is no mark {name!r}", hint="see: sync-engine mark list")
        if mark.protected:
            raise UsageError(f"mark {name!r} is protected")
        self._connection.execute(delete(table).where(table.c.name == name))


def _mark(row: Row[Any]) -> Mark:
    return Mark(
        name=row.name,
        at=row.at,
        seq=row.seq,
        snapshot=row.snapshot,
        change_id=row.change_id,
        protected=row.protected,
    )
