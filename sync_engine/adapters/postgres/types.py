"""Column types of Postgres that SQLAlchemy does not name: xid8, pg_snapshot and the one-byte "char"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """A 64-bit transaction id that never wraps; `int` in Python (the driver speaks text)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "xid8"

    def bind_processor(self, dialect: Dialect) -> Callable[[int | None], str | None]:
        """Send as text: there is no cast from bigint."""
        return lambda value: None if value is None else str(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], int | None]:
        """Receive text."""
        return lambda value: None if value is None else int(value)


class Snapshot(UserDefinedType[str]):
    """A `pg_snapshot` as text: `xmin:xmax:xip,xip,...`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "pg_snapshot"


class Char(UserDefinedType[str]):
    """The internal one-byte type `"char"`: a code of one letter in one byte, where text takes two or more."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL; without the quotes it would mean character(1)."""
        return '"char"'
