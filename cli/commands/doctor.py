"""`doctor`: look for what would go wrong, with a mend for each finding."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cli import exits
from cli.context import Session, pass_session
from cli.parameters import dry_run_option, tables_option, yes_option
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.configure.doctor import examine
from sync_engine.engine.review.duplicates import Duplicate, find_duplicates, repair_duplicates
from sync_engine.errors import DatabaseError, NotionError, SyncEngineError, UsageError


@click.command(
    "doctor",
    cls=Verb,
    changes="nothing; with --duplicates, exact copies of pages go to the trash and lost links are made again",
    short_help="Check triggers, permissions, clocks, token, drift.",
    examples=[
        ("doctor", "each thing looked at, with the command that mends it"),
        ("doctor --duplicates --dry-run", "duplicate pages and lost links, and what would be repaired"),
        (
            "doctor --json",
            "as JSON; exit 1 when a finding is an error, 4 or 5 when a side does not answer",
        ),
    ],
    exits=exits.EVERYWHERE,
)
@click.option(
    "--duplicates", is_flag=True, help="Look for duplicate pages and lost links instead, and repair them."
)
@tables_option
@dry_run_option
@yes_option
@pass_session
def command(session: Session, duplicates: bool, tables: tuple[str, ...], dry_run: bool, yes: bool) -> None:
    """Check triggers, permissions, clocks, token and drift; each finding says how to mend it.

    With --duplicates: read every page, list those that carry the key of a row which has another page or none, and
    records that are equal in the columns of `match`. What needs no guess is repaired, after a question: a row gets
    back the one page that carries its key, an exact copy without a row goes to the trash. The rest is only listed.
    """
    if duplicates:
        _duplicates(session, tables, dry_run=dry_run, yes=yes)
        return
    if tables or dry_run or yes:
        raise UsageError("--table, --dry-run and --yes go with --duplicates", hint="doctor --duplicates --dry-run")
    findings = examine(session.app.installation)
    document: JsonObject = {"findings": [item.to_json() for item in findings]}
    rows = [[item.level, item.where, item.what, item.mend or None] for item in findings]
    session.output.result(
        document, lambda: session.output.table(["level", "where", "what", "mend"], rows, empty="nothing found")
    )
    errors = sum(item.level == "error" for item in findings)
    refused = next((item.cause for item in findings if isinstance(item.cause, (DatabaseError, NotionError))), None)
    if refused is not None:
        raise refused
    if errors:
        raise SyncEngineError(f"{errors} of {len(findings)} findings are errors", hint="each names its mend")


def _duplicates(session: Session, tables: tuple[str, ...], *, dry_run: bool, yes: bool) -> None:
    found = find_duplicates(session.context, tables)
    repairs = [item for item in found if item.repair]
    document: JsonObject = {"duplicates": [item.to_json() for item in found], "dry_run": dry_run}
    if repairs and not dry_run:
        if not yes:
            _show(session, found)
        session.ask(f"Repair {len(repairs)} of {len(found)}?", yes=yes)
        document |= repair_duplicates(session.context, tables, who=session.who)
    session.output.result(document, lambda: _told(session, found, document))


def _show(session: Session, found: Sequence[Duplicate]) -> None:
    rows = [
        [item["table"], ", ".join(duplicate.keys), ", ".join(duplicate.pages), item["what"], item["repair"]]
        for duplicate in found
        for item in [duplicate.to_json()]
    ]
    session.output.table(["table", "key", "pages", "what", "repair"], rows, empty="no duplicates, no lost links")


def _told(session: Session, found: Sequence[Duplicate], document: JsonObject) -> None:
    _show(session, found)
    if "repaired" in document:
        session.output.text(f"repaired {document['repaired']}, left {document['left']}; next: sync-engine sync")
