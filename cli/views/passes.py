"""What a pass did, or would do, as tables."""

from __future__ import annotations

from cli.output import Output
from sync_engine.domain.events import Side
from sync_engine.domain.plan import Action
from sync_engine.engine.summary import PassSummary, TableSummary

_APPLIED = {
    Side.POSTGRES: ((Action.INSERT, "inserted"), (Action.UPDATE, "updated"), (Action.DELETE, "deleted")),
    Side.NOTION: (
        (Action.CREATE, "created"),
        (Action.UPDATE, "updated"),
        (Action.TRASH, "trashed"),
        (Action.RESTORE, "restored"),
    ),
}


def show_pass(output: Output, summary: PassSummary) -> None:
    """A line for each table in which something happened, and what it came to."""
    rows = [_row(name, table) for name, table in summary.tables.items() if _moved(table)]
    columns = ["table", "from postgres", "from notion", "to postgres", "to notion", "conflicts", "held"]
    output.table(columns, rows, empty="nothing to do")
    if summary.dry_run:
        _show_plan(output, summary)
    output.text(_ending(summary))
    total = summary.total
    if total.conflicts_open:
        output.text(f"{total.conflicts_open} open conflicts: sync-engine conflicts list")
    if total.held_open:
        output.text(f"{total.held_open} held records: sync-engine held list")


def _moved(table: TableSummary) -> bool:
    counted = (table.captured_postgres, table.captured_notion, table.conflicts_new, table.held_new)
    return any(counted) or any(table.applied.values())


def _row(name: str, table: TableSummary) -> list[str]:
    return [
        name,
        _count(table.captured_postgres),
        _count(table.captured_notion),
        _applied(table, Side.POSTGRES),
        _applied(table, Side.NOTION),
        _count(table.conflicts_new),
        _count(table.held_new),
    ]


def _count(number: int) -> str:
    return str(number) if number else "–"


def _applied(table: TableSummary, side: Side) -> str:
    parts = [
        f"{table.applied[side, action]} {word}" for action, word in _APPLIED[side] if table.applied[side, action]
    ]
    return ", ".join(parts) or "–"


def _show_plan(output: Output, summary: PassSummary) -> None:
    rows = [
        [
            item["side"],
            item["table"],
            item["key"],
            item["op"],
            item["fields"],
            "the brake" if item["braked"] else None,
        ]
        for item in summary.planned
    ]
    if rows:
        output.text()
        output.table(["side", "table", "key", "would", "fields", "stopped by"], rows)


def _ending(summary: PassSummary) -> str:
    requests = summary.requests.get("notion", 0)
    state = "both sides are quiet" if summary.quiet else "not quiet yet: run it again"
    if summary.dry_run:
        return f"dry run: nothing was changed ({requests} requests to Notion, {summary.seconds:.1f} s)"
    return f"{state} ({requests} requests to Notion, {summary.seconds:.1f} s, run {summary.run_id})"
