"""`brake discard`: undo what the brake stopped on the side where it was made."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, table_option
from cli.verbs import Verb
from cli.views.brake import show_outcome
from sync_engine.engine.review.brake import brake_discard
from sync_engine.errors import SyncEngineError


@click.command(
    "discard",
    cls=Verb,
    short_help="Undo what the brake stopped on the side where it was made.",
    changes="deleted rows are inserted again, trashed pages restored, edited fields set back to what both had;"
    " a logged run, which `rollback --run` can take back",
    examples=[
        ("brake discard --dry-run", "how many that would be"),
        ("brake discard --table agents", "the stopped changes of one table"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@table_option
@dry_run_option
@pass_session
def command(session: Session, table: str, dry_run: bool) -> None:
    """Undo what the brake stopped on the side where it was made.

    What was deleted or typed there stays in the log. Exits with 1 when a record could not be put back.
    """
    document = brake_discard(session.context, table, dry_run=dry_run, who=session.who)
    session.output.result(document, lambda: show_outcome(session.output, document, "discarded", "discard"))
    refused = document.get("refused")
    if isinstance(refused, list) and refused:
        raise SyncEngineError(
            f"{len(refused)} records could not be put back", hint="the reasons are above; mend them, then repeat"
        )
