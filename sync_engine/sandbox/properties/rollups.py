"""The functions of a rollup."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import from_milliseconds
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.kinds import kind_of

Values = list[Json]


def _percent(part: int, whole: int) -> float:
    return part / whole if whole else 0


def _filled(values: Values) -> Values:
    return [value for value in values if value not in (None, [], False, "")]


def _unique(values: Values) -> int:
    return len({repr(value) for value in _filled(values)})


_COUNTS: dict[str, Callable[[Values], float]] = {
    "count": len,
    "count_values": lambda values: sum(len(v) if isinstance(v, list) else 1 for v in _filled(values)),
    "empty": lambda values: len(values) - len(_filled(values)),
    "not_empty": lambda values: len(_filled(values)),
    "unique": _unique,
    "checked": lambda values: sum(value is True for value in values),
    "unchecked": lambda values: sum(value is not True for value in values),
    "percent_empty": lambda values: _percent(len(values) - len(_filled(values)), len(values)),
    "percent_not_empty": lambda values: _percent(len(_filled(values)), len(values)),
    "percent_checked": lambda values: _percent(sum(v is True for v in values), len(values)),
    "percent_unchecked": lambda values: _percent(sum(v is not True for v in values), len(values)),
}
_NUMBERS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "average": lambda numbers: sum(numbers) / len(numbers),
    "median": median,
    "min": min,
    "max": max,
    "range": lambda numbers: max(numbers) - min(numbers),
}
_DATES = ("earliest_date", "latest_date")
_ARRAYS = ("show_original", "show_unique")
_UNCOUNTED = ("date_range", "count_per_group", "percent_per_group")
"""`date_range` is a range of dates, the other two are `unsupported` (documented)."""

FUNCTIONS = (*_COUNTS, *_NUMBERS, *_DATES, *_ARRAYS, *_UNCOUNTED)


def roll_up(call: Call, prop: Property, page: Page, relation: Property | None, rolled: Property | None) -> Json:
    """Return `{type, <type>, function}`; over no pages when the relation or the property is gone."""
    function = prop.config["function"]
    if relation is None or rolled is None:
        return {**_value(call, function, Property("", "", "number"), []), "function": function}
    found = (call.store.find(Page, each) for each in page.values.get(relation.id) or [])
    pages = [each for each in found if each is not None]
    return {**_value(call, function, rolled, pages), "function": function}


def _span(values: Values) -> JsonObject:
    """Return the range from the earliest to the latest of some dates."""
    dates = [from_milliseconds(value).strftime("%Y-%m-%d") for value in values if isinstance(value, int)]
    shown = {"start": min(dates), "end": max(dates), "time_zone": None} if dates else None
    return {"type": "date", "date": shown}


def _value(call: Call, function: str, rolled: Property, pages: list[Page]) -> JsonObject:
    kind = kind_of(rolled)
    if function in _ARRAYS:
        return {"type": "array", "array": _array(call, rolled, pages, unique=function == "show_unique")}
    values = [kind.comparable(call, rolled, each) for each in pages]
    if function in _COUNTS:
        return {"type": "number", "number": _COUNTS[function](values)}
    if function in _NUMBERS:
        numbers = [value for value in values if isinstance(value, (int, float))]
        return {"type": "number", "number": _NUMBERS[function](numbers) if numbers else None}
    if function == "date_range":
        return _span(values)
    if function in _DATES:
        dated = [each for each, value in zip(pages, values, strict=True) if isinstance(value, int)]
        pick = min if function == "earliest_date" else max
        chosen = pick(dated, key=lambda each: kind.comparable(call, rolled, each), default=None)
        shown = kind.value_out(call, rolled, chosen) if chosen else None
        start = shown["start"] if isinstance(shown, dict) else shown
        return {"type": "date", "date": {"start": start, "end": None, "time_zone": None} if start else None}
    return {"type": "unsupported", "unsupported": {}}


def _array(call: Call, rolled: Property, pages: list[Page], *, unique: bool) -> list[Json]:
    kind = kind_of(rolled)
    made: list[Json] = []
    for page in pages:
        item = {"type": rolled.type, rolled.type: kind.value_out(call, rolled, page)}
        if not (unique and item in made):
            made.append(item)
    return made
