"""Where in a TOML text each key stands, so that an error can name the line (tomllib does not say)."""

from __future__ import annotations

import re
from collections.abc import Mapping

Place = tuple[str | int, ...]
"""Path of a key: names, and positions in arrays."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}=,.\n]"
    r"|[^\s\[\]{}=,.#\"']+",
    re.DOTALL,
)


def line_numbers(text: str) -> Mapping[Place, int]:
    """The line (from 1) of every table header and key of a TOML text that tomllib accepts."""
    return _Reader(text).read()


class _Reader:
    """One pass over the tokens. The text is known to be valid, so nothing is checked again."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        line, counted = 1, 0
        for found in _TOKEN.finditer(text):
            line += text.count("\n", counted, found.start())
            counted = found.start()
            if not found[0].startswith("#"):
                self._tokens.append((found[0], line))
        self._at = 0
        self._lines: dict[Place, int] = {}
        self._arrays: dict[Place, int] = {}

    def read(self) -> Mapping[Place, int]:
        """Walk the statements."""
        prefix: Place = ()
        while self._at < len(self._tokens):
            token = self._peek()
            if token == "\n":
                self._at += 1
            elif token == "[":
                prefix = self._header()
            else:
                self._assignment(prefix)
        return self._lines

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else "\n"

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _key(self) -> tuple[list[str], int]:
        """A dotted key and its line."""
        line = self._tokens[self._at][1]
        parts = [_unquoted(self._take())]
        while self._peek() == ".":
            self._at += 1
            parts.append(_unquoted(self._take()))
        return parts, line

    def _header(self) -> Place:
        brackets = 0
        while self._peek() == "[":
            self._at += 1
            brackets += 1
        parts, line = self._key()
        self._at += brackets
        place: Place = ()
        for position, part in enumerate(parts):
            place = (*place, part)
            if brackets == 2 and position == len(parts) - 1:
                self._arrays[place] = self._arrays.get(place, -1) + 1
                self._lines.setdefault(place, line)
            if place in self._arrays:
                place = (*place, self._arrays[place])
        self._lines.setdefault(place, line)
        return place

    def _assignment(self, prefix: Place) -> None:
        parts, line = self._key()
        place: Place = prefix
        for part in parts:
            place = (*place, part)
            self._lines.setdefault(place, line)
        self._at += 1
        self._value(place)

    def _value(self, place: Place) -> None:
        token = self._take()
        if token == "[":
            self._array(place)
        elif token == "{":
            self._inline_table(place)
        else:
            while self._peek() not in ("\n", ",", "]", "}"):
                self._at += 1

    def _array(self, place: Place) -> None:
        position = 0
        while (token := self._peek()) != "]":
            if token in ("\n", ","):
                self._at += 1
                continue
            self._lines.setdefault((*place, position), self._tokens[self._at][1])
            self._value((*place, position))
            position += 1
        self._at += 1

    def _inline_table(self, place: Place) -> None:
        while (token := self._peek()) != "}":
            if token in ("\n", ","):
                self._at += 1
            else:
                self._assignment(place)
        self._at += 1


def _unquoted(token: str) -> str:
    """A key part without its quotes. Escapes in quoted keys are left as they are: only a line is at stake."""
    return token[1:-1] if token[:1] in ("'", '"') else token
