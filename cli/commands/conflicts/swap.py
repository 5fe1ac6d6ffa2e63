"""`conflicts swap`: put the value that lost on both sides after all."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from cli.views.conflicts import show_conflict, side
from sync_engine.engine.review.conflicts import conflict_show, swap


@click.command(
    "swap",
    cls=Verb,
    short_help="Put the value that lost on both sides after all.",
    changes="that one field, in Postgres and in Notion, as a logged edit that can be taken back",
    examples=[
        ("conflicts swap 3", "the other value wins; a second swap turns it round again"),
        ("conflicts swap 3 --dry-run", "which value that would be"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.argument("conflict_id", metavar="ID", type=int)
@click.option("--force", is_flag=True, help="Also when the field was edited since.")
@dry_run_option
@pass_session
def command(session: Session, conflict_id: int, force: bool, dry_run: bool) -> None:
    """Put the value that lost a conflict on both sides after all.

    Refused when somebody has edited the field since, unless --force says that this edit may be overwritten.
    """
    if dry_run:
        found = conflict_show(session.context, conflict_id)
        loser = {"postgres": "notion", "notion": "postgres"}.get(str(found["winner"]), "")
        planned = {**found, "dry_run": True, "value": side(found, loser).get("value")}
        session.output.result(planned, lambda: session.output.fields([("would put", planned["value"])]))
        return
    swapped = swap(session.context, conflict_id, who=session.who, force=force)
    session.output.result(swapped, lambda: show_conflict(session.output, swapped))
