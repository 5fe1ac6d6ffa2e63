"""The user's database as the engine sees it: transactions, the installation's lock, and the clock."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from sync_engine.adapters.postgres import migrate
from sync_engine.adapters.postgres.connection import connect, make_engine
from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.lock import installation_lock
from sync_engine.adapters.postgres.rehearsal import Rehearsal
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.postgres.unit_of_work import PostgresUnitOfWork
from sync_engine.adapters.postgres.url import connection_parameters, describe


class PostgresDatabase:
    """Implements `ports.database.Database` over one connection URL; nothing connects before it is used.

    Errors of the driver leave `transaction` translated; inside its block they are still the driver's, because
    Postgres refuses every further statement of a transaction in which one failed.
    """

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError when the URL cannot be read."""
        self._url = url
        self._parameters = connection_parameters(url)
        self._target = describe(self._parameters)
        self._engine = make_engine(url)
        # A pool that nobody closed is closed with the last reference to it, or at exit.
        weakref.finalize(self, self._engine.dispose)

    def __repr__(self) -> str:
        return f"PostgresDatabase({self._target})"

    def close(self) -> None:
        """Close the idle connection; a later use opens a new one."""
        self._engine.dispose()

    @contextmanager
    def transaction(self, origin: str = "", actor: str = "") -> Iterator[PostgresUnitOfWork]:
        """Begin READ COMMITTED; commit when the block ends, roll back when it raises.

        A DatabaseUnavailable at the very end leaves open whether the commit took place.
        """
        with translated(self._target), self._engine.begin() as connection:
            connection.execute(text(statement("begin")), {"origin": origin, "actor": actor})
            yield PostgresUnitOfWork(connection)

    @contextmanager
    def rehearsal(self) -> Iterator[Rehearsal]:
        """A database whose transactions are all undone when the block ends; for dry runs."""
        with translated(self._target), self._engine.connect() as connection, connection.begin() as outer:
            try:
                yield Rehearsal(connection, self._target)
            finally:
                outer.rollback()

    @contextmanager
    def lock(self, patience: float = 0.0, idle_limit: float = 0.0) -> Iterator[Callable[[], None]]:
        """Hold the installation's lock on a connection of its own. Raises LockHeld, naming the holder."""
        with (
            translated(self._target),
            connect(self._parameters) as connection,
            installation_lock(connection, patience, idle_limit) as touch,
        ):

            def kept() -> None:
                with translated(self._target):
                    touch()

            yield kept

    def now(self) -> datetime:
        """The database's clock."""
        with translated(self._target), self._engine.connect() as connection:
            at: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            return at.astimezone(UTC)

    def is_set_up(self) -> bool:
        """Whether the engine schema is at the revision this code needs."""
        with translated(self._target), self._engine.connect() as connection:
            return migrate.connection_is_current(connection)

    def upgrade(self) -> None:
        """Bring the engine schema to the revision this code needs."""
        with translated(self._target):
            migrate.upgrade(self._url)
