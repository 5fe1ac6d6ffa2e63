"""Postgres' errors, by SQLSTATE, as ours: the driver's classes and its localised texts go no further."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from sync_engine.errors import (
    ConstraintRejected,
    DatabaseBusy,
    DatabaseError,
    DatabaseUnavailable,
    NotSetUp,
    SyncEngineError,
)

_UNREACHABLE_CLASSES = ("08", "28", "53", "57P", "58")
"""Connection, log-in, resources, shutdown, system error: SQLSTATE beginnings of a server that cannot serve."""

_UNREACHABLE = frozenset({"3D000", "25P03"})
_BUSY = frozenset({"40001", "40P01", "55P03", "40003"})
_REJECTED_CLASSES = ("22", "23")
_CANCELLED = "57014"
_STATEMENT_CLASSES = ("25", "2D", "42", "XX")
"""Transaction state, unknown names, missing rights, internal errors: whatever the row, the statement fails."""

_OF_ONE_ROW = frozenset({"428C9"})
"""The exception among them: a write to a generated column."""

_TYPED = frozenset({"42601", "42602", "42622", "42704", "42725", "42883", "42P01"})
_TYPED_FILES = frozenset({"hstore_io.c"})
"""What some types raise for a text that is no value of theirs (ltree, jsonpath): the codes of a wrong statement.
They come while it runs, so that no place in it is blamed. hstore of PostgreSQL 15 has an internal error instead.
"""

_NO_RIGHT = "42501"
_POLICY = "ExecWithCheckOptions"
"""A row that a policy forbids has the code of a missing right; where the server raised it tells them apart."""

_UNDEFINED = frozenset({"3F000", "42P01", "42883", "42703"})
_DETAIL_NAMES_THE_KEY = frozenset({"23503", "23505", "23P01"})
"""Only these tell their detail: that of NOT NULL and CHECK prints the whole row, secrets included."""

_OTHER_HINTS = {
    "42501": "grant the role of DATABASE_URL the rights that docs/reference/database-permissions.md lists",
    "25006": "DATABASE_URL leads to a read-only replica; use the primary",
    _CANCELLED: "a statement took longer than the role's statement_timeout allows",
}


@contextmanager
def translated(target: str = "") -> Iterator[None]:
    """Raise whatever the driver raises in the block as one of ours, with the driver's error as its cause.

    `target` says where the database is, without a password (`url.describe`), for the hint.
    """
    try:
        yield
    except DBAPIError as error:
        cause = error.orig if isinstance(error.orig, psycopg.Error) else None
        raise translate(cause, target) if cause else DatabaseError(str(error.orig)) from error.orig
    except psycopg.Error as error:
        raise translate(error, target) from error


def translate(error: psycopg.Error, target: str = "") -> SyncEngineError:
    """The error of ours that this one of the driver means."""
    state = error.sqlstate or ""
    if is_unreachable(error):
        return DatabaseUnavailable(message_of(error), hint=_where(target), sqlstate=state)
    if state in _BUSY:
        return DatabaseBusy(message_of(error), hint="repeat the command", sqlstate=state)
    if state.startswith(_REJECTED_CLASSES):
        return ConstraintRejected(
            message_of(error),
            sqlstate=state,
            constraint=error.diag.constraint_name or "",
            column=error.diag.column_name or "",
        )
    if state in _UNDEFINED and "sync_engine" in message_of(error):
        return NotSetUp("the engine's schema is not in this database", hint="run: sync-engine setup")
    return DatabaseError(message_of(error), hint=_OTHER_HINTS.get(state, ""), sqlstate=state)


def is_unreachable(error: psycopg.Error) -> bool:
    """Whether the server or the connection is gone, so that no further statement can succeed."""
    state = error.sqlstate or ""
    if not state:
        # The driver itself: no connection was made, or it broke. Its other classes are mistakes of the caller.
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state.startswith(_UNREACHABLE_CLASSES) or state in _UNREACHABLE


def concerns_one_row(error: psycopg.Error) -> bool:
    """Whether a write failed for what that row holds, so that other rows of the table may still go through.

    That is a constraint, a value that the type cannot take, a view's CHECK OPTION, or anything that a trigger
    or function of the user raised, whatever its code (its text has a context). Our own capture trigger is not
    the user's: when it fails, every row would.
    """
    state = error.sqlstate or ""
    if is_unreachable(error) or state in _BUSY or state == _CANCELLED:
        return False
    context = error.diag.context or ""
    if context:
        return "sync_engine." not in context
    if state == _NO_RIGHT and error.diag.source_function == _POLICY:
        return True
    if error.diag.statement_position is None and (state in _TYPED or error.diag.source_file in _TYPED_FILES):
        return True
    return state in _OF_ONE_ROW or not state.startswith(_STATEMENT_CLASSES)


def message_of(error: psycopg.Error) -> str:
    """Postgres' sentence on one line; with the clashing key where the detail is that and nothing more."""
    primary = error.diag.message_primary
    if primary is None:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[0] if lines else type(error).__name__
    if error.sqlstate in _DETAIL_NAMES_THE_KEY and error.diag.message_detail:
        return f"{primary}: {error.diag.message_detail}"
    return primary


def _where(target: str) -> str:
    return f"check DATABASE_URL ({target})" if target else "check DATABASE_URL"
