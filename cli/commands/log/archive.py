"""`log archive`: old events leave the log for files."""

from __future__ import annotations

from datetime import timedelta

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, yes_option
from cli.verbs import Verb
from cli.views.archives import show_retained
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.life.retain import Retained, retain
from sync_engine.errors import UsageError


@click.command(
    "archive",
    cls=Verb,
    short_help="Move old events to archives.",
    changes="the log: old events go to files, and marks that are not protected go with them; no row and no page",
    examples=[
        ("log archive --older-than 365 --dry-run", "how many events would go, and what keeps the others"),
        ("log archive --older-than 365 --yes", "for a job; `run` does it by itself with [retention] log_days"),
    ],
    exits=[*exits.STORED, exits.LOCKED],
)
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Events sealed so many days ago; default: [retention] log_days.",
)
@dry_run_option
@yes_option
@pass_session
def command(session: Session, older_than: float | None, dry_run: bool, yes: bool) -> None:
    """Write old events to files, prove the files, and only then take the events out of the log.

    Nothing that is still needed goes: what a reader has not read, what open conflicts, held and waiting records
    rest on, what came after a protected mark. Of what is older, the last event that set each field stays, so
    `blame`, `replay` and the state at any later time are what they were. `audit verify` still proves the chain.
    """
    context = session.context
    age = timedelta(days=older_than) if older_than is not None else context.keep_log
    if age is None:
        raise UsageError("how old is old?", hint="--older-than DAYS, or [retention] log_days in sync.toml")
    planned = retain(context, age, dry_run=True)
    if dry_run or not planned.events:
        _told(session, planned)
        return
    show_retained(session.output, planned)
    session.ask(f"Take {planned.dropped} events out of the log?", yes=yes)
    with between_turns(context.database):
        done = retain(context, age)
    _told(session, done)


def _told(session: Session, found: Retained) -> None:
    session.output.result(found.to_json(), lambda: show_retained(session.output, found))
