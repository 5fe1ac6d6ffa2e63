"""`db sql`: the schema as a script for a DBA."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb


@click.command(
    "sql",
    cls=Verb,
    short_help="Print the schema as a script for a DBA.",
    examples=[("db sql > sync_engine.sql", "to be read, then run with psql by whoever may create schemas")],
    exits=exits.EVERYWHERE,
)
@pass_session
def command(session: Session) -> None:
    """Print what `db upgrade` would run on an empty database, as a psql script. It needs no database."""
    # Here and not above: alembic and the driver take a second to import, and `--help` needs neither.
    from sync_engine.bootstrap import schema_sql

    text = schema_sql()
    if session.output.as_json:
        session.output.result({"sql": text}, lambda: None)
    else:
        session.output.raw(text)
