"""What a replay came to."""

from __future__ import annotations

from cli.output import Output
from sync_engine.engine.inquiry.replayed import Replayed
from sync_engine.engine.rebuild.rebuilt import Doing, Rebuilt

SHOWN = 30
"""Records listed for a person; --json has more of them."""


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


def show_rebuilding(output: Output, done: Rebuilt) -> None:
    """What is to be written, or was, what is left alone and why, and what it costs."""
    rows = [
        [item.doing.value, item.table, item.key, ", ".join(item.fields) or None, item.reason or None]
        for item in done.lines[:SHOWN]
    ]
    output.table(["op", "table", "key", "fields", "reason"], rows, empty="nothing differs from the log")
    total = sum(done.counts.values())
    if total > SHOWN:
        output.text(f"… and {total - SHOWN} more")
    counts = ", ".join(f"{done.counts[doing]} {doing.value}" for doing in Doing if done.counts[doing])
    told = f"{done.events} events make {done.records} records"
    output.text(f"{told}; {'to be done' if done.dry_run else 'done'}: {counts or 'nothing'}")
    for table, database in done.made.items():
        output.text(f"  {table}: database {database}")
    if done.requests and done.dry_run:
        minutes = done.eta_seconds / 60
        output.text(f"about {done.requests} requests, {minutes:.1f} minutes within Notion's budget")
    if done.writes and not done.dry_run:
        output.text(f"replay {done.run_id}")
