"""`conflicts review`: a person goes through the open conflicts, one after the other, at the terminal."""

from __future__ import annotations

import sys
from typing import get_args

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, table_option
from cli.selection import open_conflicts
from cli.verbs import Verb
from sync_engine.domain.merge import ConflictType
from sync_engine.errors import UsageError

_WITHOUT = "decide with `conflicts resolve ID --keep SIDE` or `conflicts resolve --all`; see `conflicts list`"


@click.command(
    "review",
    cls=Verb,
    short_help="Go through the open conflicts at the terminal, one by one.",
    changes="what each deciding key says, as `conflicts resolve`: the field on both sides, a logged edit",
    examples=[
        ("conflicts review", "every open conflict, oldest first"),
        ("conflicts review --table agents --field prompt", "only those of one field"),
        ("conflicts review --dry-run", "look, and see what each key would put; nothing is decided"),
    ],
    exits=exits.CONNECTED,
)
@table_option
@click.option("--field", default="", metavar="FIELD", help="Only this field.")
@click.option("--type", "kind", type=click.Choice(get_args(ConflictType)), help="Only of this type.")
@dry_run_option
@pass_session
def command(session: Session, table: str, field: str, kind: str | None, dry_run: bool) -> None:
    """Go through the open conflicts at the terminal, one by one, oldest first.

    Each shows the value of Postgres and that of Notion side by side, with the base between them: `{+words+}` that
    a side put in, `[-words-]` of the base that a side does not have any more. One key decides, without Enter: p
    keeps Postgres, n keeps Notion, b both merged, e another value written in $VISUAL or $EDITOR (a text as it is,
    anything else as JSON); s skips, f shows long values in full, q quits, ? explains. A decision is carried out at
    once, as by `conflicts resolve`. A conflict that changes while it is looked at is shown again, not decided.
    """
    _check_terminal(session)
    # Here and not above: reading keys needs a terminal's modules, and `--help` does not.
    from cli.reviewing import Review

    found = open_conflicts(session, table, field, kind)
    if not found:
        session.output.text("no open conflicts")
        return
    Review(session, dry_run=dry_run).go_through(found)


def _check_terminal(session: Session) -> None:
    if session.options.json or session.options.quiet:
        option = "--json" if session.options.json else "--quiet"
        raise UsageError(f"{option} does not go with a review, which is a person at a terminal", hint=_WITHOUT)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("there is no terminal to review conflicts at", hint=_WITHOUT)
