"""`recover`: go on after the database was restored, moved or copied."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.parameters import dry_run_option, yes_option
from cli.verbs import Verb
from sync_engine.engine.passes.rebase import Rebased, rebase

NEXT = (
    "1. `sync-engine sync --full --dry-run` shows what would go where",
    "2. `sync-engine sync --full` carries it: what the restore lost comes back from Notion",
    "3. `sync-engine brake show` lists what one side lacks: release or discard it",
    "4. `sync-engine verify` says when both sides are equal",
)


@click.command(
    "recover",
    cls=Verb,
    short_help="Go on after the database was restored, moved or copied.",
    changes="what the engine remembers: how far the log was read, and that every page is to be read next; no row "
    "and no page",
    examples=[
        ("recover --dry-run", "what happened to the database, and what would be done"),
        ("recover", "ask, do it, and say what comes next"),
        ("recover --anyway", "where nothing was noticed, but somebody did restore it"),
    ],
    exits=[*exits.CONNECTED, exits.LOCKED],
)
@click.option("--anyway", is_flag=True, help="Also when nothing shows that it was restored.")
@dry_run_option
@yes_option
@pass_session
def command(session: Session, anyway: bool, dry_run: bool, yes: bool) -> None:
    """Go on after the database was restored from a backup, moved, or copied.

    Every command that trusts the log stops until this was done. It examines the changes that no pass has read,
    whatever became of transaction ids, and makes the next pass read every page. Until then nothing is deleted on
    either side without a person. A mark is made, so that all that follows can be taken back.

    A copy for tests must not go on with the pages of the original: give it a parent page of its own first.
    """
    found = rebase(session.context, anyway=anyway, dry_run=True)
    if dry_run or not found.reason:
        session.output.result(found.to_json(), lambda: _show(session.output, found))
        return
    _show(session.output, found, question=True)
    session.ask("Is the original gone for good, and shall this database go on with its pages?", yes=yes)
    done = rebase(session.context, anyway=anyway)
    session.output.result(done.to_json(), lambda: _show(session.output, done))


def _show(output: Output, found: Rebased, *, question: bool = False) -> None:
    if not found.reason:
        output.text("this is the database that the engine left: nothing to do")
        return
    output.text(f"restored, moved or copied: {found.reason}")
    if found.lost_from:
        output.text(f"lost with it: all that passes have seen since link {found.lost_from - 1} of the chain")
    if found.dry_run:
        output.text(f"would examine {found.events} changes that no pass has read, and then read every page")
    elif not question:
        output.text(f"examined {found.events} changes that no pass had read; mark {found.mark!r} was made")
        for line in NEXT:
            output.text(line)
