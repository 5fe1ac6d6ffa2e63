"""The one lock of an installation: an advisory lock, which the server drops when its holder is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.statements import statement
from sync_engine.errors import LockHeld

Touch = Callable[[], None]

KEY = int.from_bytes(b"syncengi")
"""Advisory locks are per database, and so is the engine's schema: one key names the installation."""


@contextmanager
def installation_lock(connection: Driver, patience: float = 0.0, idle_limit: float = 0.0) -> Iterator[Touch]:
    """Hold the lock while the block runs. Raises LockHeld when another process has it after `patience` seconds.

    With `idle_limit` the server ends the connection, and with it the lock, so many seconds after the last call of
    the function that the block gets; any thread may call it.

    The lock belongs to a transaction that stays open, not to the session: through a transaction pooler a
    session lock would stay behind on a server connection that others use. Between statements such a transaction
    holds neither a snapshot nor a transaction id, so it delays neither vacuum nor the readers of the log.
    """
    with connection.transaction():
        if not _taken(connection, patience):
            raise LockHeld("another run of sync-engine is at work on this database", hint=_holder(connection))
        limit = f"SET LOCAL idle_in_transaction_session_timeout = {round(idle_limit * 1000):d}".encode()

        def touch() -> None:
            # Not a SELECT: its portal would hold its snapshot for as long as the transaction. This one ends it.
            connection.execute(limit)

        touch()
        yield touch


def _taken(connection: Driver, patience: float) -> bool:
    """Waiters are served in their order, so one that waits comes before a holder that takes it again and again."""
    if patience <= 0:
        return connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY]).fetchone() == (True,)
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{round(patience * 1000)}ms"])
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [KEY])
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _holder(connection: Driver) -> str:
    row = connection.execute(statement("lock_holder"), {"key": KEY}).fetchone()
    if row is None:
        return "wait for it to end, then repeat the command"
    pid, name, since = row
    return f"wait for it to end: {name or 'a client'}, server process {pid}, connected since {since:%H:%M:%S}"
