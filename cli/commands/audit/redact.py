"""`audit redact`: take personal data out of the past."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.parameters import dry_run_option, key_argument, table_argument, yes_option
from cli.verbs import Verb
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.life.redact import Redacted, redact


@click.command(
    "redact",
    cls=Verb,
    short_help="Take values of one record out of the past.",
    changes="the log, the journal, closed conflicts and archives: the values are gone for good; no row, no page",
    examples=[
        ("audit redact people 7f3a… --reason 'ticket 12' --dry-run", "how much remembers this record"),
        ("audit redact people 7f3a… --field email --reason 'ticket 12'", "one field, after a question"),
    ],
    exits=[*exits.STORED, exits.LOCKED],
)
@table_argument
@key_argument
@click.option("--field", "fields", multiple=True, metavar="FIELD", help="Only this field; may be repeated.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the log keeps it, with who did it and when.")
@dry_run_option
@yes_option
@pass_session
def command(
    session: Session, table: str, key: str, fields: tuple[str, ...], reason: str, dry_run: bool, yes: bool
) -> None:
    """Take the values of one record, or some fields of it, out of everything that remembers them.

    Log, journal, closed conflicts and archives; what is in Postgres and Notion now stays as it is. `audit verify`
    still proves the chain: it keeps the digests of what was there. `history`, `blame`, `at` and rollbacks say that
    a value was redacted. This cannot be taken back.
    """
    context = session.context
    planned = redact(context, table, key, fields, reason, who=session.who, dry_run=True)
    if dry_run:
        session.output.result(planned.to_json(), lambda: _show(session.output, planned))
        return
    _show(session.output, planned)
    session.ask("Take these values out for good?", yes=yes)
    with between_turns(context.database):
        done = redact(context, table, key, fields, reason, who=session.who)
    session.output.result(done.to_json(), lambda: _show(session.output, done))


def _show(output: Output, found: Redacted) -> None:
    would = "would be" if found.dry_run else "were"
    output.text(
        f"{found.events} events, {found.changes} journal entries and {found.conflicts} conflicts {would} redacted"
    )
    for name, count in found.archives.items():
        output.text(f"{count} events in archive {name} {would} redacted")
    for name in found.missing:
        output.text(f"archive {name} is not in its folder: redact or destroy every copy of it yourself")
