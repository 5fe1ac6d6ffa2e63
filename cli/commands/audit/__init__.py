"""`audit`: what happened, when, by whom, from what to what."""

from __future__ import annotations

import click

from cli.verbs import VerbGroup


@click.group(
    cls=VerbGroup,
    package="cli.commands.audit",
    sections={
        "Commands": ("log", "history", "blame", "at", "explain", "export", "verify", "checkpoint", "redact"),
    },
    short_help="Ask what happened, when, by whom.",
)
def command() -> None:
    """Ask what happened, when, by whom, from what to what. The log is append-only and holds both sides."""
