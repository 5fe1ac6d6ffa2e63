"""Row filters: an expression of `sync.toml` read, checked and written anew by Postgres itself."""

from __future__ import annotations

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from sync_engine.adapters.postgres.connection import Driver
from sync_engine.adapters.postgres.errors import is_unreachable, message_of
from sync_engine.adapters.postgres.images import rows_of
from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.schema import Table
from sync_engine.errors import ConfigurationError

_NAME = Identifier("sync_engine_row_filter")


class _Undone(Exception):
    """Ends the block that made the table for the check, so that nothing of it stays."""


def checked(driver: Driver, table: Table, where: str) -> str:
    """The expression as Postgres prints it after parsing: over columns of this one table, one expression, boolean.

    It becomes a CHECK of a temporary table with these columns, which is taken back: so subqueries, aggregates and
    further statements are refused by the parser, and what runs later is not what somebody typed but what Postgres
    understood. Raises ConfigurationError with Postgres' own words, and for functions that may write (volatile).
    """
    found: list[str] = []
    try:
        with driver.transaction():
            found.append(_canonical(driver, table, where))
            raise _Undone
    except _Undone:
        return found[0]
    except psycopg.Error as error:
        if is_unreachable(error):
            raise
        raise ConfigurationError(message_of(error), hint=_HINT) from error


_HINT = "write one SQL expression over the columns of the table that is true or false, as in \"status <> 'draft'\""


def _canonical(driver: Driver, table: Table, where: str) -> str:
    own = Identifier(table.name)
    with psycopg.RawCursor(driver) as cursor:
        # Without parameters the driver would let several statements through: `binary` makes it one by protocol.
        made = SQL("CREATE TEMPORARY TABLE {} (LIKE {}, CONSTRAINT {} CHECK (\n{}\n)) ON COMMIT DROP").format(
            own, Identifier(table.schema, table.name), _NAME, SQL(where)
        )
        cursor.execute(made, binary=True)
        cursor.execute("SELECT set_config('search_path', 'pg_catalog, pg_temp', true)")
        checks, columns, expression, volatile = cursor.execute(
            statement("row_filter_check"), [table.name]
        ).fetchone() or (0, 0, "", None)
        if checks != 1 or columns != len(table.columns):
            raise ConfigurationError("it is more than one expression", hint=_HINT)
        if volatile:
            raise ConfigurationError(
                f"the function {volatile} is volatile: each time it may write, or answer otherwise",
                hint="use functions that are immutable or stable",
            )
        fitting = fitting_rows(table.schema, table.name, partitioned=table.partitioned, row_filter=str(expression))
        cursor.execute(SQL("SELECT count(*) FROM {} WHERE false").format(fitting), binary=True)
    return str(expression)


def fitting_rows(schema: str, table: str, *, partitioned: bool, row_filter: str) -> Composed:
    """The rows that fit, under the alias `t`, for FROM: in a query where only their columns have names.

    `row_filter` is what `checked` gave.
    """
    return SQL("(SELECT * FROM {} AS t WHERE ({})) AS t").format(
        rows_of(schema, table, partitioned=partitioned), SQL(row_filter)
    )
