"""`held`: records that cannot be applied."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.held",
    sections={"Commands": ("list", "retry", "discard")},
    short_help="Look after records that cannot be applied.",
)
def command() -> None:
    """Look after records that cannot be applied: refused by a constraint, by Notion, or waiting for a person.

    A held record stops only itself; its later edits wait behind it, and the newest of each field counts. An edit
    of the record releases it, and so does `held retry`; `held discard` gives the change up where it was made.
    """
