"""`setup`: engine schema, triggers, Notion databases and properties."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option
from cli.verbs import Verb
from cli.views.setup import document_of, show_changes
from sync_engine.engine.configure.setup import plan_setup, setup


@click.command(
    "setup",
    cls=Verb,
    short_help="Create what is missing on both sides; adopt what exists.",
    changes="Postgres: the schema sync_engine and a trigger on each table of sync.toml, nothing in the tables "
    "themselves. Notion: one database a table under the parent page, and missing properties",
    examples=[
        ("plan", "look first"),
        ("setup", "do it; a second time does nothing"),
    ],
    exits=[*exits.EVERYWHERE, exits.DATABASE, exits.NOTION],
)
@dry_run_option
@pass_session
def command(session: Session, dry_run: bool) -> None:
    """Create what is missing on both sides; adopt what exists.

    Safe to repeat and to interrupt: each finished step is recorded, and the next setup goes on where this one
    stopped. It never drops or retypes anything: drift is refused and named.
    """
    installation = session.app.installation
    changes = plan_setup(installation) if dry_run else setup(installation)
    ending = "dry run: nothing was changed" if dry_run else "done; next: sync-engine sync"
    session.output.result(
        document_of(changes, dry_run=dry_run), lambda: show_changes(session.output, changes, ending)
    )
