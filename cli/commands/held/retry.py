"""`held retry`: let held records be tried again."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.errors import UsageError


@click.command(
    "retry",
    cls=Verb,
    short_help="Let held records be tried again by the next pass.",
    changes="the list of held records; the next `sync` applies them, or holds them again with a new reason",
    examples=[
        ("held retry 4", "the one with id 4"),
        ("held retry --all 12", "all of them, if they are still the twelve that you looked at"),
    ],
    exits=exits.CONNECTED,
)
@click.argument("held_id", metavar="[ID]", type=int, required=False)
@click.option("--all", "expected", type=int, metavar="N", help="All; refused unless there are exactly N.")
@dry_run_option
@pass_session
def command(session: Session, held_id: int | None, expected: int | None, dry_run: bool) -> None:
    """Let held records be tried again by the next pass.

    A held delete that is retried is approved: it will be applied.
    """
    if (held_id is None) is (expected is None):
        raise UsageError("name one id or --all N", hint="`held list` shows the ids")
    listed = [int(str(item["id"])) for item in held_list(session.context)]
    chosen = listed if held_id is None else [held_id]
    if expected is not None and len(listed) != expected:
        raise UsageError(
            f"{len(listed)} records are held, not {expected}", hint="look at `held list` again, then repeat"
        )
    if not dry_run:
        retry_held(session.context, chosen)
    document: JsonObject = {"retried": [*chosen], "dry_run": dry_run}
    words = "would release" if dry_run else "released"
    session.output.result(document, lambda: session.output.text(f"{words} {len(chosen)}; next: sync-engine sync"))
