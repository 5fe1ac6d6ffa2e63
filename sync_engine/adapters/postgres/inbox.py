"""`sync_inbox` and `sync_inbox_rows`: the conflict inbox in Notion, and which row shows which conflict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.tables import conflicts
from sync_engine.adapters.postgres.tables import inbox as place_table
from sync_engine.adapters.postgres.tables import inbox_rows as table
from sync_engine.ports.inbox import NOTE, InboxPlace, InboxRow, InboxState

_ONLY = 1
_BESIDE = table.outerjoin(conflicts, conflicts.c.id == table.c.conflict_id)
_IS_OPEN = conflicts.c.status == "open"


class PostgresInbox:
    """Implements `ports.inbox.Inbox`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(self) -> InboxPlace | None:
        """The inbox's database, or None."""
        row = self._connection.execute(select(place_table)).one_or_none()
        if row is None:
            return None
        return InboxPlace(
            database_id=row.database_id,
            data_source_id=row.data_source_id,
            properties=row.properties,
            polled_until=row.polled_until,
            scanned_at=row.scanned_at,
            trouble=row.trouble or "",
        )

    def put(self, place: InboxPlace) -> None:
        """Store the place."""
        values = {
            "database_id": place.database_id,
            "data_source_id": place.data_source_id,
            "properties": place.properties,
            "polled_until": place.polled_until,
            "scanned_at": place.scanned_at,
            "trouble": place.trouble or None,
        }
        made = insert(place_table).values(id=_ONLY, **values)
        self._connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=values))

    def forget(self) -> None:
        """Forget the place and all rows."""
        self._connection.execute(delete(table))
        self._connection.execute(delete(place_table))

    def rows(self, states: Sequence[InboxState]) -> Sequence[InboxRow]:
        """Rows in one of these states, by conflict id."""
        return self._found(table.c.state.in_(states))

    def get(self, conflict_id: int) -> InboxRow | None:
        """The row of a conflict, or None."""
        return next(iter(self._found(table.c.conflict_id == conflict_id)), None)

    def by_page(self, page_id: str) -> InboxRow | None:
        """The row that this page is, or None."""
        return next(iter(self._found(table.c.page_id == page_id)), None)

    def _found(self, wanted: ColumnElement[bool]) -> Sequence[InboxRow]:
        query = select(table).where(wanted).order_by(table.c.conflict_id)
        return [_row(row) for row in self._connection.execute(query)]

    def save(self, row: InboxRow) -> None:
        """Insert or replace."""
        values = {
            "state": row.state,
            "page_id": row.page_id or None,
            "digest": row.digest,
            "occurrences": row.occurrences,
            "intended_at": row.intended_at,
        }
        made = insert(table).values(conflict_id=row.conflict_id, **values)
        self._connection.execute(made.on_conflict_do_update(index_elements=["conflict_id"], set_=values))

    def remove(self, conflict_id: int) -> None:
        """Forget the row."""
        self._connection.execute(delete(table).where(table.c.conflict_id == conflict_id))

    def prune(self) -> None:
        """Forget closed rows whose conflict is no longer kept."""
        kept = select(conflicts.c.id).where(conflicts.c.id == table.c.conflict_id).exists()
        self._connection.execute(delete(table).where(table.c.state == "closed", ~kept))

    def missing(self, mappings: Sequence[int], limit: int) -> Sequence[int]:
        """Open conflicts without a row, oldest first; those that Notion refused last."""
        beside = conflicts.outerjoin(table, table.c.conflict_id == conflicts.c.id)
        refused = func.coalesce(table.c.state == "refused", False)
        query = (
            select(conflicts.c.id)
            .select_from(beside)
            .where(_IS_OPEN, conflicts.c.mapping.in_(mappings))
            .where(or_(table.c.conflict_id.is_(None), table.c.state == "refused"))
        )
        return list(self._connection.execute(query.order_by(refused, conflicts.c.id).limit(limit)).scalars())

    def outdated(self) -> Sequence[InboxRow]:
        """Open rows whose conflict has changed since."""
        changed = and_(_IS_OPEN, table.c.state == "open", table.c.occurrences != conflicts.c.occurrences)
        return self._beside(changed)

    def over(self) -> Sequence[InboxRow]:
        """Rows whose conflict is not open any more, and that do not say so yet."""
        ended = or_(conflicts.c.id.is_(None), conflicts.c.status != "open")
        return self._beside(and_(ended, table.c.state != "closed", table.c.conflict_id != NOTE))

    def _beside(self, wanted: ColumnElement[bool]) -> Sequence[InboxRow]:
        query = select(table).select_from(_BESIDE).where(wanted).order_by(table.c.conflict_id)
        return [_row(row) for row in self._connection.execute(query)]

    def waiting(self, mappings: Sequence[int]) -> int:
        """Open conflicts that have no row on show."""
        shown = select(table.c.conflict_id).where(table.c.state.in_(("open", "creating")))
        query = select(func.count()).where(
            _IS_OPEN, conflicts.c.mapping.in_(mappings), conflicts.c.id.not_in(shown)
        )
        return self._connection.execute(query).scalar_one()


def _row(row: Row[Any]) -> InboxRow:
    return InboxRow(
        conflict_id=row.conflict_id,
        state=row.state,
        page_id=row.page_id or "",
        digest=row.digest,
        occurrences=row.occurrences,
        intended_at=row.intended_at,
    )
