"""`log`: the life of the log: archives, and what they hold."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.log",
    sections={"Commands": ("archive", "list", "read")},
    short_help="Move old events to archives, and read these.",
)
def command() -> None:
    """Move old events to archives, and read these. The questions about the past are those of `audit`."""
