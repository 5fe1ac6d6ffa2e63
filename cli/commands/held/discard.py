"""`held discard`: give up the change of a held record."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from sync_engine.engine.review.discard import discard_held


@click.command(
    "discard",
    cls=Verb,
    short_help="Give up the change of a held record, where it was made.",
    changes="one record on the side where the held change was made; a logged run, which can be rolled back",
    examples=[
        ("held discard 4 --dry-run", "what that would do to the record"),
        ("held discard 4", "a delete is brought back, an edit is set back to what both sides had"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.argument("held_id", metavar="ID", type=int)
@dry_run_option
@pass_session
def command(session: Session, held_id: int, dry_run: bool) -> None:
    """Give up the change of a held record, on the side where it was made.

    A deleted row or trashed page is brought back, an edit is set back to what both sides had. A record that could
    not be made on the other side stays and is left alone until its next edit. What was typed stays in the log.
    """
    document = discard_held(session.context, held_id, dry_run=dry_run, who=session.who)
    words = "would" if dry_run else "done:"
    line = f"{document['table']} {document['key']}: {words} {document['discard']}"
    session.output.result(document, lambda: session.output.text(line))
