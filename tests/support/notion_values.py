"""What Notion makes of a property value that it is sent: its limits, and the form in which it answers."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

MAX_RUNS, RUN_UNITS, REQUEST_BYTES = 100, 2_000, 500_000


def answered(sent: Any) -> dict[str, Any]:
    """The value as a later read returns it: equal runs merged, minutes floored, missing keys filled in.

    Fails where Notion would answer 400.
    """
    assert isinstance(sent, dict) and len(sent) == 1
    ((kind, value),) = sent.items()
    return {"id": "%3AUvW", "type": kind, kind: _ANSWERS[kind](value)}


def _runs(runs: list[Any]) -> list[Any]:
    assert len(runs) <= MAX_RUNS
    contents = [run["text"]["content"] for run in runs]
    for content in contents:
        assert len(content.encode("utf-16-le")) // 2 <= RUN_UNITS  # a half pair would not encode at all
    text = "".join(contents)
    assert len(text.encode()) < REQUEST_BYTES
    if not text:
        return []
    plain = {"bold": False, "italic": False, "color": "default"}
    return [
        {
            "type": "text",
            "text": {"content": text, "link": None},
            "annotations": plain,
            "plain_text": text,
            "href": None,
        }
    ]


def _number(value: Any) -> Any:
    if value is None:
        return None
    assert not isinstance(value, bool) and math.isfinite(value)
    double = float(value)
    return int(double) if double.is_integer() and abs(double) < 2**53 else double


def _option(value: Any) -> dict[str, Any]:
    name = value["name"]
    assert name and "," not in name and len(name.encode("utf-16-le")) // 2 <= 100
    return {"id": f"id of {name}", "name": name, "color": "default"}


def _options(value: list[Any]) -> list[Any]:
    assert len(value) <= 100
    assert len({item["name"].casefold() for item in value}) == len(value)
    return [_option(item) for item in value]


def _date(value: Any) -> Any:
    if value is None:
        return None
    start = value["start"]
    if len(start) > 10:
        moment = datetime.fromisoformat(start)
        assert moment.tzinfo is not None
        floored = moment.replace(second=0, microsecond=0).isoformat(timespec="milliseconds")
        return {"start": floored, "end": None, "time_zone": None}
    datetime.strptime(start, "%Y-%m-%d")
    return {"start": start, "end": None, "time_zone": None}


def _plain(limit: int) -> Any:
    def check(value: Any) -> Any:
        assert value is None or 0 < len(value.encode("utf-16-le")) // 2 <= limit
        return value

    return check


_ANSWERS: dict[str, Any] = {
    "title": _runs,
    "rich_text": _runs,
    "number": _number,
    "select": lambda value: None if value is None else _option(value),
    "multi_select": _options,
    "checkbox": lambda value: value,
    "date": _date,
    "url": _plain(2_000),
    "email": _plain(200),
    "phone_number": _plain(200),
}
