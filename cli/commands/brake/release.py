"""`brake release`: let what the brake stopped go on, all of it or a part."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, table_option
from cli.verbs import Verb
from cli.views.brake import show_outcome
from sync_engine.engine.review.brake import brake_release


@click.command(
    "release",
    cls=Verb,
    short_help="Let what the brake stopped go on, all of it or a part.",
    changes="the rows or pages that the stopped deletes and updates are about, by a pass that it makes at once",
    examples=[
        ("brake release --dry-run", "how many that would be"),
        ("brake release --table agents --limit 10", "ten of them, to look at the result first; the rest waits on"),
        ("brake release", "all of them"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@table_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="N records at most; the rest waits on.")
@dry_run_option
@pass_session
def command(session: Session, table: str, limit: int | None, dry_run: bool) -> None:
    """Let what the brake stopped go on, all of it or a part.

    A delete that is released is applied, also where the table's policy holds deletes for a person. A `run` that is
    active carries what was released across by itself.
    """
    document = brake_release(session.context, table, limit, dry_run=dry_run)
    session.output.result(document, lambda: show_outcome(session.output, document, "released", "release"))
