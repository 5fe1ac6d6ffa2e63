"""What a replay came to."""

from __future__ import annotations

from cli.output import Output
from sync_engine.engine.inquiry.replayed import Replayed


def show_replay(output: Output, done: Replayed, *, dry_run: bool = False) -> None:
    """The differences, if there are any, and how much was folded."""
    rows = [
        [item.table, item.key, item.field or None, item.found_in, item.log, item.found]
        for item in done.differences
    ]
    if rows:
        output.table(["table", "key", "field", "differs from", "log", "found"], rows)
    folded = f"{done.events} events make {done.records} records"
    if done.target == "verify":
        output.text(f"{folded}: {'just what is there' if done.ok else 'not what is there'}")
    else:
        output.text(f"{folded}, {'not written: a dry run' if dry_run else f'written to {done.target}'}")
