"""`runs show`: one run and the changes it made."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from cli.views.runs import change_json, run_json, show_run
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import UsageError
from sync_engine.ports.journal import JournalFilter


@click.command(
    "show",
    cls=Verb,
    short_help="Show one run and every change it made.",
    examples=[("runs show 0198f2", "the run whose id begins so, with each field before and after")],
    exits=exits.CONNECTED,
)
@click.argument("run_id", metavar="RUN")
@pass_session
def command(session: Session, run_id: str) -> None:
    """Show one run and every change it made, with the values before and after."""
    names = {mapping.id: mapping.name for mapping in session.context.mappings}
    with session.stored() as uow:
        run = uow.runs.get(run_id)
        if run is None:
            raise UsageError(f"there is no run {run_id!r}", hint="`sync-engine runs list` shows them")
        changes: list[Json] = [
            change_json(entry, names) for entry in uow.journal.find(JournalFilter(run_id=run.run_id))
        ]
    document: JsonObject = {**run_json(run), "options": run.options, "summary": run.summary, "changes": changes}
    session.output.result(document, lambda: show_run(session.output, document))
