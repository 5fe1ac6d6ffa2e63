"""Date filters: a compared value is the start in milliseconds, a wanted one a span of a day or a minute.

Recorded: `equals` with a time compares minutes; documented: `equals` with a date means the whole UTC day,
and values may be relative. `past_week` includes today (recorded).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import datetime, timedelta

from sync_engine.sandbox.clock import DAY, MINUTE, from_milliseconds, minute_floor, to_milliseconds
from sync_engine.sandbox.dates import start_milliseconds
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.querying.operators import PRESENCE, Maker, Test
from sync_engine.sandbox.validation import bad, want_object, want_string

Span = tuple[int, int]
_RELATIVE_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1, "one_week_ago": -7, "one_week_from_now": 7}
_RELATIVE_MONTHS = {"one_month_ago": -1, "one_month_from_now": 1}


def date_operators(now: int) -> dict[str, Maker]:
    """Return the operators, with relative ones resolved against `now`."""
    today = now - now % DAY

    def compared(test: Callable[[int, Span], bool]) -> Maker:
        def make(path: str, raw: Json) -> Test:
            span = _wanted(path, raw, today)
            return lambda value: value is not None and test(value, span)

        return make

    def within(span: Span) -> Maker:
        def make(path: str, raw: Json) -> Test:
            if want_object(path, raw):
                raise bad(path, "an empty object", raw)
            return lambda value: value is not None and span[0] <= value < span[1]

        return make

    return {
        "equals": compared(lambda value, span: span[0] <= value < span[1]),
        "before": compared(lambda value, span: value < span[0]),
        "after": compared(lambda value, span: value >= span[1]),
        "on_or_before": compared(lambda value, span: value < span[1]),
        "on_or_after": compared(lambda value, span: value >= span[0]),
        **{name: within(span) for name, span in _spans(today).items()},
        **PRESENCE,
    }


def _wanted(path: str, raw: Json, today: int) -> Span:
    text = want_string(path, raw)
    if text in _RELATIVE_DAYS:
        start = today + _RELATIVE_DAYS[text] * DAY
        return start, start + DAY
    if text in _RELATIVE_MONTHS:
        start = _months(today, _RELATIVE_MONTHS[text])
        return start, start + DAY
    try:
        start = start_milliseconds(text)
    except ValueError as error:
        raise bad(path, "a valid ISO 8601 date string", raw) from error
    if len(text) == 10:
        return start, start + DAY
    return minute_floor(start), minute_floor(start) + MINUTE


def _spans(today: int) -> dict[str, Span]:
    tomorrow = today + DAY
    weekday = (from_milliseconds(today).weekday() + 1) % 7
    sunday = today - weekday * DAY
    return {
        "this_week": (sunday, sunday + 7 * DAY),
        "past_week": (today - 7 * DAY, tomorrow),
        "past_month": (_months(today, -1), tomorrow),
        "past_year": (_months(today, -12), tomorrow),
        "next_week": (today, today + 8 * DAY),
        "next_month": (today, _months(today, 1) + DAY),
        "next_year": (today, _months(today, 12) + DAY),
    }


def _months(day: int, count: int) -> int:
    moment = from_milliseconds(day)
    month = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    shifted = datetime(year, month + 1, min(moment.day, last), tzinfo=moment.tzinfo)
    return to_milliseconds(shifted + timedelta())
