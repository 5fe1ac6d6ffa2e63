"""A dry run's database: every transaction is a savepoint of one transaction that is undone at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.unit_of_work import PostgresUnitOfWork
from sync_engine.errors import NotSetUp


class Rehearsal:
    """Implements `ports.database.Database` inside one open transaction of the caller.

    Holds row locks on what it touches until the rehearsal ends; it never touches the user's tables, because a
    dry run stops before the apply step.
    """

    def __init__(self, connection: Connection, target: str) -> None:
        self._connection = connection
        self._target = target

    @contextmanager
    def transaction(self, origin: str = "", actor: str = "") -> Iterator[PostgresUnitOfWork]:
        """A savepoint; its changes are seen by the later ones of this rehearsal, and by nobody else."""
        with translated(self._target), self._connection.begin_nested():
            self._connection.execute(text(statement("begin")), {"origin": origin, "actor": actor})
            yield PostgresUnitOfWork(self._connection)

    @contextmanager
    def rehearsal(self) -> Iterator[Rehearsal]:
        """Already one."""
        yield self

    @contextmanager
    def lock(self, patience: float = 0.0, idle_limit: float = 0.0) -> Iterator[Callable[[], None]]:
        """Nothing is written that outlives the rehearsal, so nothing is locked."""
        yield lambda: None

    def now(self) -> datetime:
        """The database's clock."""
        with translated(self._target):
            at: datetime = self._connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return at.astimezone(UTC)

    def is_set_up(self) -> bool:
        """A rehearsal is only opened on a schema that is current."""
        return True

    def upgrade(self) -> None:
        """A dry run installs nothing. Raises NotSetUp."""
        raise NotSetUp("a dry run does not change the engine schema", hint="run `sync-engine setup` first")
