"""Cells of a table: what to show of a value, what its editor begins with, and what a filled-in editor means."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.mapping import FieldMapping
from sync_engine.domain.unresolved import targets_of
from sync_engine.domain.values import Json, Value
from sync_engine.errors import UsageError
from sync_engine.web.forms import Fields
from sync_engine.web.shown import plain
from sync_engine.web.titled import Titles

_TEXTS = frozenset({"text", "character varying", "character", "citext", "name"})
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_MODIFIER = re.compile(r"\(.*?\)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the table. `kind` decides how it looks; a NULL has `null` and no text."""

    field: FieldMapping
    kind: str
    text: str = ""
    null: bool = False
    chips: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Editor:
    """What the form of one cell starts with, or goes on with after a refusal (`problem`).

    `expected` is the literal that the person saw, as JSON; `choices` are (literal, label); `now` tells what the
    cell holds after somebody else changed it.
    """

    key: str
    field: FieldMapping
    kind: str
    expected: str
    text: str = ""
    null: bool = False
    choices: Sequence[tuple[str, str]] = ()
    problem: str = ""
    locked: str = ""
    now: str | None = None


def kind_of(column: FieldMapping) -> str:
    """How a field is shown and edited."""
    base = _MODIFIER.sub("", column.column_type)
    if column.relation_to:
        return "relation"
    if column.column_type.endswith("[]"):
        return "list"
    if column.options:
        return "choice"
    if base in ("json", "jsonb"):
        return "json"
    if base == "boolean":
        return "boolean"
    if base in _NUMBERS:
        return "number"
    if base == "date" or base.startswith("time"):
        return "moment"
    return "text" if base in _TEXTS or column.type == "title" else "plain"


def cell_of(column: FieldMapping, value: Value, titles: Titles) -> Cell:
    """A value as the table shows it."""
    kind = kind_of(column)
    if value is None:
        return Cell(column, kind, null=True)
    if kind == "relation":
        keys = targets_of(value)
        return Cell(column, kind, chips=[titles.get((column.relation_to, key)) or key for key in keys])
    if kind == "choice":
        return Cell(column, kind, chips=[plain(value)])
    if kind == "list" and isinstance(value, list) and not any(isinstance(item, list) for item in value):
        return Cell(column, kind, text="[]" if not value else "", chips=[plain(item) or "null" for item in value])
    return Cell(column, kind, text=plain(value))


def editor_of(column: FieldMapping, key: str, value: Value, choices: Sequence[tuple[str, str]]) -> Editor:
    """What the form of a cell starts with."""
    try:
        literal = column.codec.to_postgres(value)
    except FieldError as error:
        return Editor(key, column, kind_of(column), "null", locked=f"this value cannot be edited here: {error}")
    kind = kind_of(column)
    text = literal or ""
    if kind == "list":
        kind, text = _list_form(column, value)
    if kind in ("relation", "choice") and not choices:
        kind = "plain"
    chosen = _with(choices, literal)
    return Editor(key, column, kind, json.dumps(literal), text=text, null=value is None, choices=chosen)


def _list_form(column: FieldMapping, value: Value) -> tuple[str, str]:
    """A list is edited with one element on each line where that is exact, else as JSON."""
    if value is None:
        base = _MODIFIER.sub("", column.column_type).removesuffix("[]")
        return ("list" if base in _TEXTS else "plain-list"), ""
    lines = _lines(value)
    return ("plain-list", plain(value)) if lines is None else ("list", lines)


def _with(choices: Sequence[tuple[str, str]], literal: str | None) -> Sequence[tuple[str, str]]:
    """The choices, and what is chosen now if it is none of them."""
    if not choices or literal is None or literal in {name for name, _ in choices}:
        return choices
    return [(literal, literal), *choices]


def _lines(value: Value) -> str | None:
    """A list with one element on each line, or None when that would not be exact."""
    if not isinstance(value, list):
        return None
    exact = all(isinstance(item, str) and item.strip() == item and item and "\n" not in item for item in value)
    return "\n".join(str(item) for item in value) if exact else None


def expected_of(fields: Fields) -> str | None:
    """The literal that the person saw. Raises UsageError when the form was made by hand, and badly."""
    try:
        found: Json = json.loads(fields.one("expected"))
    except ValueError as error:
        raise UsageError("the form does not say what the cell held", hint="load the page again") from error
    return None if found is None else str(found)


def literal_of(column: FieldMapping, fields: Fields) -> str | None:
    """The Postgres literal that a filled-in editor means; None is NULL. Raises FieldError for what is no list."""
    expected = expected_of(fields)
    if "choice" in fields:
        chosen = fields.one("choice")
        return chosen[1:] if chosen.startswith("=") else None
    text = fields.one("value")
    if _means_null(column, fields, text, expected):
        return None
    if fields.one("form") in ("list", "plain-list"):
        return column.codec.to_postgres(_list(text, as_lines=fields.one("form") == "list"))
    return _as_seen(text, expected) if kind_of(column) == "text" else text.strip()


def _means_null(column: FieldMapping, fields: Fields, text: str, expected: str | None) -> bool:
    """An empty form is NULL, but an empty text or list is not: there the box says so.

    Who types into a cell that was NULL need not clear the box.
    """
    if kind_of(column) not in ("text", "list"):
        return not text.strip()
    return fields.one("null") == "yes" and not (expected is None and text)


def _as_seen(text: str, expected: str | None) -> str:
    """The text with the line ends it had: a browser makes all of them alike."""
    if expected is None or "\r" not in expected:
        return text
    if expected.replace("\r\n", "\n").replace("\r", "\n") == text:
        return expected
    return text.replace("\n", "\r\n") if "\n" not in expected.replace("\r\n", "") else text


def _list(text: str, *, as_lines: bool) -> Json:
    if as_lines:
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        found: Json = json.loads(text, parse_float=_exact)
    except ValueError as error:
        raise FieldError('this is not a list like ["one", "two"]') from error
    if not isinstance(found, list):
        raise FieldError('this is not a list like ["one", "two"]')
    return found


def _exact(digits: str) -> float | str:
    """A fraction as a number where that keeps every digit."""
    return float(digits) if repr(float(digits)) == digits else digits
