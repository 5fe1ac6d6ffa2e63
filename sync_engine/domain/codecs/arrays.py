"""Arrays: Postgres' array literals, and arrays as one value of nested lists.

Canonical: a JSON list of canonical elements and nulls, nested for more dimensions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.numbers import decimal_text, parse_number
from sync_engine.domain.codecs.scalar import Scalar, excerpt
from sync_engine.domain.values import Json, Value

_TOKEN = re.compile(r'[{},]|"(?:[^"\\]|\\.)*"|[^{},"]+', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_.:+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """An array column of one element type. As text it is a JSON list (`["a", null]`).

    `named`: in that list the elements go by what the element type shows them as, because those are other names.
    """

    element: Scalar
    named: bool = False

    @property
    def blank(self) -> Value:
        """The empty array."""
        return []

    def read(self, image: Json) -> Value:
        """Images are JSON lists, or PG's text output where the element's JSON would lose digits."""
        if isinstance(image, str):
            image = parse_array(image)
        return _each(image, self.element.read)

    def literal(self, value: Value) -> str:
        """PG's array literal."""
        if not isinstance(value, list):
            raise FieldError(f"{excerpt(str(value))} is not a list")
        return format_array(value, self.element.literal)

    def parse(self, text: str) -> Value:
        """A JSON list as a person types it."""
        try:
            found = json.loads(text, parse_int=parse_number, parse_float=parse_number)
        except (ValueError, RecursionError) as exc:
            raise FieldError(f'{excerpt(text)} is not a list like ["one", "two"]') from exc
        if not isinstance(found, list):
            raise FieldError(f'{excerpt(text)} is not a list like ["one", "two"]')
        value = _typed(found, self.element)
        self.literal(value)
        return value

    def show(self, value: Value) -> str:
        """The JSON list."""
        shown = _each(value, self.element.show) if self.named else value
        return json.dumps(shown, ensure_ascii=False)


def _each(value: Json, read: Callable[[Json], Value]) -> Value:
    """Apply `read` to every element that is not NULL, at any depth."""
    if not isinstance(value, list):
        raise FieldError(f"{excerpt(str(value))} is not an array")
    return [
        None if item is None else _each(item, read) if isinstance(item, list) else read(item) for item in value
    ]


def _typed(items: list[object], element: Scalar) -> list[Json]:
    """The elements of a list that a person typed."""
    typed: list[Json] = []
    for item in items:
        if isinstance(item, list):
            typed.append(_typed(item, element))
        elif item is None:
            typed.append(None)
        elif isinstance(item, str):
            typed.append(element.parse(item))
        elif isinstance(item, bool):
            typed.append(element.parse("true" if item else "false"))
        elif isinstance(item, Decimal):
            typed.append(element.parse(decimal_text(item)))
        else:
            raise FieldError("a list cannot hold an object here")
    return typed


def parse_array(text: str) -> Json:
    """Nested lists of texts from PG's array output; bounds (`[2:3]={...}`) are dropped."""
    if text.startswith("["):
        text = text.partition("=")[2]
    root: list[Json] = []
    stack = [root]
    for token in _TOKEN.findall(text):
        if token == "{":
            inner: list[Json] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif token == "}":
            stack.pop()
        elif token != ",":
            stack[-1].append(_element(token))
    return root[0]


def _element(token: str) -> str | None:
    if token.startswith('"'):
        return _ESCAPE.sub(r"\1", token[1:-1])
    return None if token == "NULL" else token


def format_array(items: list[Json], literal: Callable[[Value], str]) -> str:
    """PG's array literal of nested lists. Raises FieldError when the nesting is not rectangular."""
    shapes = {_shape(item) for item in items}
    if len(shapes) > 1:
        raise FieldError("the inner lists differ in length, which a Postgres array cannot hold")
    return "{" + ",".join(_literal_of(item, literal) for item in items) + "}"


def _shape(item: Json) -> tuple[int, ...]:
    if not isinstance(item, list):
        return ()
    return (len(item), *(_shape(item[0]) if item else ()))


def _literal_of(item: Json, literal: Callable[[Value], str]) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return format_array(item, literal)
    text = literal(item)
    if _PLAIN.fullmatch(text) and text.upper() != "NULL":
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
