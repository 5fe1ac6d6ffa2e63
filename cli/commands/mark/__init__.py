"""`mark`: named positions to return to."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.mark",
    sections={"Commands": ("create", "list", "delete")},
    short_help="Name a position to return to with `rollback --to`.",
)
def command() -> None:
    """Name a position across both sides: before an import, a migration, a risky afternoon.

    `rollback --to NAME` takes back what was changed since; a mark's name may also stand for a time, as in --since.
    """
