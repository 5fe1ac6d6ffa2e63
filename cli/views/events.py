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
EXPORTED = (*_CSV, "occurred", "old_key", "page_id", "snapshot")
"""The columns of `audit export --format csv`."""


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


def csv_lines(events: Iterable[JsonObject], columns: Sequence[str] = _CSV) -> Iterator[str]:
    """A heading and one line an event; images are JSON."""
    yield _csv_line(columns)
    for event in events:
        yield _csv_line([_csv_cell(event[name]) for name in columns])


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
        show_changes(output, event)


def show_changes(output: Output, changed: JsonObject) -> None:
    """The changes of a document, a field a line; texts that share words as `git diff --word-diff` shows them."""
    changes = changed["changes"] if isinstance(changed["changes"], list) else []
    for change in changes:
        if isinstance(change, dict):
            words = change.get("words")
            told = _words(words) if isinstance(words, list) else f"{cell(change['from'])} → {cell(change['to'])}"
            output.text(f"  {change['field']}: {told}")


_AROUND = 40


def _words(words: list[Json]) -> str:
    spans = [span for span in words if isinstance(span, dict)]
    return " ".join("".join(_span(span, place, len(spans)) for place, span in enumerate(spans)).split())


def _span(span: JsonObject, place: int, count: int) -> str:
    """What was taken out and put in, with a little of what both texts have around it."""
    text = str(span["text"])
    if span["op"] != "equal":
        return f"[-{text}-]" if span["op"] == "delete" else f"{{+{text}+}}"
    if len(text) <= 2 * _AROUND:
        return text
    before = "" if place == 0 else text[:_AROUND]
    after = "" if place == count - 1 else text[-_AROUND:]
    return f"{before}…{after}"


def show_blame(output: Output, fields: Sequence[JsonObject]) -> None:
    """A line a field: who, where, when, and the value."""
    rows = [
        [item["field"], who(item), item["source"], shown(item["at"]), item["seq"], item["value"]]
        for item in fields
    ]
    columns = ["field", "actor", "source", "at", "seq", "value"]
    output.table(columns, rows, empty="nothing is logged of this record")
