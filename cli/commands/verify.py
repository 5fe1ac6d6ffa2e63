"""`verify`: compare both sides in full."""

from __future__ import annotations

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.parameters import tables_option
from cli.verbs import Verb
from sync_engine.engine.inquiry.verify import Verification, verify
from sync_engine.errors import DifferencesFound


@click.command(
    "verify",
    cls=Verb,
    short_help="Compare every row with every page.",
    examples=[
        ("verify", "all tables; exit 7 when anything differs"),
        ("verify --table agents --json", "one table, with each difference as JSON"),
    ],
    exits=[*exits.CONNECTED, exits.DIFFERENCES],
)
@tables_option
@pass_session
def command(session: Session, tables: tuple[str, ...]) -> None:
    """Compare every row with every page, by value, whatever the engine believes.

    Edits that no pass has carried across yet are differences too: run `sync` first.
    """
    found = verify(session.context, tables)
    session.output.result(found.to_json(), lambda: _show(session.output, found))
    if not found.in_sync:
        raise DifferencesFound(
            f"{len(found.differences)} differences in {found.checked} records",
            hint=_hint(session, found),
        )


def _hint(session: Session, found: Verification) -> str:
    """What brings the sides together: a pass, or a person where records wait for one."""
    with session.stored() as uow:
        held = {(item.mapping, item.key) for item in uow.held.find()}
    names = {mapping.name: mapping.id for mapping in session.context.mappings}
    waiting = sum((names[item.table], item.key) in held for item in found.differences)
    if not waiting:
        return "run `sync-engine sync` and verify again; `audit history TABLE KEY` tells what happened"
    rest = "all of them are" if waiting == len(found.differences) else f"{waiting} of them are"
    return f"{rest} of held records, which no pass carries: `sync-engine held list` has the reasons"


def _show(output: Output, found: Verification) -> None:
    rows = [
        [item.table, item.key, item.field or None, item.kind, item.postgres, item.notion]
        for item in found.differences
    ]
    output.table(
        ["table", "key", "field", "kind", "postgres", "notion"],
        rows,
        empty=f"in sync: {found.checked} records are equal on both sides",
    )
