"""`status`: what is where, what is left to do, what waits for a person."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.times import shown
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.status import status

_COLUMNS = ("table", "rows", "pages", "linked", "backlog", "conflicts", "held", "last_sync")


@click.command(
    "status",
    cls=Verb,
    short_help="Show, for each table, what is where and what is left to do.",
    examples=[
        ("status", "rows, pages, backlog, conflicts and held records of each table"),
        ("status --json", "the same for a monitor, with the ids of the Notion databases"),
    ],
    exits=exits.STORED,
)
@pass_session
def command(session: Session) -> None:
    """Show, for each table, what is where, what is left to do, and what waits for a person.

    It asks the database only. The backlog counts what is known: edits since the last pass are not in it yet.
    """
    document = status(session.context, session.settings.notion.requests_per_minute)
    session.output.result(document, lambda: _show(session.output, document))


def _show(output: Output, document: JsonObject) -> None:
    tables = document["tables"] if isinstance(document["tables"], list) else []
    rows = [
        [*(item[name] for name in _COLUMNS[:-1]), shown(item["last_sync"])]
        for item in tables
        if isinstance(item, dict)
    ]
    output.table([name.replace("_", " ") for name in _COLUMNS], rows, empty="no tables")
    budget, last = document["budget"], document.get("last_run")
    if isinstance(budget, dict):
        output.text(f"budget: {budget.get('requests_per_minute')} requests to Notion a minute")
    if isinstance(last, dict):
        output.text(f"last run: {last['kind']} {last['run_id']}, {last['status']}")
    if document["open_conflicts"]:
        output.text(f"{document['open_conflicts']} open conflicts: sync-engine conflicts list --status open")
    if document["held"]:
        output.text(f"{document['held']} held records: sync-engine held list")
