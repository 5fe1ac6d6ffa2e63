"""`mark delete`: forget a mark."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.undo.marks import delete_mark, list_marks
from sync_engine.errors import UsageError


@click.command(
    "delete",
    cls=Verb,
    short_help="Forget a mark.",
    changes="the list of marks; no row and no page",
    examples=[("mark delete before-import", "protected marks are refused")],
    exits=exits.CONNECTED,
)
@click.argument("name")
@dry_run_option
@pass_session
def command(session: Session, name: str, dry_run: bool) -> None:
    """Forget a mark. What was logged stays; only the name goes."""
    if dry_run:
        if name not in {mark["name"] for mark in list_marks(session.context)}:
            raise UsageError(f"there is no mark {name!r}", hint="see: sync-engine mark list")
    else:
        delete_mark(session.context, name)
    document: JsonObject = {"deleted": name, "dry_run": dry_run}
    words = "would delete" if dry_run else "deleted"
    session.output.result(document, lambda: session.output.text(f"{words} mark {name}"))
