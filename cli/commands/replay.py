"""`replay`: fold the log again."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option
from cli.verbs import Verb
from cli.views.replay import show_replay
from sync_engine.engine.inquiry.replay_schema import replay_into_schema
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.replayed import Replayed
from sync_engine.errors import DifferencesFound, UsageError


@click.command(
    "replay",
    cls=Verb,
    short_help="Fold the log again: to check it, or to rebuild what was.",
    changes="nothing with --target verify; with schema:NAME a new schema in the database, and nothing else",
    examples=[
        ("replay --target verify", "fold the whole log and compare with the engine, the rows and the pages"),
        ("replay --target schema:yesterday --until '1 day ago'", "all tables as they were, beside those of today"),
        ("replay --target schema:before --until before-import --table agents", "one table as of a mark"),
    ],
    exits=[*exits.CONNECTED, exits.DIFFERENCES, exits.LOCKED],
)
@click.option(
    "--target", required=True, metavar="TARGET", help="verify, or schema:NAME for a new schema of that name."
)
@click.option("--until", metavar="TIME", help="Only what happened until then; a time or a mark.")
@tables_option
@dry_run_option
@pass_session
def command(session: Session, target: str, until: str | None, tables: tuple[str, ...], dry_run: bool) -> None:
    """Fold the log from its beginning.

    With verify, what comes out must be what the engine holds, and what rows and pages hold: the log tells all. An
    edit that was made since the last pass is no difference. With schema:NAME the rows as of a time are put into a
    new schema; columns that are not captured, as secrets, are not there.
    """
    kind, _, name = target.partition(":")
    if target == "verify":
        _verify(session, until, tables)
    elif kind == "schema" and name:
        moment = session.moment(until, "--until")
        done = replay_into_schema(session.context, name, tables, moment, dry_run=dry_run)
        session.output.result(done.to_json(), lambda: show_replay(session.output, done, dry_run=dry_run))
    else:
        raise UsageError(f"--target: {target!r} is no target", hint="write verify, or schema:NAME")


def _verify(session: Session, until: str | None, tables: tuple[str, ...]) -> None:
    if until is not None:
        raise UsageError("--until: verify compares with what is there now", hint="leave it out")
    found: Replayed = replay_verify(session.context, tables)
    session.output.result(found.to_json(), lambda: show_replay(session.output, found))
    if not found.ok:
        raise DifferencesFound(
            f"{len(found.differences)} differences in {found.records} records",
            hint="`audit history TABLE KEY` shows what the log tells; `audit verify` whether it was altered",
        )
