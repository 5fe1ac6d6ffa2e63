"""Combining: two edits of one value become a third that has both (sets, sums, bounds, lines of a text). Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, Inexact, localcontext
from typing import Literal

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.numbers import as_decimal, canonical_number
from sync_engine.domain.lines import merge_lines
from sync_engine.domain.mapping import FieldMapping
from sync_engine.domain.values import Json, Value

Combining = Literal["union", "min", "max", "delta", "lines"]

_DIGITS = 400
"""More than any sum of what Notion can show needs."""


@dataclass(frozen=True, slots=True)
class Combined:
    """The value that has both edits, and how it came about, as the end of a sentence."""

    value: Value
    how: str


def combine(policy: Combining, base: Value, postgres: Value, notion: Value) -> Combined | None:
    """The third value, or None where these two cannot be combined so (then the newer one wins). Total."""
    return _WAYS[policy](base, postgres, notion)


def merge_both(field: FieldMapping, base: Value, postgres: Value, notion: Value) -> Combined | None:
    """Both edits in one value, as far as the field's type has such a thing; None where a person must choose.

    Lists have the elements that either side added, numbers both changes, texts the lines of both, or both texts
    one after the other where they changed the same lines.
    """
    way = _WAYS.get(field.conflict)
    if way is not None and (found := way(base, postgres, notion)):
        return found
    if isinstance(postgres, list) or isinstance(notion, list):
        return _union(base, postgres, notion)
    if field.type == "number":
        return _delta(base, postgres, notion)
    if field.type in ("rich_text", "title") and isinstance(postgres, str) and isinstance(notion, str):
        joined = f"{postgres}\n{notion}" if field.type == "rich_text" else f"{postgres} {notion}"
        return _lines(base, postgres, notion) or Combined(joined, "both texts, one after the other")
    return None


def _union(base: Value, postgres: Value, notion: Value) -> Combined | None:
    before, ours, theirs = _items(base), _items(postgres), _items(notion)
    if before is None or ours is None or theirs is None:
        return None
    old = {_name(item) for item in before}
    removed = old - {_name(item) for item in theirs}
    kept = [item for item in ours if _name(item) not in removed]
    taken = {_name(item) for item in ours} | old
    return Combined([*kept, *_new(theirs, taken)], "elements added and removed on either side")


def _items(value: Value) -> list[Json] | None:
    if value is None:
        return []
    return value if isinstance(value, list) else None


def _name(item: Json) -> str:
    return json.dumps(item, sort_keys=True)


def _new(items: list[Json], known: set[str]) -> list[Json]:
    return [item for item in items if _name(item) not in known]


def _least(_base: Value, postgres: Value, notion: Value) -> Combined | None:
    return _bound(postgres, notion, lambda ours, theirs: ours <= theirs, "the smaller of the two")


def _greatest(_base: Value, postgres: Value, notion: Value) -> Combined | None:
    return _bound(postgres, notion, lambda ours, theirs: ours >= theirs, "the greater of the two")


_Rank = tuple[int, Decimal | datetime]


def _bound(postgres: Value, notion: Value, ours_wins: Callable[[_Rank, _Rank], bool], how: str) -> Combined | None:
    """As in SQL, an empty value gives way to any other."""
    if postgres is None or notion is None:
        return Combined(notion if postgres is None else postgres, f"{how}; the other is empty")
    ours, theirs = _rank(postgres), _rank(notion)
    if ours is None or theirs is None or (ours[0] == theirs[0] and type(ours[1]) is not type(theirs[1])):
        return None
    return Combined(postgres if ours_wins(ours, theirs) else notion, how)


def _rank(value: Value) -> _Rank | None:
    """What orders numbers or times as Postgres does: infinities at the ends, NaN above all."""
    nothing = Decimal(0)
    if isinstance(value, str) and value.lower() in ("infinity", "-infinity", "nan"):
        return ({"-infinity": 0, "infinity": 2, "nan": 3}[value.lower()], nothing)
    try:
        return (1, as_decimal(value))
    except FieldError:
        pass
    try:
        return (1, datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _delta(base: Value, postgres: Value, notion: Value) -> Combined | None:
    try:
        before, ours, theirs = as_decimal(base), as_decimal(postgres), as_decimal(notion)
    except FieldError:
        return None
    if not (before.is_finite() and ours.is_finite() and theirs.is_finite()):
        return None
    with localcontext() as exact:
        exact.prec = _DIGITS
        exact.clear_flags()
        total = ours + theirs - before
        if exact.flags[Inexact]:
            return None
    return Combined(canonical_number(total), "both changes are added to the last common value")


def _lines(base: Value, postgres: Value, notion: Value) -> Combined | None:
    if not (isinstance(base, str) and isinstance(postgres, str) and isinstance(notion, str)):
        return None
    merged = merge_lines(base, postgres, notion)
    return None if merged is None else Combined(merged, "the two changed different lines")


_WAYS: Mapping[str, Callable[[Value, Value, Value], Combined | None]] = {
    "union": _union,
    "min": _least,
    "max": _greatest,
    "delta": _delta,
    "lines": _lines,
}
