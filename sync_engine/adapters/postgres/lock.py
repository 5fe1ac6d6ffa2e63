"""The one lock of an installation: an advisory lock, which the server drops when its holder is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.statements import statement
from sync_engine.errors import LockHeld

KEY = int.from_bytes(b"syncengi")
"""Advisory locks are per database, and so is the engine's schema: one key names the installation."""


@contextmanager
def installation_lock(connection: Driver) -> Iterator[None]:
    """Hold the lock while the block runs. Raises LockHeld at once when another run has it.

    The lock belongs to a transaction that stays open, not to the session: through a transaction pooler a
    session lock would stay behind on a server connection that others use. Between statements such a transaction
    holds neither a snapshot nor a transaction id, so it delays neither vacuum nor the readers of the log.
    """
    with connection.transaction():
        taken = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [KEY]).fetchone()
        if taken != (True,):
            raise LockHeld("another run of sync-engine is at work on this database", hint=_holder(connection))
        # Also ends the portal of the SELECT, which would hold its snapshot for as long as the transaction.
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def _holder(connection: Driver) -> str:
    row = connection.execute(statement("lock_holder"), {"key": KEY}).fetchone()
    if row is None:
        return "wait for it to end, then repeat the command"
    pid, name, since = row
    return f"wait for it to end: {name or 'a client'}, server process {pid}, connected since {since:%H:%M:%S}"
