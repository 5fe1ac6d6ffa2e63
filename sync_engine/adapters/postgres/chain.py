"""`sync_chain`: the hash chain over the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed
from sqlalchemy import Connection, Select, select, text

from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import chain as table
from sync_engine.domain.chain import Link
from sync_engine.ports.chain import Sealed

LINK = 4096
"""Events a link at most: the memory that making or checking one takes."""

CANONICAL = SQL(statement("chain_canonical").rstrip())
"""An event `e` as the text of which its digest is made."""

_PAGE = 16

# In the order of the fields of Link.
_COLUMNS = (
    table.c.id,
    table.c.at,
    table.c.first_seq,
    table.c.last_seq,
    table.c.snapshot,
    table.c.content,
    table.c.hash,
    table.c.leaves,
)


def with_digest(name: str) -> Composed:
    """The statement of that name, its `{digest}` filled in: the hash of an event `e` in its canonical text."""
    digest = SQL(statement("chain_digest").rstrip()).format(canonical=CANONICAL)
    return SQL(statement(name)).format(digest=digest)


class PostgresChain:
    """Implements `ports.chain.Chain`.

    The digests are computed by this program's own statement, not by a function in the database, which whoever
    altered the log could have altered as well.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)

    def links(self, after: int = 0) -> Iterator[Link]:
        """All links by id, some at a time."""
        query = select(*_COLUMNS).order_by(table.c.id).limit(_PAGE)
        page = self._read(query.where(table.c.id > after))
        while page:
            yield from page
            page = self._read(query.where(table.c.id > page[-1].id))

    def newest(self) -> Link | None:
        """The last link, or None."""
        found = self._read(select(*_COLUMNS).order_by(table.c.id.desc()).limit(1))
        return found[0] if found else None

    def digests(self, link: Link) -> Mapping[int, bytes]:
        """The digests of the link's events as they are now."""
        with psycopg.RawCursor(self._driver) as cursor:
            rows = cursor.execute(with_digest("chain_digests"), [[seq for seq, _ in link.events()]])
            return dict(rows.fetchall())

    def counts(self) -> Sealed:
        """How much of the log is sealed."""
        with psycopg.RawCursor(self._driver) as cursor:
            held, due, unsealed = cursor.execute(statement("chain_counts")).fetchone() or (0, 0, 0)
        return Sealed(int(held), due, unsealed)

    def is_guarded(self) -> bool:
        """Whether all four triggers of `sql/append_only_v1.sql` are on, also under session_replication_role."""
        query = text(
            "SELECT count(*) = 4 FROM pg_catalog.pg_trigger t WHERE t.tgenabled = 'A' AND t.tgrelid IN"
            " ('sync_engine.sync_events'::regclass, 'sync_engine.sync_chain'::regclass) AND NOT t.tgisinternal"
        )
        return bool(self._connection.execute(query).scalar_one())

    def strays(self, limit: int) -> Sequence[int]:
        """Events that links must hold and do not."""
        with psycopg.RawCursor(self._driver) as cursor:
            return [seq for (seq,) in cursor.execute(statement("chain_strays"), [limit])]

    def _read(self, query: Select[Any]) -> list[Link]:
        return [Link(*row) for row in self._connection.execute(query)]
