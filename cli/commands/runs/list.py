"""`runs list`: the newest runs."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from cli.views.runs import run_json, show_runs
from sync_engine.domain.values import Json


@click.command(
    "list",
    cls=Verb,
    short_help="List runs, the newest first.",
    examples=[
        ("runs list", "the last twenty"),
        ("runs list --limit 1 --json", "the last one; its run_id is what `rollback --run` takes"),
    ],
    exits=exits.STORED,
)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="How many.")
@pass_session
def command(session: Session, limit: int) -> None:
    """List runs, the newest first.

    A run whose process was killed is called interrupted as soon as the next one begins; nothing of it is lost.
    """
    with session.stored() as uow:
        runs: list[Json] = [run_json(run) for run in uow.runs.recent(limit)]
    session.output.result(runs, lambda: show_runs(session.output, runs))
