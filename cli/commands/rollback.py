"""`rollback`: take back, on both sides."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import EMPTY_KEY_HINT, dry_run_option, yes_option
from cli.verbs import Verb
from cli.views.rollback import counted, show_outcome, show_plan
from sync_engine.engine.rollback import RollbackResult, Selection, rollback
from sync_engine.errors import SyncEngineError, UsageError


@click.command(
    "rollback",
    cls=Verb,
    short_help="Take back a run, a record, or everything since a mark.",
    changes="rows and pages of the selected records, on both sides; a rollback is a run of its own, so it can be "
    "rolled back as well",
    examples=[
        ("rollback --run 0198f2 --dry-run", "what taking back that run would do; `runs list` has the ids"),
        ("rollback --run 0198f2", "show the plan, ask, do it"),
        ("rollback --to before-import --yes", "everything since that mark, without a question"),
        ("rollback --record agents 7f3a…", "what the last run did to this record"),
        ("rollback --record agents 7f3a… --since '2 hours ago'", "all that was done to it since"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.option("--run", "run_id", default="", metavar="RUN", help="What this run did.")
@click.option("--to", "mark", default="", metavar="MARK", help="Everything since this mark.")
@click.option("--record", nargs=2, metavar="TABLE KEY", help="Only this record.")
@click.option("--since", metavar="TIME", help="Only changes made at this time or later; a time or a mark.")
@click.option("--until", metavar="TIME", help="Only changes made at this time or earlier.")
@click.option("--force", is_flag=True, help="Also overwrite edits that were made later.")
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session,
    run_id: str,
    mark: str,
    record: tuple[str, str] | None,
    since: str | None,
    until: str | None,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take back a run, a record, or everything since a mark, on both sides.

    It reads both sides, prints the plan and asks. A record that was edited afterwards is left alone and listed as
    blocked, unless --force.
    """
    if not (run_id or mark or record):
        raise UsageError("nothing selected", hint="name --run, --to or --record")
    if record and not record[1]:
        raise UsageError("the record key is empty", hint=EMPTY_KEY_HINT)
    selection = Selection(run_id, record, mark, session.moment(since, "--since"), session.moment(until, "--until"))
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
