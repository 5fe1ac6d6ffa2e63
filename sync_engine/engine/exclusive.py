"""Who may write: one pass, rollback or resolution at a time, and how each of them goes along with `run`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sync_engine.errors import LockHeld
from sync_engine.ports.database import Database
from sync_engine.ports.lease import RUN, LeaseRow

TURN_ENDS_WITHIN = 60.0
"""Seconds that a command waits for `run` to end its turn; turns are bounded, and waiters are served in order."""


def live_run(database: Database) -> LeaseRow | None:
    """The lease of a `run` that is active on this database, or None. Also None before `setup`."""
    if not database.is_set_up():
        return None
    with database.transaction() as uow:
        lease = uow.leases.get(RUN)
    return lease if lease is not None and lease.live else None


def is_run_active(database: Database) -> bool:
    """Whether a `run` is active, so that whatever is left open will be carried across without being asked."""
    return live_run(database) is not None


def refuse_beside_run(database: Database) -> None:
    """Raise LockHeld while a `run` is active: a pass beside it would do its work twice."""
    lease = live_run(database)
    if lease is not None:
        raise LockHeld(
            f"`sync-engine run` is at work on this database: {lease.holder}",
            hint="it carries edits across by itself; `status` shows what it is doing",
        )


@contextmanager
def between_turns(database: Database) -> Iterator[None]:
    """Hold the installation's lock; beside an active `run`, wait until it has ended its turn.

    Raises LockHeld: at once when something else holds it, or after a minute.
    """
    patience = TURN_ENDS_WITHIN if is_run_active(database) else 0.0
    with database.lock(patience):
        yield
