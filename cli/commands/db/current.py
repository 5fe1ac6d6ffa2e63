"""`db current`: which version the engine's schema is at."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.errors import NotSetUp


@click.command(
    "current",
    cls=Verb,
    short_help="Show which version the schema is at.",
    examples=[("db current", "the version in the database, and the one this program needs")],
    exits=exits.STORED,
)
@pass_session
def command(session: Session) -> None:
    """Show which version the schema is at; exit 6 when that is not the one this program needs."""
    found, needed = session.app.schema_version(), session.app.needed_schema_version()
    document: JsonObject = {"current": found or None, "needed": needed, "is_current": found == needed}
    session.output.result(
        document, lambda: session.output.fields([("current", found or None), ("needed", needed)])
    )
    if found != needed:
        raise NotSetUp(
            "the engine schema is not at the version this program needs", hint="run `sync-engine db upgrade`"
        )
