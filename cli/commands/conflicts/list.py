"""`conflicts list`: fields that were edited differently on both sides."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import table_option
from cli.verbs import Verb
from cli.views.conflicts import show_conflicts
from sync_engine.domain.values import Json
from sync_engine.engine.review.conflicts import conflict_list

UNREVIEWED = ("open", "auto")


@click.command(
    "list",
    cls=Verb,
    short_help="List conflicts, oldest first.",
    examples=[
        ("conflicts list", "what nobody has looked at: open, and decided by policy"),
        ("conflicts list --status open", "what waits for a person"),
        ("conflicts list --status all --table agents --json", "everything there ever was, for a script"),
    ],
    exits=exits.CONNECTED,
)
@click.option(
    "--status",
    type=click.Choice(["open", "auto", "resolved", "all"]),
    help="Only these.  [default: open and auto, which is what no person has decided]",
)
@table_option
@pass_session
def command(session: Session, status: str | None, table: str) -> None:
    """List conflicts, oldest first."""
    found: list[Json] = [
        *(
            item
            for wanted in ([status] if status else UNREVIEWED)
            for item in conflict_list(session.context, wanted, table)
        )
    ]
    session.output.result(found, lambda: show_conflicts(session.output, found))
