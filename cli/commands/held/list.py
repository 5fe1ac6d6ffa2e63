"""`held list`: records that cannot be applied, each with its reason."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.times import shown
from cli.verbs import Verb
from sync_engine.domain.values import Json
from sync_engine.engine.review.holding import held_list

_COLUMNS = ("id", "table", "key", "side", "op", "reason", "attempts", "since")


@click.command(
    "list",
    cls=Verb,
    short_help="List held records, each with its reason.",
    examples=[("held list", "what waits, why, since when, after how many attempts")],
    exits=exits.CONNECTED,
)
@pass_session
def command(session: Session) -> None:
    """List held records, each with its reason. `side` is the side that could not be written."""
    found = held_list(session.context)
    document: list[Json] = [*found]
    rows = [[*(item[name] for name in _COLUMNS[:-1]), shown(item["since"])] for item in found]
    session.output.result(document, lambda: session.output.table(_COLUMNS, rows, empty="nothing is held"))
