"""`sync_hints`: webhook events, each once, until somebody has followed them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from sync_engine.adapters.postgres.tables import hints as table
from sync_engine.ports.hints import Hint

CHANNEL = "sync_engine"
"""What a `run` listens to, and whatever wants to wake it notifies."""


class PostgresHints:
    """Implements `ports.hints.Hints`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, hint: Hint) -> bool:
        """Store, and notify; False when an event of that id was stored before."""
        query = insert(table).values(
            event_id=hint.event_id,
            kind=hint.kind,
            entity_id=hint.entity_id,
            data_source_id=hint.data_source_id or None,
            occurred_at=hint.occurred_at,
            authors=list(hint.authors),
        )
        stored = query.on_conflict_do_nothing().returning(table.c.event_id)
        new = self._connection.execute(stored).first() is not None
        if new:
            self._connection.execute(text("SELECT pg_notify(:channel, 'hint')"), {"channel": CHANNEL})
        return new

    def waiting(self, limit: int) -> Sequence[Hint]:
        """Hints that nobody has followed yet, oldest first."""
        query = select(table).where(table.c.done_at.is_(None)).order_by(table.c.received_at).limit(limit)
        return [
            Hint(
                event_id=row.event_id,
                kind=row.kind,
                entity_id=row.entity_id,
                occurred_at=row.occurred_at,
                data_source_id=row.data_source_id or "",
                authors=tuple(row.authors),
            )
            for row in self._connection.execute(query)
        ]

    def count(self) -> int:
        """How many wait."""
        return self._connection.execute(select(func.count()).where(table.c.done_at.is_(None))).scalar_one()

    def done(self, event_ids: Sequence[str]) -> None:
        """They were followed."""
        if event_ids:
            followed = table.c.event_id.in_(list(event_ids)), table.c.done_at.is_(None)
            self._connection.execute(update(table).where(*followed).values(done_at=func.clock_timestamp()))

    def prune(self, older_than: timedelta) -> int:
        """Forget followed hints that were received so long ago."""
        old = table.c.done_at.is_not(None), table.c.received_at < func.clock_timestamp() - older_than
        return self._connection.execute(delete(table).where(*old)).rowcount
