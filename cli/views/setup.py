"""What `setup` would do or did."""

from __future__ import annotations

from collections.abc import Sequence

from cli.output import Output
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.configure.changes import SetupChange


def changes_json(changes: Sequence[SetupChange]) -> list[Json]:
    """As `plan --json` prints them."""
    return [change.to_json() for change in changes]


def show_changes(output: Output, changes: Sequence[SetupChange], ending: str) -> None:
    """One line each."""
    rows = [[change.side, change.action, change.object, change.detail] for change in changes]
    output.table(["side", "action", "object", "detail"], rows, empty="nothing to do: both sides are set up")
    if changes:
        output.text(ending)


def document_of(changes: Sequence[SetupChange], *, dry_run: bool) -> JsonObject:
    """What `setup --json` prints."""
    return {"changes": changes_json(changes), "dry_run": dry_run}
