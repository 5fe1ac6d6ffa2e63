"""`audit explain`: the whole story of one value."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import key_argument, table_argument
from cli.verbs import Verb
from cli.views.story import show_story
from sync_engine.engine.inquiry.explain import explain


@click.command(
    "explain",
    cls=Verb,
    short_help="Tell why a field holds what it holds.",
    examples=[
        ("audit explain agents 7f3a… status", "events, base, both candidates, policy, decision, what was written"),
        ("audit explain agents 7f3a… status --json", "the same for a script"),
    ],
    exits=exits.STORED,
)
@table_argument
@key_argument
@click.argument("field", metavar="FIELD")
@pass_session
def command(session: Session, table: str, key: str, field: str) -> None:
    """Tell why a field holds what it holds.

    Its events on both sides, the value that both agreed on last (base), what either side changed since, conflicts
    and who won them, the decision with its reason, and the last write that the engine made, with its outcome.
    """
    story = explain(session.context, table, key, field)
    session.output.result(story, lambda: show_story(session.output, story))
