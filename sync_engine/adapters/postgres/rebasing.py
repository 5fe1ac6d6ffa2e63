"""Rebasing: let the log go on in a database whose transaction ids are not those that its events carry."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import psycopg
from sqlalchemy import Connection

from sync_engine.adapters.postgres.chain import LINK, with_digest
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.event_rows import captured_events
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.events import ChangeEvent
from sync_engine.domain.values import JsonObject


class PostgresRebasing:
    """Implements `ports.home.Rebasing` in one transaction of the caller."""

    def __init__(self, connection: Connection) -> None:
        self._driver = driver_of(connection)

    def freeze(self) -> int:
        """Wait until nobody writes to the log, keep it so, and return the newest number drawn."""
        with psycopg.RawCursor(self._driver) as cursor:
            cursor.execute("LOCK TABLE sync_engine.sync_events IN SHARE ROW EXCLUSIVE MODE")
            drawn = cursor.execute(statement("rebase_sequence")).fetchone()
        return int(drawn[0]) if drawn else 0

    def floor(self, consumer: str) -> int:
        """A number up to which the consumer has read every event, whatever transaction ids say."""
        with psycopg.RawCursor(self._driver) as cursor:
            found = cursor.execute(
                "SELECT seq FROM sync_engine.sync_cursors WHERE consumer = $1", [consumer]
            ).fetchone()
        return int(found[0]) if found else 0

    def read(self, after_seq: int, limit: int) -> Sequence[ChangeEvent]:
        """Postgres events by number, whatever transaction ids say."""
        with psycopg.RawCursor(self._driver) as cursor:
            return captured_events(cursor.execute(statement("rebase_read"), [after_seq, limit]).fetchall())

    def finish(self, drawn: int, what: JsonObject) -> int:
        """Index and seal what is not yet, move every reader to here, and log that it was done; its number."""
        told = orjson.dumps(what).decode()
        with psycopg.RawCursor(self._driver) as cursor:
            floor = self.floor("history")
            cursor.execute(statement("rebase_history"), [floor])
            cursor.execute(with_digest("rebase_seal"), [LINK, floor])
            cursor.execute(statement("rebase_cursors"), [drawn])
            cursor.execute(statement("rebase_records"))
            made = cursor.execute(statement("rebase_mark"), [told]).fetchone()
        return int(made[0]) if made else 0
