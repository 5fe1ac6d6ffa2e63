"""Asking a server for its state, and making and dropping its databases."""

from __future__ import annotations

import psycopg
from psycopg import pq, sql

from sync_engine.errors import DatabaseError, DatabaseUnavailable

# The demands that the environment may make (PGSSLMODE, PGREQUIREPEER …) and a local socket cannot meet.
_UNDEMANDING = (
    "&sslmode=disable&gssencmode=disable&channel_binding=disable&target_session_attrs=any&requirepeer="
    "&connect_timeout=5"
)


def accepts_connections(url: str) -> bool:
    """Whether the server answers and is past its start-up; needs no free connection slot.

    Raises `DatabaseUnavailable` when libpq cannot even try, which only the environment can cause.
    """
    answer = pq.PGconn.ping((url + _UNDEMANDING).encode())
    if answer == pq.Ping.NO_ATTEMPT:
        raise DatabaseUnavailable(
            "libpq cannot use the address of the embedded Postgres",
            hint="unset PGSERVICE and the other PG* variables of the environment",
        )
    return answer == pq.Ping.OK


def create(url: str, name: str, template: str | None, *, strategy: str | None = None) -> None:
    """Make the database; `strategy` is for PostgreSQL 15 and later.

    Raises `DatabaseError` for a name in use, and for a template that somebody is connected to.
    """
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    if strategy is not None:
        statement += sql.SQL(" STRATEGY {}").format(sql.Identifier(strategy.lower()))
    _run(url, statement)


def drop(url: str, name: str) -> None:
    """Drop the database if it exists, ending its connections. Raises `DatabaseError`."""
    _run(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(url: str, statement: sql.Composed) -> None:
    try:
        with psycopg.connect(url + _UNDEMANDING, autocommit=True) as connection:
            # "IF EXISTS" would otherwise tell on standard error that there was nothing to do.
            connection.execute("SET client_min_messages = warning")
            connection.execute(statement)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"the embedded Postgres did not answer: {error}", hint="call ensure_running() and try again"
        ) from error
    except psycopg.Error as error:
        raise DatabaseError(str(error), sqlstate=error.sqlstate or "") from error
