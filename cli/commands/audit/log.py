"""`audit log`: the events of both sides, filtered."""

from __future__ import annotations

from typing import Any

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import table_option
from cli.verbs import Verb
from cli.views.archives import tell_archived
from cli.views.events import csv_lines, show_events
from sync_engine.engine.inquiry.audit import AuditQuery, log
from sync_engine.errors import UsageError


@click.command(
    "log",
    cls=Verb,
    short_help="List the changes of both sides, filtered.",
    examples=[
        ("audit log --limit 20", "the newest twenty"),
        ("audit log --table agents --field status --since '2 hours ago'", "who touched this field lately"),
        ("audit log --since before-import --source notion", "what was edited in Notion since that mark"),
        ("audit log --format csv > audit.csv", "all of it, for a spreadsheet"),
    ],
    exits=exits.CONNECTED,
)
@table_option
@click.option("--key", default="", metavar="KEY", help="Only the record with this key.")
@click.option("--field", default="", metavar="FIELD", help="Only changes of this field.")
@click.option("--actor", default="", metavar="ACTOR", help="Only changes by this role, person or application.")
@click.option("--source", type=click.Choice(["postgres", "notion"]), help="The side it happened on.")
@click.option("--origin", default="", metavar="ORIGIN", help="Only writes of this origin, such as rollback:ID.")
@click.option("--run", "run_id", default="", metavar="RUN", help="Only writes of this run.")
@click.option("--since", metavar="TIME", help="At this time or later; a time or a mark.")
@click.option("--until", metavar="TIME", help="At this time or earlier.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The newest N.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="Form.",
)
@pass_session
def command(
    session: Session,
    /,
    since: str | None,
    until: str | None,
    run_id: str,
    source: str | None,
    form: str,
    **filters: Any,
) -> None:
    """List the changes of both sides, oldest first, streamed: the log may be longer than memory."""
    query = AuditQuery(
        **filters,
        source=source or "",
        run=_whole_id(session, run_id),
        since=session.moment(since, "--since"),
        until=session.moment(until, "--until"),
    )
    tell_archived(session, query.since)
    events = log(session.context, query)
    if form == "json" or session.output.as_json:
        session.output.stream(events)
    elif form == "csv":
        for line in csv_lines(events):
            session.output.raw(line)
    else:
        show_events(session.output, events)


def _whole_id(session: Session, run_id: str) -> str:
    if not run_id:
        return ""
    with session.stored() as uow:
        run = uow.runs.get(run_id)
    if run is None:
        raise UsageError(f"there is no run {run_id!r}", hint="`sync-engine runs list` shows them")
    return run.run_id
