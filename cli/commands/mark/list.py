"""`mark list`: all marks."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.times import shown
from cli.verbs import Verb
from sync_engine.domain.values import Json
from sync_engine.engine.undo.marks import list_marks


@click.command(
    "list",
    cls=Verb,
    short_help="List marks, oldest first.",
    examples=[("mark list", "names, times, and which are protected")],
    exits=exits.CONNECTED,
)
@pass_session
def command(session: Session) -> None:
    """List marks, oldest first."""
    marks = list_marks(session.context)
    document: list[Json] = [*marks]
    rows = [[mark["name"], shown(mark["at"]), "yes" if mark["protected"] else "no"] for mark in marks]
    session.output.result(
        document, lambda: session.output.table(["name", "at", "protected"], rows, empty="no marks")
    )
