"""`brake show`: what waits behind the mass-change brake."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import table_option
from cli.verbs import Verb
from cli.views.brake import show_brakes
from sync_engine.domain.values import Json
from sync_engine.engine.review.brake import brake_show


@click.command(
    "show",
    cls=Verb,
    short_help="Show what waits behind the brake.",
    examples=[("brake show", "how many deletes and updates wait, to which side of which table, since when")],
    exits=exits.CONNECTED,
)
@table_option
@pass_session
def command(session: Session, table: str) -> None:
    """Show what waits behind the brake. `side` is the side that would be written.

    It tells what the passes so far have found; `sync` looks again.
    """
    document: list[Json] = [*brake_show(session.context, table)]
    session.output.result(document, lambda: show_brakes(session.output, document))
