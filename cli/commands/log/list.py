"""`log list`: the archives."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from cli.views.archives import archive_json, show_archives
from sync_engine.domain.values import Json


@click.command(
    "list",
    cls=Verb,
    short_help="List the archives.",
    examples=[("log list", "what each holds, and whether its file is there")],
    exits=exits.STORED,
)
@pass_session
def command(session: Session) -> None:
    """List the archives, oldest first, with what they hold and whether their files are in the folder."""
    files = session.context.archives
    with session.stored() as uow:
        archives = uow.archives.all()
    found = [
        archive_json(archive, files is not None and files.sha256(archive.file) is not None) for archive in archives
    ]
    document: list[Json] = [*found]
    session.output.result(document, lambda: show_archives(session.output, found))
