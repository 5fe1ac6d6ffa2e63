"""What is promised for each column type, in words: taken from the codecs, told in the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sync_engine.domain.codecs.arrays import ArrayOf
from sync_engine.domain.codecs.documents import Document
from sync_engine.domain.codecs.moments import Date, TimeOfDay, Timestamp
from sync_engine.domain.codecs.numbers import Exact, Floating, Whole
from sync_engine.domain.codecs.registry import default_type, scalar_for, types_for
from sync_engine.domain.codecs.strings import Bits, Boolean, Enumeration, Padded, Printed, Text, Uuid
from sync_engine.domain.schema import Column

Kind = Literal["two-way, exact", "two-way, canonical", "left out"]

CANONICAL: Mapping[type, str] = {
    Text: "",
    Padded: "equal but for the spaces at the end",
    Printed: "equal as Postgres prints them",
    Bits: "",
    Uuid: "equal in any spelling of a UUID",
    Enumeration: "",
    Boolean: "",
    Whole: "",
    Exact: "equal as numbers: `1.10` is `1.1`",
    Floating: "equal by their shortest decimal; `-0` is `0`",
    Date: "",
    Timestamp: "the same instant to the microsecond, whatever the offset",
    TimeOfDay: "",
    Document: "equal as JSON: order of keys, spacing and `1.0` for `1` do not count",
    ArrayOf: "equal element by element; where an array counts from is not carried",
}
"""When two values of a scalar are one value; empty: only when they are the same."""

NOT_SHOWN: Mapping[str, str] = {
    "title": "more than 200,000 characters (UTF-16) or 450 KB",
    "rich_text": "more than 200,000 characters (UTF-16) or 450 KB",
    "number": "a number that a double would round, NaN, the infinities",
    "checkbox": "",
    "date": "the infinities, BC, years above 9999",
    "select": "a label of more than 100 characters, with a comma, or with space at its ends",
    "multi_select": "NULL elements, doubles, two dimensions, more than 100 elements, elements that are no option",
}
"""What a property cannot hold: the field is then empty in Notion, kept in Postgres, and listed as held."""

SAME: Mapping[str, str] = {
    "title": "empty text and NULL look alike",
    "rich_text": "empty text and NULL look alike",
    "checkbox": "NULL and false look alike",
    "date": "seconds are not shown",
    "multi_select": "the empty list and NULL look alike",
}
"""What a property shows alike: unedited, Postgres keeps the one it has."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is promised for a column: how it crosses, its usual property, the others it may have, and the rest."""

    kind: Kind
    property: str
    others: tuple[str, ...]
    reason: str
    equality: str
    not_shown: str
    same: str


def behaviour(column: Column) -> Behaviour:
    """The behaviour of a writable column that `sync.toml` says nothing about."""
    choice = default_type(column)
    equality = CANONICAL[type(scalar_for(column))]
    others = tuple(name for name in types_for(column) if name not in (choice.type, "title"))
    if choice.type is None:
        return Behaviour("left out", "", others, choice.reason, equality, "", "")
    kind: Kind = "two-way, canonical" if equality else "two-way, exact"
    shown = choice.type
    return Behaviour(kind, shown, others, choice.reason, equality, NOT_SHOWN[shown], _same(column, shown))


def _same(column: Column, shown: str) -> str:
    """A text property shows only texts that may be empty alike with NULL; a date without a time loses nothing."""
    if shown in ("title", "rich_text") and not isinstance(scalar_for(column), Text):
        return ""
    return "" if column.base == "date" and not column.is_array else SAME.get(shown, "")
