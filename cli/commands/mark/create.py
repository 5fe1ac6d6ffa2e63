"""`mark create`: name the present position."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.times import parse_time
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.undo.marks import create_mark
from sync_engine.errors import UsageError


@click.command(
    "create",
    cls=Verb,
    short_help="Name the present position.",
    changes="the list of marks; no row and no page",
    examples=[
        ("mark create before-import", "then import; `rollback --to before-import` takes it back"),
        ("mark create go-live --protect", "a mark that cannot be deleted by mistake"),
    ],
    exits=exits.CONNECTED,
)
@click.argument("name")
@click.option("--protect", is_flag=True, help="Refuse to delete it, and keep the log back to it.")
@dry_run_option
@pass_session
def command(session: Session, name: str, protect: bool, dry_run: bool) -> None:
    """Name the present position: exact in Postgres, and in Notion as of the last pass.

    Run `sync` first when edits in Notion should lie before the mark.
    """
    _check(name)
    planned: JsonObject = {"name": name, "at": None, "protected": protect, "dry_run": True}
    mark = planned if dry_run else create_mark(session.context, name, protect=protect)
    words = "would create" if dry_run else "created"
    session.output.result(mark, lambda: session.output.text(f"{words} mark {name}"))


def _check(name: str) -> None:
    """A name stands where a time may stand too (`--since`), so it must not read as one."""
    if not name.strip():
        raise UsageError("a mark needs a name", hint="for example `sync-engine mark create before-import`")
    if parse_time(name, datetime.now(UTC)) is not None:
        raise UsageError(f"{name!r} reads as a time, not as a name", hint="choose another name")
