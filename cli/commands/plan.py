"""`plan`: what `setup` would create or change on both sides."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from cli.views.setup import changes_json, show_changes
from sync_engine.engine.configure.setup import plan_setup
from sync_engine.errors import DifferencesFound


@click.command(
    "plan",
    cls=Verb,
    short_help="Show what setup would create or change, and drift.",
    examples=[
        ("plan", "read this before `setup`"),
        ("plan --check", "for CI: exit 7 when sync.toml, Postgres and Notion do not fit together"),
    ],
    exits=[*exits.EVERYWHERE, exits.DATABASE, exits.NOTION, exits.DIFFERENCES],
)
@click.option("--check", is_flag=True, help="Exit 7 when there is anything to do.")
@pass_session
def command(session: Session, check: bool) -> None:
    """Show what `setup` would create or change on both sides, and drift that only a person can decide.

    Drift is a property whose type in Notion is no longer the one that sync.toml says.
    """
    changes = plan_setup(session.app.installation)
    session.output.result(
        {"changes": changes_json(changes)},
        lambda: show_changes(session.output, changes, "`sync-engine setup` does this"),
    )
    if check and changes:
        raise DifferencesFound(f"{len(changes)} changes to make", hint="run `sync-engine setup`")
