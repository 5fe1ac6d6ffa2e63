"""`rollback`: take back, on both sides."""

from __future__ import annotations

from typing import Any

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import EMPTY_KEY_HINT, dry_run_option, table_option, yes_option
from cli.verbs import Verb
from cli.views.rollback import counted, show_outcome, show_plan
from sync_engine.engine.life.archived import refuse_archived
from sync_engine.engine.undo.rollback import RollbackResult, rollback
from sync_engine.engine.undo.rollback_selection import ENOUGH, Selection
from sync_engine.errors import SyncEngineError, UsageError


@click.command(
    "rollback",
    cls=Verb,
    short_help="Take back a run, a record, a transaction, or all since a mark.",
    changes="rows and pages of the selected records, on both sides; a rollback is a run of its own, so it can be "
    "rolled back as well",
    examples=[
        ("rollback --run 0198f2 --dry-run", "what taking back that run would do; `runs list` has the ids"),
        ("rollback --run 0198f2", "show the plan, ask, do it"),
        ("rollback --to before-import --yes", "everything since that mark, without a question"),
        ("rollback --record agents 7f3a…", "what the last run did to this record"),
        ("rollback --record agents 7f3a… --since '2 hours ago'", "all that was done to it since"),
        ("rollback --actor 'Ada Lovelace' --since yesterday", "what one person or application did"),
        ("rollback --txid 7421 --table agents", "what one transaction in Postgres did to one table"),
        ("rollback --event 4711 4712", "two single changes; `audit log` has their numbers"),
        ("rollback --to before-import --side notion", "what was edited in Notion since that mark"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.option("--run", "run", default="", metavar="RUN", help="What this run did.")
@click.option("--to", "to", default="", metavar="MARK", help="Everything since this mark.")
@click.option("--record", nargs=2, metavar="TABLE KEY", help="Only this record.")
@click.option("--event", "events", multiple=True, type=int, metavar="N...", help="These changes of the log.")
@click.option("--txid", type=click.IntRange(min=1), default=None, metavar="X", help="What this transaction did.")
@click.option("--actor", default="", metavar="ACTOR", help="What this person, role or application did.")
@table_option
@click.option("--since", metavar="TIME", help="Only changes made at this time or later; a time or a mark.")
@click.option("--until", metavar="TIME", help="Only changes made at this time or earlier.")
@click.option(
    "--side",
    type=click.Choice(["both", "postgres", "notion"]),
    default="both",
    show_default=True,
    help="Only changes made on this side; they are taken back on both.",
)
@click.option("--force", is_flag=True, help="Also overwrite edits that were made later.")
@click.argument("more", nargs=-1, type=int, metavar="")
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session,
    /,
    events: tuple[int, ...],
    more: tuple[int, ...],
    txid: int | None,
    since: str | None,
    until: str | None,
    force: bool,
    dry_run: bool,
    yes: bool,
    **said: Any,
) -> None:
    """Take back a run, a record, a transaction, what an actor did, single changes, or everything since a mark.

    What is said together must hold together: --actor with --to is what that actor did since the mark. It reads
    both sides, prints the plan and asks. A record that was edited afterwards is left alone and listed as blocked,
    unless --force. Backfilled rows were nobody's doing and are never taken back.
    """
    if more and not events:
        raise UsageError(f"{more[0]} is said without an option", hint="numbers of changes follow --event")
    if said["record"] and not said["record"][1]:
        raise UsageError("the record key is empty", hint=EMPTY_KEY_HINT)
    selection = Selection(
        **said,
        events=(*events, *more),
        txid=txid or 0,
        since=session.moment(since, "--since"),
        until=session.moment(until, "--until"),
    )
    if not selection.is_enough:
        raise UsageError("nothing selected", hint=ENOUGH)
    refuse_archived(session.context, selection.since)
    planned = _rollback(session, selection, force, dry_run=True)
    if dry_run:
        session.output.result(planned.to_json(), lambda: show_plan(session.output, planned))
        return
    show_plan(session.output, planned)
    if planned.requests:
        session.ask(f"Take back {counted(planned.requests)}?", yes=yes)
    done = _rollback(session, selection, force, dry_run=False)
    session.output.result(done.to_json(), lambda: show_outcome(session.output, done))
    if done.blocked and not done.undone:
        raise SyncEngineError(
            f"nothing was taken back: {done.blocked} blocked or refused",
            hint="the plan has each reason; --force overwrites later edits",
        )


def _rollback(session: Session, selection: Selection, force: bool, *, dry_run: bool) -> RollbackResult:
    return rollback(
        session.context,
        selection,
        force=force,
        dry_run=dry_run,
        requests_per_minute=session.settings.notion.requests_per_minute,
        who=session.who,
    )
