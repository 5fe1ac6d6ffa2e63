"""`sync`: one pass, both ways, until both sides are quiet."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option
from cli.verbs import Verb
from cli.views.passes import show_pass
from sync_engine.engine.passes.braking import told
from sync_engine.engine.passes.sync import SyncDirection, SyncOptions, sync
from sync_engine.engine.summary import PassSummary
from sync_engine.errors import BrakeEngaged


@click.command(
    "sync",
    cls=Verb,
    short_help="Carry edits across, both ways, until both sides are quiet.",
    changes="rows in Postgres and pages in Notion; each change is journalled with what was there before",
    examples=[
        ("sync", "one pass over all tables"),
        ("sync --dry-run", "what that pass would do"),
        ("sync --table agents --limit 20", "twenty agents and no more, to look at the result first"),
        ("sync --full", "read every page, which finds pages in the trash of large tables too"),
        ("sync --strict --json", "for a script: exit 3 while a conflict or a held record waits for a person"),
    ],
    exits=[*exits.CONNECTED, exits.STRICT, exits.BRAKE, exits.LOCKED],
)
@click.option(
    "--direction",
    type=click.Choice(["both", "to-notion", "from-notion"]),
    default="both",
    show_default=True,
    help="Write to one side only; the other side's news is remembered.",
)
@tables_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N records of each table.")
@click.option("--full", is_flag=True, help="Read every page, not only those edited lately; small tables always.")
@click.option("--strict", is_flag=True, help="Exit 3 when open conflicts or held records exist afterwards.")
@dry_run_option
@pass_session
@click.pass_context
def command(
    click_context: click.Context,
    session: Session,
    direction: SyncDirection,
    tables: tuple[str, ...],
    limit: int | None,
    full: bool,
    strict: bool,
    dry_run: bool,
) -> None:
    """Carry edits across, both ways, until both sides are quiet.

    Edits to different fields of one record merge. Two edits of one field are a conflict: it is decided by the
    table's policy, and the other value is kept (`sync-engine conflicts list`). A record that cannot be applied is
    held with its reason and never stops the others (`sync-engine held list`). Safe to repeat and to interrupt.
    """
    summary = sync(session.context, SyncOptions(direction, tables, limit, full, dry_run, cheap_proof=True))
    session.output.result(summary.to_json(), lambda: show_pass(session.output, summary))
    _refuse_brake(summary)
    total = summary.total
    if strict and (total.conflicts_open or total.held_open):
        click_context.exit(exits.STRICT)


def _refuse_brake(summary: PassSummary) -> None:
    if summary.stops:
        stopped = told(summary.stops)
        raise BrakeEngaged(
            f"the brake would stop {stopped}"
            if summary.dry_run
            else f"the brake stopped {stopped}; none of these was applied, everything else was",
            hint="look: `brake show`; then let them go on: `brake release`, or undo them where they were made:"
            " `brake discard`",
        )
