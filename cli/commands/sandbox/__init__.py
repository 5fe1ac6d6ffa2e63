"""`sandbox`: the local Notion."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(cls=VerbGroup, package="cli.commands.sandbox", sections={"Commands": ("serve",)})
def command() -> None:
    """A local Notion that speaks the real API: no workspace needed."""
