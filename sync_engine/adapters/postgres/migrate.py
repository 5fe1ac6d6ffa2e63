"""Brings the engine schema to the version this code needs, and takes it away again.

Guarded: one upgrader at a time (a second one waits, then finds nothing to do), short lock timeouts, one
transaction a migration. The schema, its version table included, is `sync_engine`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, NullPool, create_engine, event, text

from sync_engine.adapters.postgres.errors import translated
from sync_engine.adapters.postgres.tables import SCHEMA
from sync_engine.adapters.postgres.url import connection_parameters, describe
from sync_engine.errors import DatabaseError
from sync_engine.resources import shipped

LOCK_KEY = 0x73796E63_6D696772
"""Advisory lock of an upgrade: the bytes of `syncmigr`."""

GUARDS = (
    "SET LOCAL lock_timeout = '4s'",
    "SET LOCAL statement_timeout = '60s'",
    "SET LOCAL search_path = pg_catalog, pg_temp",
)
"""Said at the start of each transaction, so that the application never queues behind a migration for long."""

LOCK_WAIT = "60s"


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision`. Safe to repeat and to run twice at once. Raises DatabaseError."""
    with upgrader(url) as connection:
        _run(connection, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str = "base") -> None:
    """Migrate down. `base` leaves the empty schema and its version table; the log and all state are lost."""
    with upgrader(url) as connection:
        _run(connection, lambda config: command.downgrade(config, revision))


def uninstall(url: str) -> None:
    """Take away everything the engine keeps in the database, capture triggers included."""
    with upgrader(url) as connection:
        if _version(connection):
            _run(connection, lambda config: command.downgrade(config, "base"))
        with connection.begin():
            connection.execute(text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))


def current(url: str) -> str:
    """The revision the database is at; empty when there is none."""
    with _connect(url) as connection:
        return _version(connection)


def head() -> str:
    """The revision this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def is_current(url: str) -> bool:
    """Whether the database is at exactly the revision this code needs."""
    return current(url) == head()


def connection_is_current(connection: Connection) -> bool:
    """The same, asked over a connection that is already open."""
    return _version(connection) == head()


def sql(revision: str = "head") -> str:
    """The DDL of an upgrade from nothing, as a psql script; needs no database."""
    buffer = io.StringIO()
    config = _config()
    config.output_buffer = buffer
    command.upgrade(config, revision, sql=True)
    return buffer.getvalue()


@contextmanager
def upgrader(url: str) -> Iterator[Connection]:
    """A guarded connection, while holding the lock that keeps other upgraders out.

    The lock is of a second connection's open transaction and not of a session, so that it also holds through
    a transaction pooler, and goes with the process.
    """
    with _connect(url) as holder, holder.begin():
        holder.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
        holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        holder.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        with _connect(url) as connection:
            event.listen(connection, "begin", _guard)
            yield connection


def _guard(connection: Connection) -> None:
    for statement in GUARDS:
        connection.connection.cursor().execute(statement)


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    """One connection, outside any pool; any form of URL that libpq takes. Driver errors leave as ours."""
    parameters = connection_parameters(url)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(make_conninfo("", **parameters), prepare_threshold=None),
        poolclass=NullPool,
    )
    with translated(describe(parameters)), engine.connect() as connection:
        yield connection


def _version(connection: Connection) -> str:
    with connection.begin():
        if connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.alembic_version')")) is None:
            return ""
        return connection.scalar(text(f"SELECT version_num FROM {SCHEMA}.alembic_version")) or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")).replace("%", "%%"))
    return config


def _run(connection: Connection, migration: Callable[[Config], None]) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        migration(config)
    except CommandError as error:
        raise DatabaseError(
            f"the engine schema cannot be migrated: {error}",
            hint="if a newer sync-engine has upgraded this database, use that one",
        ) from error
