"""Values that people write: each flavour of a kind, made unique by a serial number where the kind allows it."""

from __future__ import annotations

import json
from typing import Any

from tests.support.world import text

FLAVOURS = 8
"""Flavour 0 to 3 are ordinary values; the others are empty, extreme, or refused."""

MOODS = ("calm", "busy", "on fire")


def sql_value(kind: str, flavour: int, serial: int) -> Any:
    """A literal for a column of that kind; some of them Postgres refuses."""
    return _SQL[kind](flavour, serial)


def notion_value(kind: str, flavour: int, serial: int) -> dict[str, Any]:
    """A property value for a field of that kind; some of them the column cannot take."""
    return _NOTION[kind](flavour, serial)


def _text(flavour: int, serial: int) -> str | None:
    match flavour:
        case 4:
            return ""
        case 5:
            return None
        case 6:
            return f"🔴 “{serial}”, é\n" * 3
        case 7:
            return f"{serial} " + "long 🟢 " * 600
        case _:
            return f"Text {serial}"


def _title(flavour: int, serial: int) -> str | None:
    match flavour:
        case 4:
            return "Taken"  # UNIQUE in items
        case 5:
            return None  # NOT NULL
        case _:
            return _text(flavour, serial)


def _amount(flavour: int, serial: int) -> str | None:
    return {4: "-1", 5: None, 6: "0.10", 7: "123456.78"}.get(flavour, f"{serial}.25")


def _int(flavour: int, serial: int) -> int | None:
    return {4: 0, 5: None, 6: -2147483648, 7: 13}.get(flavour, serial + 100)


def _float(flavour: int, serial: int) -> str | None:
    return {4: "-0", 5: None, 6: "1e300", 7: "NaN"}.get(flavour, f"{serial}.5")


def _bool(flavour: int, _serial: int) -> bool | None:
    return (True, False, None)[flavour % 3]


def _date(flavour: int, serial: int) -> str | None:
    ordinary = f"20{serial % 90 + 10}-05-{serial % 28 + 1:02}"
    return {5: None, 6: "infinity", 7: "0044-03-15 BC"}.get(flavour, ordinary)


def _time(flavour: int, serial: int) -> str | None:
    ordinary = f"2026-05-{serial % 28 + 1:02}T{serial % 24:02}:{serial % 60:02}"
    match flavour:
        case 4:
            return f"{ordinary}:00Z"
        case 5:
            return None
        case 6:
            return "infinity"
        case _:
            return f"{ordinary}:{(serial * 7 + flavour) % 60:02}.{serial % 1000:03}Z"


def _mood(flavour: int, serial: int) -> str | None:
    return {5: None, 6: "furious"}.get(flavour, MOODS[serial % 3])


def _tags(flavour: int, serial: int) -> list[str | None] | None:
    special: dict[int, list[str | None] | None] = {4: [], 5: None, 6: ["a, b", f"t{serial}"], 7: ["a", None]}
    return special.get(flavour, ["a", f"tag {serial}"])


def _doc(flavour: int, serial: int) -> str | None:
    return {4: "{}", 5: None, 6: "null", 7: '{"n": 12345678901234567890.5}'}.get(
        flavour, json.dumps({"serial": serial, "b": [1, 2]})
    )


_SQL = {
    "title": _title,
    "text": _text,
    "amount": _amount,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "date": _date,
    "time": _time,
    "mood": _mood,
    "tags": _tags,
    "doc": _doc,
}


def _rich(flavour: int, serial: int) -> dict[str, Any]:
    value = _text(flavour, serial) or ""
    runs = [value[start : start + 900] for start in range(0, len(value), 900)]
    return {"rich_text": [{"text": {"content": run}} for run in runs]}


def _page_title(flavour: int, serial: int) -> dict[str, Any]:
    runs = text(_title(flavour, serial) or "")["rich_text"] if flavour < 7 else _rich(7, serial)["rich_text"]
    return {"title": [run for run in runs if run["text"]["content"]]}


def _number(values: dict[int, float | None], flavour: int, ordinary: float) -> dict[str, Any]:
    return {"number": values.get(flavour, ordinary)}


def _select(flavour: int, serial: int) -> dict[str, Any]:
    name = _mood(flavour, serial)
    return {"select": None if name is None else {"name": name}}


def _options(flavour: int, serial: int) -> dict[str, Any]:
    names = [] if flavour in (4, 5) else ["b", f"option {serial % 20}"]
    return {"multi_select": [{"name": name} for name in names]}


def _day(flavour: int, serial: int) -> dict[str, Any]:
    day = _date(0, serial)
    match flavour:
        case 5:
            return {"date": None}
        case 6:
            return {"date": {"start": f"{day}T10:00:00.000+00:00"}}
        case 7:
            return {"date": {"start": day, "end": "2199-01-01"}}
        case _:
            return {"date": {"start": day}}


def _minute(flavour: int, serial: int) -> dict[str, Any]:
    if flavour == 5:
        return {"date": None}
    return {"date": {"start": f"2026-06-{serial % 28 + 1:02}T{serial % 24:02}:{serial % 60:02}:00.000+00:00"}}


def _json_text(flavour: int, serial: int) -> dict[str, Any]:
    if flavour == 6:
        return text(f"not json {serial}")
    return text(_doc(flavour, serial) or "") if flavour != 5 else {"rich_text": []}


_NOTION = {
    "title": _page_title,
    "text": _rich,
    "amount": lambda f, n: _number({4: -1, 5: None, 6: 1.005, 7: 1e9}, f, n + 0.75),
    "int": lambda f, n: _number({4: 0, 5: None, 6: 1.5, 7: 13}, f, n + 1000),
    "float": lambda f, n: _number({4: 0, 5: None, 6: 1e300, 7: -1e-7}, f, n + 0.25),
    "bool": lambda f, n: {"checkbox": f % 2 == 0},
    "date": _day,
    "time": _minute,
    "mood": _select,
    "tags": _options,
    "doc": _json_text,
}
