"""`runs`: what each run did."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(cls=VerbGroup, package="cli.commands.runs", sections={"Commands": ("list", "show")})
def command() -> None:
    """Look up what each run did: passes, rollbacks, decisions.

    A run's id may be shortened to what makes it unambiguous.
    """
