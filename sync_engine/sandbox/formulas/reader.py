"""Reads the text of a formula into a tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import unquote

from sync_engine.sandbox.formulas.tree import Calling, Literal, Name, Operation, Reference, Sign, Tree

_TOKEN = re.compile(
    r"\s*(?:(?P<reference>\{\{notion:block_property:(?P<id>[^:}]*):[^}]*\}\})"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r'|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign>==|!=|>=|<=|&&|\|\||[-+*/%^<>!(),.?:]))"
)
_LEVELS = (("or", "||"), ("and", "&&"), ("==", "!="), (">", "<", ">=", "<="), ("+", "-"), ("*", "/", "%"), ("^",))
_WORDS: dict[str, bool] = {"true": True, "false": False}

Resolve = Callable[[str], Reference | None]


class NotAFormula(ValueError):
    """The text is beyond this reader."""


class Reader:
    """Reads one formula. `resolve` turns the name in `prop("Name")` into a reference."""

    def __init__(self, text: str, resolve: Resolve) -> None:
        self._resolve = resolve
        self._pieces = list(_pieces(text))
        self._at = 0

    def read(self) -> Tree:
        """Return the tree of the whole text. Raises NotAFormula."""
        tree = self._level(0)
        if self._at != len(self._pieces):
            raise NotAFormula(self._pieces[self._at][1])
        return tree

    def _peek(self) -> tuple[str, str]:
        return self._pieces[self._at] if self._at < len(self._pieces) else ("end", "")

    def _take(self) -> tuple[str, str]:
        piece = self._peek()
        self._at += 1
        return piece

    def _skip(self, text: str) -> bool:
        if self._peek()[1] == text and self._peek()[0] in ("sign", "word"):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise NotAFormula(f"{text} expected")

    def _level(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while self._peek()[1] in _LEVELS[level] and self._peek()[0] in ("sign", "word"):
            operator = self._take()[1]
            left = Operation(operator, left, self._level(level + 1))
        return left

    def _unary(self) -> Tree:
        for operator in ("-", "!", "not"):
            if self._skip(operator):
                return Sign(operator, self._unary())
        tree = self._primary()
        while self._skip("."):
            name = self._take()[1]
            self._expect("(")
            tree = Calling(name, (tree, *self._arguments()), method=True)
        return tree

    def _primary(self) -> Tree:
        kind, text = self._take()
        if kind == "number":
            return Literal(float(text), text)
        if kind == "text":
            return Literal(str(json.loads(text)))
        if kind == "reference":
            return Reference(unquote(text.split(":")[2]), text)
        if kind == "word":
            return self._word(text)
        if text == "(":
            tree = self._level(0)
            self._expect(")")
            return tree
        raise NotAFormula(text)

    def _word(self, text: str) -> Tree:
        if text in _WORDS:
            return Literal(_WORDS[text], text)
        if not self._skip("("):
            return Name(text)
        arguments = self._arguments()
        if text == "prop" and len(arguments) == 1 and isinstance(arguments[0], Literal):
            found = self._resolve(str(arguments[0].value))
            if found is not None:
                return found
        return Calling(text, tuple(arguments))

    def _arguments(self) -> list[Tree]:
        made: list[Tree] = []
        while not self._skip(")"):
            made.append(self._level(0))
            if not self._skip(","):
                self._expect(")")
                break
        return made


def _pieces(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotAFormula(text[at:])
        kind = match.lastgroup if match.lastgroup != "id" else "reference"
        kind = "reference" if match.group("reference") else kind
        found.append((str(kind), match.group(str(kind))))
        at = match.end()
    return found
