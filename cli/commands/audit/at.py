"""`audit at`: a record or a table as of a time, or what changed between two times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import table_argument
from cli.verbs import Verb
from cli.views.then import show_record, show_record_changes, show_table, show_table_changes
from sync_engine.domain.values import JsonObject
from sync_engine.engine.inquiry.audit_record import record_at, record_between
from sync_engine.engine.inquiry.audit_table import table_at, table_between
from sync_engine.errors import UsageError


@click.command(
    "at",
    cls=Verb,
    short_help="Show a record or a table as of a time, or what changed between two.",
    examples=[
        ("audit at agents 7f3a… --time '2 hours ago'", "what the record was then"),
        ("audit at agents --time before-import --json", "the whole table as of a mark"),
        ("audit at agents --time yesterday --and now", "what changed since, record by record, net"),
    ],
    exits=exits.STORED,
)
@table_argument
@click.argument("key", metavar="[KEY]", default="")
@click.option("--time", "at", metavar="TIME", required=True, help="As of this time; a time or a mark.")
@click.option("--and", "--until", "later", metavar="TIME", help="Show what changed from then to this time.")
@pass_session
def command(session: Session, table: str, key: str, at: str, later: str | None) -> None:
    """Show a record, or without KEY a whole table, as of a time; with --and what changed between two times.

    Values are those of the row; of a page that had no row yet, those of the page. An edit in Notion counts from
    the end of the minute in which it happened, because Notion tells no more.
    """
    moment, until = session.moment(at, "--time"), session.moment(later, "--and")
    if moment is None:
        raise UsageError("--time is missing")
    if until is not None and until < moment:
        raise UsageError(f"--and {later} lies before --time {at}", hint="name the earlier time first")
    if key:
        _record(session, table, key, moment, until)
    else:
        _table(session, table, moment, until)


def _record(session: Session, table: str, key: str, at: datetime, until: datetime | None) -> None:
    if until is None:
        found = record_at(session.context, table, key, at)
        session.output.result(found, lambda: show_record(session.output, found))
    else:
        changed = record_between(session.context, table, key, at, until)
        session.output.result(changed, lambda: show_record_changes(session.output, changed))


def _table(session: Session, table: str, at: datetime, until: datetime | None) -> None:
    records: Iterable[JsonObject]
    if until is None:
        records, show = table_at(session.context, table, at), show_table
    else:
        records, show = table_between(session.context, table, at, until), show_table_changes
    if session.output.as_json:
        session.output.stream(records)
    else:
        show(session.output, records)
