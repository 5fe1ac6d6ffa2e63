"""`audit history`: everything that happened to one record."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import key_argument, table_argument
from cli.verbs import Verb
from cli.views.archives import tell_archived
from cli.views.events import show_history
from sync_engine.domain.values import Json
from sync_engine.engine.inquiry.audit_record import history


@click.command(
    "history",
    cls=Verb,
    short_help="Show every change of one record, field by field.",
    examples=[
        ("audit history agents 7f3a…", "the record with this key"),
        ("audit history agent_tools '7f3a…,91bc…'", "a composite key: its values joined by commas"),
    ],
    exits=exits.CONNECTED,
)
@table_argument
@key_argument
@pass_session
def command(session: Session, table: str, key: str) -> None:
    """Show every change of one record, oldest first, field by field, on both sides."""
    events = history(session.context, table, key)
    tell_archived(session)
    document: list[Json] = [*events]
    session.output.result(document, lambda: show_history(session.output, events))
