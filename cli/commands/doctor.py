"""`doctor`: look for what would go wrong, with a mend for each finding."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.verbs import Verb
from sync_engine.domain.values import JsonObject
from sync_engine.engine.configure.doctor import examine
from sync_engine.errors import DatabaseError, NotionError, SyncEngineError


@click.command(
    "doctor",
    cls=Verb,
    short_help="Check triggers, permissions, clocks, token, drift.",
    examples=[
        ("doctor", "each thing looked at, with the command that mends it"),
        (
            "doctor --json",
            "as JSON; exit 1 when a finding is an error, 4 or 5 when a side does not answer",
        ),
    ],
    exits=exits.EVERYWHERE,
)
@pass_session
def command(session: Session) -> None:
    """Check triggers, permissions, clocks, token and drift; each finding says how to mend it."""
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
