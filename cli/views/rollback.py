"""A rollback before and after it is done."""

from __future__ import annotations

from cli.output import Output
from cli.views.people import actor_name
from sync_engine.domain.values import Json
from sync_engine.engine.undo.rollback import RollbackResult

_COLUMNS = ("status", "table", "key", "postgres", "notion", "fields", "reason")

PEOPLE = 5
"""Names that are told."""

SHOWN = 30
"""Records listed for a person; --json has all of them."""


def show_plan(output: Output, planned: RollbackResult) -> None:
    """What would be done to each record, and what it costs."""
    records = _by_record(planned)
    rows = [[_words(record.get(name)) for name in _COLUMNS] for record in records[:SHOWN]]
    output.table(_COLUMNS, rows, empty="nothing to take back")
    if len(records) > SHOWN:
        output.text(f"… and {len(records) - SHOWN} more; --json --dry-run lists them all")
    if planned.people:
        told = ", ".join(f"{actor_name(item['actor'])} ({item['edits']})" for item in planned.people[:PEOPLE])
        more = f" and {len(planned.people) - PEOPLE} others" if len(planned.people) > PEOPLE else ""
        output.text(f"takes back changes of {told}{more}")
    if planned.undoable:
        minutes = planned.eta_seconds / 60
        cost = f"{planned.requests} requests to Notion, about {minutes:.1f} minutes within its budget"
        output.text(f"{counted(planned.undoable)}; {cost}")
    if planned.blocked:
        output.text(f"{planned.blocked} blocked by later edits; --force would overwrite those")


def _by_record(planned: RollbackResult) -> list[dict[str, Json]]:
    """One entry a record, with what is done to it on either side."""
    records: dict[tuple[str, str], dict[str, Json]] = {}
    lines = planned.to_json()["plan"]
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict):
            record = records.setdefault((str(line["table"]), str(line["key"])), {})
            record |= line
            record[str(line["side"])] = line["op"]
    return list(records.values())


def _words(value: Json) -> Json:
    return (", ".join(str(item) for item in value) if isinstance(value, list) else value) or None


def show_outcome(output: Output, done: RollbackResult) -> None:
    """What was taken back, and how to take that back."""
    output.text(f"taken back: {counted(done.undone)}; blocked: {done.blocked}")
    for reason in sorted(set(done.failed.values())):
        output.text(f"  refused: {reason}")
    if done.undone:
        output.text(f"to undo this: sync-engine rollback --run {done.rollback_id}")


def counted(records: int) -> str:
    """A number of records in words."""
    return "1 record" if records == 1 else f"{records} records"
