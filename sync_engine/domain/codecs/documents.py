"""JSON columns: canonical JSON text, with sorted keys and exact numbers.

Canonical: `{"a": 1.1, "b": [true, null]}`. Numbers are never floats on the way, so that 30 digits survive, and
equal numbers are equal text (`1.10` and `1.1`, `1e2` and `100`, `-0` and `0`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import ClassVar, NoReturn

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.numbers import decimal_text, parse_number
from sync_engine.domain.codecs.scalar import excerpt
from sync_engine.domain.values import Json, Value


@dataclass(frozen=True, slots=True)
class Document:
    """jsonb (`binary`) and json.

    A json column loses its own spacing, key order and doubled keys only when Notion edits it; unedited it is never
    written back.
    """

    binary: bool = True
    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are PG's text output. One nested deeper than Python can follow stays as Postgres prints it."""
        text = image if isinstance(image, str) else json.dumps(image)
        if text in ("{}", "[]"):
            return text
        try:
            return canonical_json(text)
        except (RecursionError, json.JSONDecodeError, FieldError):
            return text

    def literal(self, value: Value) -> str:
        """The canonical text."""
        if not isinstance(value, str):
            return str(self.parse(json.dumps(value)))
        return str(self.parse(value))

    def parse(self, text: str) -> Value:
        """JSON as a person types it; the error names the place."""
        try:
            canonical = canonical_json(text)
        except json.JSONDecodeError as exc:
            place = excerpt(exc.doc[max(0, exc.pos - 20) : exc.pos + 20])
            raise FieldError(
                f"the text is not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}, near {place}"
            ) from exc
        except RecursionError as exc:
            raise FieldError("the JSON is nested too deeply") from exc
        if self.binary and ("\\u0000" in canonical or "\\ud" in canonical) and _unstorable(canonical):
            raise FieldError("the JSON holds a NUL character or half a character, which jsonb cannot store")
        return canonical

    def show(self, value: Value) -> str:
        """The canonical text."""
        return str(value)


def canonical_json(text: str) -> str:
    """Canonical text of a JSON text. Raises JSONDecodeError, RecursionError, or FieldError for a huge number."""
    parsed = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse)
    parts: list[str] = []
    _write(parsed, parts.append)
    return "".join(parts)


def _number(text: str) -> Decimal:
    try:
        return parse_number(text)
    except InvalidOperation as exc:
        raise FieldError(f"{excerpt(text)} has more digits than Postgres can hold") from exc


def _refuse(word: str) -> NoReturn:
    raise json.JSONDecodeError(f"{word} is not JSON", word, 0)


def _write(node: object, out: Callable[[str], None]) -> None:
    """Write one parsed node. Only the types that json.loads makes with Decimal numbers occur."""
    if isinstance(node, str):
        out(_quoted(node))
    elif isinstance(node, dict):
        _write_object(node, out)
    elif isinstance(node, list):
        out("[")
        for position, item in enumerate(node):
            if position:
                out(", ")
            _write(item, out)
        out("]")
    elif isinstance(node, Decimal):
        out(decimal_text(node))
    else:
        out("null" if node is None else "true" if node is True else "false")


def _write_object(node: dict[str, object], out: Callable[[str], None]) -> None:
    out("{")
    for position, key in enumerate(sorted(node)):
        out(f"{', ' if position else ''}{_quoted(key)}: ")
        _write(node[key], out)
    out("}")


def _quoted(text: str) -> str:
    """A JSON string: readable, unless it holds half a surrogate pair, which only an escape can carry."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return encode_basestring(text)
    return encode_basestring_ascii(text)


def _unstorable(canonical: str) -> bool:
    """Whether a string in the JSON really holds NUL or half a pair (not an escaped backslash before `u0000`)."""
    unescaped = canonical.replace("\\\\", "")
    return "\\u0000" in unescaped or "\\ud" in unescaped
