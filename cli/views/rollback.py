"""A rollback before and after it is done."""

from __future__ import annotations

from cli.output import Output
from sync_engine.domain.values import Json
from sync_engine.engine.rollback import RollbackResult

_COLUMNS = ("status", "side", "table", "key", "op", "fields", "reason")


def show_plan(output: Output, planned: RollbackResult) -> None:
    """What would be done to each record, and what it costs."""
    lines = planned.to_json()["plan"]
    rows = [
        [_words(line[name]) for name in _COLUMNS]
        for line in (lines if isinstance(lines, list) else [])
        if isinstance(line, dict)
    ]
    output.table(_COLUMNS, rows, empty="nothing to take back")
    if planned.requests:
        output.text(f"{planned.requests} records, about {planned.eta_seconds:.0f} s within Notion's budget")
    if planned.blocked:
        output.text(f"{planned.blocked} blocked by later edits; --force would overwrite those")


def _words(value: Json) -> Json:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else value or None


def show_outcome(output: Output, done: RollbackResult) -> None:
    """What was taken back, and how to take that back."""
    output.text(f"taken back: {done.undone} records; blocked: {done.blocked}")
    for reason in sorted(set(done.failed.values())):
        output.text(f"  refused: {reason}")
    if done.undone:
        output.text(f"to undo this: sync-engine rollback --run {done.rollback_id}")
