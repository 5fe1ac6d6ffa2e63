"""Events of the log as lines, as CSV, and as the history of one record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import orjson

from cli.output import Output, cell
from cli.times import shown
from cli.views.people import actor_name
from sync_engine.domain.values import Json, JsonObject

_COLUMNS = (("seq", 6), ("at", 20), ("source", 8), ("op", 8), ("actor", 16), ("table", 20), ("key", 36))
_PLACE = ("seq", "source", "table", "key", "op")
_TIME = ("at", "recorded_at", "origin", "run_id", "txid")
_CSV = (*_PLACE, *_TIME, "actor", "changed", "before", "after")


def show_events(output: Output, events: Iterable[JsonObject]) -> None:
    """One line each, with the names of the changed fields at the end."""
    rows = (
        [
            event["seq"],
            shown(event["at"]),
            event["source"],
            event["op"],
            who(event),
            event["table"],
            event["key"],
            _what(event),
        ]
        for event in events
    )
    output.lines([*_COLUMNS, ("changed", 0)], rows)


def who(event: JsonObject) -> str:
    """The actor, or the engine's own run."""
    return str(event["origin"]) if event.get("origin") else actor_name(event.get("actor"))


def _what(event: JsonObject) -> str:
    changed = event["changed"]
    return ", ".join(map(str, changed)) if isinstance(changed, list) else ""


def csv_lines(events: Iterable[JsonObject]) -> Iterator[str]:
    """A heading and one line an event; images are JSON."""
    yield _csv_line(_CSV)
    for event in events:
        yield _csv_line([_csv_cell(event[name]) for name in _CSV])


def _csv_line(row: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row)
    return buffer.getvalue()


def _csv_cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def show_history(output: Output, events: Sequence[JsonObject]) -> None:
    """Each change with the fields it changed, from what to what."""
    if not events:
        output.text("nothing is logged of this record")
    for event in events:
        output.heading(f"{shown(event['at'])}  {event['source']}  {event['op']} by {who(event)}")
        changes = event["changes"] if isinstance(event["changes"], list) else []
        for change in changes:
            if isinstance(change, dict):
                output.text(f"  {change['field']}: {cell(change['from'])} → {cell(change['to'])}")
