"""Values inside a formula: number, text, truth value, moment, list, or None for empty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sync_engine.sandbox.clock import from_milliseconds, to_milliseconds

DAYS = {"days": 1, "day": 1, "weeks": 7, "week": 7}
MONTHS = {"months": 1, "month": 1, "quarters": 3, "years": 12, "year": 12}
SECONDS = {"hours": 3600, "hour": 3600, "minutes": 60, "minute": 60}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time; `dated` when it is a whole day. `shown` is the stored text it came from, if it did."""

    at: datetime
    dated: bool = False
    shown: str = ""


Value: TypeAlias = "float | str | bool | Moment | list[Value] | None"


class Unsupported(ValueError):
    """A formula asks for something this evaluator does not know."""


def number(value: Value) -> float:
    """Return a value as a number; empty counts as 0. Raises Unsupported for a text that is none."""
    if value is None:
        return 0
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, Moment):
        return float(to_milliseconds(value.at))
    raise Unsupported("not a number")


def text(value: Value) -> str:
    """Return a value as text, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, Moment):
        return value.at.strftime("%B %-d, %Y") if value.dated else value.at.strftime("%B %-d, %Y %-I:%M %p")
    if isinstance(value, list):
        return ", ".join(text(each) for each in value)
    return value


def truth(value: Value) -> bool:
    """Return a value as a condition."""
    return value not in (None, False, 0, "", [])


def moment(value: Value) -> Moment:
    """Return a value as a moment. Raises Unsupported."""
    if isinstance(value, Moment):
        return value
    raise Unsupported("not a date")


def shifted(start: Moment, amount: float, unit: str) -> Moment:
    """Return a moment moved by an amount of a unit; a day moved by days stays a day."""
    if unit in SECONDS:
        dated = start.dated and amount == 0
        return Moment(start.at + timedelta(seconds=amount * SECONDS[unit]), dated)
    if unit in DAYS:
        return Moment(start.at + timedelta(days=amount * DAYS[unit]), start.dated)
    if unit in MONTHS:
        return Moment(_months(start.at, int(amount * MONTHS[unit])), start.dated)
    raise Unsupported(unit)


def _months(start: datetime, count: int) -> datetime:
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    day = start.day
    while True:
        try:
            return start.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1


def between(later: Moment, earlier: Moment, unit: str) -> float:
    """Return the whole units from `earlier` to `later`, cut towards zero."""
    seconds = (later.at - earlier.at).total_seconds()
    if unit in SECONDS:
        return int(seconds / SECONDS[unit])
    if unit in DAYS:
        return int(seconds / (86_400 * DAYS[unit]))
    if unit not in MONTHS:
        raise Unsupported(unit)
    months = (later.at.year - earlier.at.year) * 12 + later.at.month - earlier.at.month
    if months > 0 and _months(earlier.at, months) > later.at:
        months -= 1
    if months < 0 and _months(earlier.at, months) < later.at:
        months += 1
    return int(months / MONTHS[unit])


def from_timestamp(value: Value) -> Value:
    """Return the moment of milliseconds since 1970, or empty."""
    return None if value is None else Moment(from_milliseconds(int(number(value))))
