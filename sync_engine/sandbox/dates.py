"""Date values: cut to the minute, `time_zone` turned into an offset and never returned (all recorded)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sync_engine.sandbox.clock import to_milliseconds
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.validation import bad, want_object, want_string

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def date_in(path: str, raw: Json) -> JsonObject:
    """Check a date of a request and return it as stored.

    Date-only stays date-only. A time without offset is UTC, or wall clock of `time_zone`. Mixed kinds, an
    end before the start and a zone without a time are refused (UNVERIFIED: the stricter reading).
    """
    given = want_object(path, raw)
    zone = _zone(f"{path}.time_zone", given.get("time_zone"))
    start = _moment(f"{path}.start", given.get("start", UNDEFINED), zone)
    end = None if given.get("end") is None else _moment(f"{path}.end", given["end"], zone)
    if end is not None:
        if (len(start) == 10) != (len(end) == 10):
            raise bad(f"{path}.end", "of the same kind as `start`", given["end"])
        if start_milliseconds(end) < start_milliseconds(start):
            raise bad(f"{path}.end", "on or after `start`", given["end"])
    return {"start": start, "end": end, "time_zone": None}


def _zone(path: str, raw: Json) -> ZoneInfo | None:
    if raw is None:
        return None
    name = want_string(path, raw)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise bad(path, "a valid IANA time zone", raw) from error


def _moment(path: str, raw: Json, zone: ZoneInfo | None) -> str:
    text = want_string(path, raw)
    try:
        if _DAY.match(text):
            date.fromisoformat(text)
            if zone is None:
                return text
            raise bad(path, "a date with a time when `time_zone` is given", raw)
        return _with_offset(datetime.fromisoformat(text), zone)
    except ValueError as error:
        raise bad(path, "a valid ISO 8601 date string", raw) from error


def _with_offset(moment: datetime, zone: ZoneInfo | None) -> str:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone or UTC)
    elif zone is not None:
        moment = moment.astimezone(zone)
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    minutes = int(abs(offset).total_seconds()) // 60
    to_the_minute = moment.replace(second=0, microsecond=0, tzinfo=None)
    return to_the_minute.isoformat(timespec="milliseconds") + f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def start_milliseconds(text: str) -> int:
    """Return a stored date or datetime as milliseconds; a date is its midnight in UTC."""
    moment = datetime.fromisoformat(text)
    return to_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
