"""`db uninstall`: take the engine out of the database again."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, yes_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject


@click.command(
    "uninstall",
    cls=Verb,
    short_help="Take the engine out of the database again.",
    changes="drops the schema sync_engine and the capture triggers: log, journal, conflicts and links are lost. "
    "Your rows and your Notion pages stay",
    examples=[("db uninstall --dry-run", "look first"), ("db uninstall", "asks; there is no way back")],
    exits=[*exits.EVERYWHERE, exits.DATABASE, exits.LOCKED],
)
@dry_run_option
@yes_option
@pass_session
def command(session: Session, dry_run: bool, yes: bool) -> None:
    """Take the engine out of the database again: its schema and its triggers, with the whole log."""
    version = session.app.schema_version()
    if version and not dry_run:
        session.ask("Drop the schema sync_engine with the log, the journal and all links?", yes=yes)
        session.app.uninstall()
    document: JsonObject = {"removed": version or None, "dry_run": dry_run}
    words = "would drop" if dry_run else "dropped"
    told = (
        f"{words} the schema sync_engine and its triggers; rows and pages stay, and `setup` finds the pages again"
    )
    session.output.result(
        document, lambda: session.output.text(told if version else "nothing to do: it is not installed")
    )
