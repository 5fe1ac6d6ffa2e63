"""Records as they were: at a time, and between two times."""

from __future__ import annotations

from collections.abc import Iterable

from cli.output import Output
from cli.times import shown
from cli.views.events import show_changes
from sync_engine.domain.values import JsonObject

_TABLE = (("key", 36), ("", 0))


def show_record(output: Output, found: JsonObject) -> None:
    """The record's values, or that it was not there."""
    at, known = shown(found["at"]), found["known_since"]
    if not found["exists"]:
        output.text(f"{found['table']} {found['key']} did not exist at {at}")
        output.text(f"  the log tells of it since {shown(known)}" if known else "  nothing is logged of it")
        return
    output.heading(f"{found['table']} {found['key']} at {at}")
    values = found["values"]
    output.fields(values.items() if isinstance(values, dict) else ())
    sides = found["sides"]
    if isinstance(sides, dict):
        output.text(f"  in {' and '.join(name for name, held in sides.items() if held is not None)}")


def show_record_changes(output: Output, changed: JsonObject) -> None:
    """What differs between two times, field by field."""
    span = f"between {shown(changed['from'])} and {shown(changed['until'])}"
    if not changed["changes"]:
        output.text(f"{changed['table']} {changed['key']} is the same {span}")
        return
    output.heading(f"{changed['table']} {changed['key']}: {changed['op']} {span}")
    show_changes(output, changed)


def show_table(output: Output, records: Iterable[JsonObject]) -> None:
    """A line a record: its key and its values."""
    output.lines(_TABLE, ([record["key"], record["values"]] for record in records))


def show_table_changes(output: Output, records: Iterable[JsonObject]) -> None:
    """Each record that differs, with the fields it differs in."""
    found = False
    for record in records:
        found = True
        output.heading(f"{record['op']}  {record['key']}")
        show_changes(output, record)
    if not found:
        output.text("nothing changed")
