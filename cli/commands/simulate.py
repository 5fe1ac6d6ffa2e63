"""`simulate`: another policy over the past."""

from __future__ import annotations

from typing import get_args

import click

from cli import exits
from cli.context import Session, pass_session
from cli.output import Output
from cli.parameters import tables_option
from cli.verbs import Verb
from sync_engine.domain.mapping import ConflictPolicy
from sync_engine.engine.inquiry.simulate import Simulation, simulate
from sync_engine.errors import UsageError

_POLICIES: dict[str, ConflictPolicy] = {
    "newest": "newest",
    "postgres": "postgres",
    "notion": "notion",
    "manual": "manual",
}


@click.command(
    "simulate",
    cls=Verb,
    short_help="Show what another policy would have decided.",
    examples=[
        ("simulate --policy postgres --since '7 days ago'", "the conflicts of a week, had Postgres always won"),
        ("simulate --policy manual --table agents", "how many would have waited for a person"),
    ],
    exits=exits.STORED,
)
@click.option("--policy", required=True, metavar="POLICY", help=f"{', '.join(_POLICIES)}.")
@click.option("--since", metavar="TIME", help="Only conflicts found at this time or later; a time or a mark.")
@tables_option
@pass_session
def command(session: Session, policy: str, since: str | None, tables: tuple[str, ...]) -> None:
    """Decide the conflicts of the past once more, each by itself, as if another policy had been in force.

    Only conflicts depend on the policy: an edit of one side always crosses. Nothing is written.
    """
    if policy not in _POLICIES:
        known = ", ".join(_POLICIES)
        unmade = policy in get_args(ConflictPolicy)
        told = "is not decided by this version" if unmade else "is no policy"
        raise UsageError(f"--policy: {policy!r} {told}", hint=f"policies: {known}")
    found = simulate(session.context, _POLICIES[policy], session.moment(since, "--since"), tables)
    session.output.result(found.to_json(), lambda: _show(session.output, found))


def _show(output: Output, found: Simulation) -> None:
    rows = [
        [
            item.conflict.id,
            item.table,
            item.conflict.key,
            item.conflict.field,
            item.conflict.winner or "open",
            item.would or "a person decides",
            item.value,
        ]
        for item in found.differences
    ]
    output.table(["id", "table", "key", "field", "was", "would be", "value"], rows, empty="nothing would differ")
    output.text(f"{len(rows)} of {found.conflicts} conflicts would have ended otherwise; nothing was written")
