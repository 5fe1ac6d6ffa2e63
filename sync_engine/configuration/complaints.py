"""From what is wrong with `sync.toml` to one sentence: the file, the line, what is allowed, the nearest word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sync_engine.configuration.places import Place
from sync_engine.configuration.shape import known_keys
from sync_engine.configuration.urls import has_password
from sync_engine.errors import ConfigurationError

_TOKEN = re.compile(r"\b(?:ntn|secret)_[A-Za-z0-9]{20,}")
_SECRETS: Mapping[Place, str] = {
    ("notion", "token"): "NOTION_TOKEN",
    ("notion", "webhook_token"): "NOTION_WEBHOOK_TOKEN",
}
_KINDS = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "tuple_type": "must be a list of tables: write [[tables]]",
    "string_too_short": "must not be empty",
}
_BOUNDS = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is closest, or empty."""
    by_fold = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=0.5)
    return by_fold[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word, or else all of them."""
    names = sorted(set(known))
    if close := nearest(word, names):
        return f"did you mean {close!r}?"
    return f"known: {', '.join(names)}" if names else ""


def where(file: str, place: Place, lines: Mapping[Place, int]) -> str:
    """`sync.toml line 12`; the line of the nearest enclosing table when the key itself is missing."""
    for length in range(len(place), 0, -1):
        if line := lines.get(place[:length]):
            return f"{file} line {line}"
    return file


def dotted(place: Place) -> str:
    """A place as a person writes it: `tables[0].fields.tier.conflict`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def refuse_secrets(raw: Mapping[str, Any], file: str, lines: Mapping[Place, int]) -> None:
    """Raise ConfigurationError for a secret written into the file; its text is not repeated."""
    for place, value in _strings(raw, ()):
        variable = _secret_variable(place, value)
        if variable:
            raise ConfigurationError(
                f"{where(file, place, lines)}: {dotted(place)} holds a secret, and this file is no place for one",
                hint=f'write {place[-1]} = "env:{variable}" and put the value into {variable} or .env',
            )


def _secret_variable(place: Place, value: str) -> str:
    if value.startswith("env:"):
        return ""
    if place in _SECRETS:
        return _SECRETS[place]
    if place == ("postgres", "url") and has_password(value):
        return "DATABASE_URL"
    return "NOTION_TOKEN" if _TOKEN.search(value) else ""


def _strings(node: Any, place: Place) -> Iterable[tuple[Place, str]]:
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _strings(value, (*place, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _strings(value, (*place, position))


def complaint(error: ValidationError, file: str, lines: Mapping[Place, int]) -> ConfigurationError:
    """The first of pydantic's findings in the order of the file, as one error.

    What is missing comes last: a misspelt key is why it is missing.
    """
    details = error.errors(include_url=False, include_input=False)
    details.sort(key=lambda detail: (detail["type"] == "missing", _line_of(detail["loc"], lines)))
    message, hint = _explained(details[0], file, lines)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return ConfigurationError(f"{message}{more}", hint=hint)


def _line_of(place: Place, lines: Mapping[Place, int]) -> int:
    return next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 0)


def _explained(detail: ErrorDetails, file: str, lines: Mapping[Place, int]) -> tuple[str, str]:
    place: Place = detail["loc"]
    kind, context = detail["type"], detail.get("ctx", {})
    at = where(file, place, lines)
    if kind == "extra_forbidden":
        inside = f" in {dotted(place[:-1])}" if place[:-1] else ""
        return f"{at}: unknown key {place[-1]!r}{inside}", did_you_mean(str(place[-1]), known_keys(place[:-1]))
    if kind == "missing":
        return f"{at}: {dotted(place)} is missing", f"add a line like {place[-1]} = {_example(place)}"
    if place == ("version",):
        return f"{at}: this sync-engine reads version 1 of the file", "write version = 1"
    if kind == "literal_error":
        return f"{at}: {dotted(place)} must be one of {context.get('expected')}", ""
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return f"{at}: {dotted(place)} must be {word} {context.get(key)}", ""
    return f"{at}: {dotted(place)} {_KINDS.get(kind, detail['msg'])}", ""


def _example(place: Place) -> str:
    return "1" if place == ("version",) else f'"{place[-1]}"'
