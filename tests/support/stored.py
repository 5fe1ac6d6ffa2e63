"""What Postgres makes of a literal that is stored, and the image that capture takes of it: a model for laws.

`tests/integration/postgres/test_codec_images.py` holds the model's assumptions on a real server.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sync_engine.domain.codecs.arrays import format_array, parse_array
from sync_engine.domain.codecs.numbers import shortest_single
from sync_engine.domain.schema import Column

AS_TEXT = {"numeric", "float4", "float8", "json", "jsonb", "money"}
"""Types whose image is Postgres' text output, because their JSON would lose digits."""

SESSION_ZONE = timezone(timedelta(hours=-7, minutes=-30))


def stored(column: Column, literal: str | None) -> Any:
    """The image of the column after the literal was stored."""
    if literal is None:
        return None
    if not column.is_array:
        return _element(column, literal)
    nested = parse_array(literal)
    if column.base in AS_TEXT:
        return format_array(_mapped(column, nested), str)
    return _mapped(column, nested)


def _mapped(column: Column, items: Any) -> Any:
    return [
        None if item is None else _mapped(column, item) if isinstance(item, list) else _element(column, item)
        for item in items
    ]


def _element(column: Column, literal: str) -> Any:
    if "\x00" in literal:
        raise ValueError("invalid byte sequence")
    if column.is_enum:
        assert literal in column.enum_labels
        return literal
    return _STORED.get(column.base, lambda _, text: text)(column, literal)


def _numeric(column: Column, literal: str) -> str:
    number = Decimal(literal)
    if not number.is_finite():
        return {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}[str(number)]
    if column.scale is None:
        return format(number, "f")
    assert -number.as_tuple().exponent <= column.scale, "Postgres would round"  # type: ignore[operator]
    return f"{number:.{column.scale}f}"


def _float(single: bool) -> Any:
    def store(_: Column, literal: str) -> str:
        number = float(literal)
        if number != number or number in (float("inf"), float("-inf")):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(number)]
        return shortest_single(number) if single else repr(number)

    return store


def _timestamptz(_: Column, literal: str) -> str:
    if "infinity" in literal or literal.endswith("BC") or literal[4] != "-":
        return literal
    try:
        moment = datetime.fromisoformat(literal).astimezone(SESSION_ZONE)
    except OverflowError:
        return literal
    return _trimmed(moment.isoformat()[:-6]) + "-07:30"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _jsonb(_: Column, literal: str) -> str:
    return json_text(json.loads(literal, parse_int=Decimal, parse_float=Decimal))


def json_text(node: Any) -> str:
    """jsonb's output: short keys first, numbers with all their digits."""
    if isinstance(node, dict):
        keys = sorted(node, key=lambda key: (len(key.encode()), key.encode()))
        return "{" + ", ".join(f"{json.dumps(key)}: {json_text(node[key])}" for key in keys) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(json_text, node)) + "]"
    if isinstance(node, Decimal):
        return format(node, "f")
    return json.dumps(node, ensure_ascii=False)


_STORED: dict[str, Any] = {
    "int2": lambda _, text: int(text),
    "int4": lambda _, text: int(text),
    "int8": lambda _, text: int(text),
    "numeric": _numeric,
    "float4": _float(True),
    "float8": _float(False),
    "bool": lambda _, text: text == "true",
    "bpchar": lambda column, text: text.ljust(int(column.type.partition("(")[2][:-1])),
    "timestamptz": _timestamptz,
    "timestamp": lambda _, text: _trimmed(text),
    "jsonb": _jsonb,
}
