"""`rollback`: take back, on both sides."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import EMPTY_KEY_HINT, dry_run_option, table_option, yes_option
from cli.verbs import Verb
from cli.views.rollback import counted, show_outcome, show_plan
from sync_engine.domain.compensation import Status
from sync_engine.engine.inquiry.archived import refuse_archived
from sync_engine.engine.undo.resuming import resume
from sync_engine.engine.undo.rollback import RollbackResult, abort, rollback
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
@click.option("--ask", is_flag=True, help="Ask about each record that was edited later.")
@click.option(
    "--resume",
    "resume_id",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[ID]",
    help="Complete a rollback that was cut short.",
)
@click.option("--abort", "abort_id", default="", metavar="ID", help="Give up a rollback that was cut short.")
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
    ask: bool,
    resume_id: str | None,
    abort_id: str,
    dry_run: bool,
    yes: bool,
    **said: Any,
) -> None:
    """Take back a run, a record, a transaction, what an actor did, single changes, or everything since a mark.

    What is said together must hold together: --actor with --to is what that actor did since the mark. It reads
    both sides, prints the plan and asks. A record that was edited afterwards is left alone and listed as blocked,
    unless --force, or asked about with --ask. Backfilled rows were nobody's doing and are never taken back.

    A rollback that was killed goes on when the same command is given again, or with --resume; the next rollback
    completes it first. --abort gives it up and takes back what it had done.
    """
    if resume_id is not None or abort_id:
        _completed(session, resume_id, abort_id, yes=yes)
        return
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
    overwritten = _asked(session, planned) if ask and not force else ()
    if planned.undoable or overwritten:
        session.ask(f"Take back {counted(planned.undoable)}?", yes=yes)
    _told(session, _rollback(session, selection, overwritten or force, dry_run=False))


def _told(session: Session, done: RollbackResult) -> None:
    session.output.result(done.to_json(), lambda: show_outcome(session.output, done))
    if done.blocked and not done.undone:
        raise SyncEngineError(
            f"nothing was taken back: {done.blocked} blocked or refused",
            hint="the plan has each reason; --force overwrites later edits",
        )


def _asked(session: Session, planned: RollbackResult) -> Collection[tuple[str, str]]:
    """The records whose later edits a person lets go, one question each."""
    if not sys.stdin.isatty():
        raise UsageError(
            "--ask: nobody can answer", hint="standard input is no terminal; leave it out, or --force"
        )
    return {
        (item.mapping.name, item.record.key)
        for item in planned.plan
        if item.reason
        and (item.blocked or item.status is Status.BLOCKED)
        and session.output.confirm(f"{item.mapping.name} {item.record.key}: {item.reason}. Overwrite?")
    }


def _completed(session: Session, resume_id: str | None, abort_id: str, *, yes: bool) -> None:
    if abort_id:
        session.ask(f"Give up rollback {abort_id} and take back what it did?", yes=yes)
        _told(session, abort(session.context, abort_id, who=session.who))
        return
    done = resume(session.context, resume_id or "")
    _told(session, RollbackResult(done.rollback_id, False, [], done.undone, done.refused))


def _rollback(
    session: Session, selection: Selection, force: bool | Collection[tuple[str, str]], *, dry_run: bool
) -> RollbackResult:
    return rollback(
        session.context,
        selection,
        force=force,
        dry_run=dry_run,
        requests_per_minute=session.settings.notion.requests_per_minute,
        who=session.who,
    )
