"""What is left to do: row changes not read yet, and open records, in the order in which they should be taken."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select, text

from sync_engine.adapters.postgres.blocked import is_blocked
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import records


class PostgresBacklog:
    """Implements `ports.backlog.Backlog`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def has_news(self, consumer: str) -> bool:
        """Whether a row change became visible since the consumer's cursor."""
        return bool(self._connection.execute(text(statement("has_news")), {"consumer": consumer}).scalar_one())

    def size(self, mapping: int) -> int:
        """How many open records no hold blocks."""
        return self._connection.execute(select(func.count()).where(*_free(mapping))).scalar_one()

    def eager(self, mapping: int, newer_than: int, limit: int) -> Sequence[int]:
        """Ids of open records that should not wait behind a bulk."""
        asked = {"mapping": mapping, "newer_than": newer_than, "limit": limit}
        return list(self._connection.execute(text(statement("backlog_eager")), asked).scalars())

    def after(self, mapping: int, record_id: int, limit: int) -> Sequence[int]:
        """Ids of open records with a greater id, by id."""
        query = select(records.c.id).where(*_free(mapping), records.c.id > record_id)
        return list(self._connection.execute(query.order_by(records.c.id).limit(limit)).scalars())


def _free(mapping: int) -> tuple[ColumnElement[bool], ...]:
    return records.c.mapping == mapping, ~records.c.quiet, ~is_blocked()
