"""`conflicts show`: one conflict in full."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from cli.views.conflicts import show_conflict
from sync_engine.engine.review.conflicts import conflict_show


@click.command(
    "show",
    cls=Verb,
    short_help="Show one conflict: base, both values, actors, times, reason.",
    examples=[("conflicts show 3", "conflict 3 of `conflicts list`, with the values in full")],
    exits=exits.CONNECTED,
)
@click.argument("conflict_id", metavar="ID", type=int)
@pass_session
def command(session: Session, conflict_id: int) -> None:
    """Show one conflict: the base, both values in full, who set them, when, and why one of them won.

    Notion shows edit times to the minute only, so its time is a span.
    """
    found = conflict_show(session.context, conflict_id)
    session.output.result(found, lambda: show_conflict(session.output, found))
