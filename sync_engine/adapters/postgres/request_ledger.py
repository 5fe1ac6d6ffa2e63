"""`sync_requests`: one row for each request to Notion that still counts, and one for a pause."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, func, select

from sync_engine.adapters.postgres.connection import Driver, connect
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.tables import requests as table
from sync_engine.adapters.postgres.url import connection_parameters
from sync_engine.ports.clock import Clock
from sync_engine.ports.ledger import WINDOW, Claim, LedgerState

IN_FLIGHT = 70.0
"""Seconds after which a request whose process was killed has been answered; longer than the adapter waits."""

_SOON = 0.05
_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class PostgresRequestLedger:
    """Implements `ports.ledger.RequestLedger` on a connection of its own, opened when it is first needed.

    Times are the server's when that connection was opened, and go on with this process' monotonic clock: so all
    processes agree, whatever their wall clocks say.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        """Raises ConfigurationError when the URL cannot be read."""
        self._parameters = connection_parameters(url)
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: Driver | None = None
        self._began: datetime | None = None

    def claim(self, limit: int) -> Claim:
        """Count a request that is about to be sent, unless `limit` requests count already."""

        def ask(connection: Driver, now: datetime) -> Claim:
            parameters = {
                "now": now,
                "limit": limit,
                "until": now + timedelta(seconds=IN_FLIGHT + WINDOW),
            }
            row = connection.execute(statement("requests_claim").encode(), parameters).fetchone()
            made, paused_until, free_at = row if row is not None else (None, None, None)
            if made is not None:
                return Claim(id=made)
            until = paused_until or free_at
            wait = max(_SOON, (until - now).total_seconds()) if until is not None else _SOON
            return Claim(wait=wait, paused=paused_until is not None)

        return self._do(ask, Claim())

    def answered(self, claim: Claim) -> None:
        """It counts for one window from now."""

        def tell(connection: Driver, now: datetime) -> None:
            until = now + timedelta(seconds=WINDOW)
            connection.execute(
                "UPDATE sync_engine.sync_requests SET counts_until = %s WHERE id = %s", [until, claim.id]
            )

        if claim.id:
            self._do(tell, None)

    def pause(self, seconds: float) -> None:
        """No process sends anything for so long."""

        def tell(connection: Driver, now: datetime) -> None:
            until = now + timedelta(seconds=seconds)
            connection.execute(
                "INSERT INTO sync_engine.sync_requests (counts_until, pause) VALUES (%s, true)", [until]
            )

        self._do(tell, None)

    def close(self) -> None:
        """Close the connection; a later use opens another."""
        with self._lock:
            self._drop()

    def _do(self, action: Callable[[Driver, datetime], _T], otherwise: _T) -> _T:
        """The action in a transaction of its own; `otherwise` when the database does not answer."""
        with self._lock:
            try:
                connection = self._opened()
                with connection.transaction():
                    # A request is over in a moment; the budget outlives a crash well enough in each process.
                    connection.execute("SET LOCAL synchronous_commit = off")
                    connection.execute("SELECT pg_advisory_xact_lock(hashtext('sync_engine.sync_requests'))")
                    return action(connection, self._now())
            except psycopg.Error as error:
                _log.debug("the requests are not shared with other processes: %s", error)
                self._drop()
                return otherwise

    def _opened(self) -> Driver:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._parameters)
            row = self._connection.execute("SELECT clock_timestamp()").fetchone()
            self._connection.commit()
            if self._began is None and row is not None:
                self._began = row[0].astimezone(UTC) - timedelta(seconds=self._clock.monotonic())
        return self._connection

    def _now(self) -> datetime:
        return (self._began or self._clock.now()) + timedelta(seconds=self._clock.monotonic())

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None


class PostgresRequests:
    """Implements `ports.ledger.Requests`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> LedgerState:
        """How many requests of all processes count now."""
        now = func.clock_timestamp()
        used = func.count().filter(~table.c.pause)
        paused = func.max(table.c.counts_until - now).filter(table.c.pause)
        row = self._connection.execute(select(used, paused).where(table.c.counts_until > now)).one()
        return LedgerState(row[0], row[1].total_seconds() if row[1] is not None else 0.0)
