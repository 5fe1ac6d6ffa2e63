"""`conflicts`: what both sides edited differently, and how it was or will be decided."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.conflicts",
    sections={"Commands": ("list", "show", "review", "resolve", "swap")},
    short_help="Review fields that were edited differently on both sides.",
)
def command() -> None:
    """Review fields that were edited differently on both sides.

    A conflict keeps the base, both values, who set them, when, and the reason for the winner. `auto` was decided
    by the field's policy, `open` waits for a person (policy `manual`), `resolved` was decided by one. An open one
    is kept until it is decided, a closed one for 90 days after (`[retention]` in sync.toml).
    """
