"""`brake`: a pass stopped by the mass-change brake, and the two ways on."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.brake",
    sections={"Commands": ("show", "release", "discard")},
    short_help="A pass stopped by the mass-change brake: look, let it go on, or undo it.",
)
def command() -> None:
    """A pass that would delete or update too much of a table stops that part and waits for a person.

    Everything else goes on. `release` lets what was stopped go on, in part if you like; `discard` undoes it on the
    side where it was made. Changes that are taken back by hand, there, are forgotten by the brake too.
    """
