"""`db upgrade`: bring the engine's schema to the version this program needs."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject


@click.command(
    "upgrade",
    cls=Verb,
    short_help="Bring the schema to the version this program needs.",
    changes="the schema sync_engine; your tables are not touched",
    examples=[("db upgrade", "one upgrader at a time, with short lock timeouts; a second time does nothing")],
    exits=[*exits.EVERYWHERE, exits.DATABASE],
)
@dry_run_option
@pass_session
def command(session: Session, dry_run: bool) -> None:
    """Bring the schema to the version this program needs. Safe to repeat; a migration is one transaction."""
    before = session.app.schema_version()
    if not dry_run:
        session.app.database.upgrade()
    needed = session.app.needed_schema_version()
    document: JsonObject = {"before": before or None, "after": needed, "dry_run": dry_run}
    session.output.result(document, lambda: session.output.text(_words(before, needed, dry_run)))


def _words(before: str, needed: str, dry_run: bool) -> str:
    if before == needed:
        return f"nothing to do: the schema is at {needed}"
    return f"{'would upgrade' if dry_run else 'upgraded'} the schema from {before or 'nothing'} to {needed}"
