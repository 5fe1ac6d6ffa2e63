"""`db`: the engine's own schema."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.db",
    sections={"Commands": ("upgrade", "current", "sql", "uninstall")},
    short_help="Look after the engine's own schema.",
)
def command() -> None:
    """Look after the engine's own schema, sync_engine, in your database. `setup` upgrades it by itself."""
