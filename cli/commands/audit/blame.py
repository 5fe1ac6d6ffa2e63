"""`audit blame`: who last set each field of a record."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import key_argument, table_argument
from cli.verbs import Verb
from cli.views.events import show_blame
from sync_engine.domain.values import Json
from sync_engine.engine.inquiry.audit_record import blame


@click.command(
    "blame",
    cls=Verb,
    short_help="Show who last set each field of a record, and when.",
    examples=[
        ("audit blame agents 7f3a…", "like `git blame`, a field a line"),
        ("audit blame agents 7f3a… --json", "with the number of each event in the log"),
    ],
    exits=exits.STORED,
)
@table_argument
@key_argument
@pass_session
def command(session: Session, table: str, key: str) -> None:
    """Show who last set each field of a record to what it holds, on whichever side, and when.

    The engine's own writes carry a value across and are nobody's: the line names whose value it is.
    """
    fields = blame(session.context, table, key)
    document: list[Json] = [*fields]
    session.output.result(document, lambda: show_blame(session.output, fields))
