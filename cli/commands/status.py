"""`status`: what is where, what is left to do, what waits for a person."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.times import lasting, shown
from cli.verbs import Verb
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.inquiry.status import status

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
    if document["backlog"]:
        output.text(f"to go: {document['backlog']} records, about {lasting(float(str(document['eta_seconds'])))}")
    _show_budget(output, document["budget"])
    last = document.get("last_run")
    _show_run(output, document.get("run"))
    if isinstance(last, dict):
        output.text(f"last run: {last['kind']} {last['run_id']}, {last['status']}")
    if document["open_conflicts"]:
        output.text(f"{document['open_conflicts']} open conflicts: sync-engine conflicts list --status open")
    _show_inbox(output, document["inbox"])
    _show_brake(output, document["brake"])
    if document["held"]:
        output.text(f"{document['held']} held records: sync-engine held list")


def _show_budget(output: Output, budget: Json) -> None:
    if not isinstance(budget, dict):
        return
    pause = float(str(budget["paused_seconds"]))
    paused = f"; Notion asked to send nothing for {lasting(pause)}" if pause else ""
    used = f"{budget['used']} of {budget['requests_per_minute']}"
    output.text(f"budget: {used} requests to Notion used in the last minute{paused}")


def _show_inbox(output: Output, inbox: Json) -> None:
    if not isinstance(inbox, dict):
        return
    if inbox["trouble"]:
        output.text(f"conflict inbox: {inbox['trouble']}")
    elif inbox["rows"] or inbox["waiting"]:
        output.text(f"conflict inbox in Notion: {inbox['rows']} rows, {inbox['waiting']} conflicts more")


def _show_brake(output: Output, brake: Json) -> None:
    for item in brake if isinstance(brake, list) else []:
        if isinstance(item, dict):
            stopped = f"{item['count']} {item['op']}s in {item['table']}, to be made in {item['side']}"
            output.text(f"BRAKE: {stopped}, wait since {shown(item['since'])}: sync-engine brake show")


def _show_run(output: Output, run: Json) -> None:
    """What the continuous run is doing, if there is one."""
    if not isinstance(run, dict) or not run["active"]:
        return
    output.text(f"run: {run.get('phase', 'starting')}, {run['holder']}, since {shown(run['since'])}")
    error = run.get("error")
    if isinstance(error, dict):
        output.text(f"run: {error['message']}; next try {shown(error['retry_at'])}")
    refused = run.get("refused")
    for table, reason in (refused if isinstance(refused, dict) else {}).items():
        output.text(f"run: {table} is left alone: {reason}")
