"""The comparisons of each family of filters, as functions of a compared value.

Recorded: `does_not_equal` and `does_not_contain` include empty values, the other comparisons leave them out;
text comparisons ignore case.
"""

from __future__ import annotations

from collections.abc import Callable

from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.validation import bad, fix_one, problem, want_bool, want_string, want_uuid

Test = Callable[[Json], bool]
Maker = Callable[[str, Json], Test]


def _empty(path: str, raw: Json) -> Test:
    if raw is not True:
        raise bad(path, "`true`", raw)
    return lambda value: value is None or value == []


def _not_empty(path: str, raw: Json) -> Test:
    if raw is not True:
        raise bad(path, "`true`", raw)
    return lambda value: not (value is None or value == [])


def _text(compare: Callable[[str, str], bool], *, empty: bool = False) -> Maker:
    def make(path: str, raw: Json) -> Test:
        wanted = want_string(path, raw).casefold()
        return lambda value: empty if value is None else compare(value.casefold(), wanted)

    return make


def _number(compare: Callable[[float, float], bool], *, empty: bool = False) -> Maker:
    def make(path: str, raw: Json) -> Test:
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise bad(path, "a number", raw)
        wanted = float(raw)
        return lambda value: empty if value is None else compare(value, wanted)

    return make


def _checkbox(*, same: bool) -> Maker:
    def make(path: str, raw: Json) -> Test:
        wanted = want_bool(path, raw)
        return lambda value: (bool(value) == wanted) is same

    return make


def _names(path: str, raw: Json) -> set[str]:
    """Take a name or, since April 2026, a list of names."""
    if isinstance(raw, list):
        return {want_string(f"{path}[{n}]", each) for n, each in enumerate(raw)}
    return {want_string(path, raw)}


def _choice(*, same: bool) -> Maker:
    def make(path: str, raw: Json) -> Test:
        wanted = _names(path, raw)
        return lambda value: (value in wanted) is same

    return make


def _choices(*, same: bool) -> Maker:
    def make(path: str, raw: Json) -> Test:
        wanted = _names(path, raw)
        return lambda value: (not wanted.isdisjoint(value or ())) is same

    return make


def _linked(*, same: bool) -> Maker:
    def make(path: str, raw: Json) -> Test:
        wanted = want_uuid(path, raw)
        return lambda value: (wanted in (value or ())) is same

    return make


_EMPTINESS: dict[str, Maker] = {"is_empty": _empty, "is_not_empty": _not_empty}

TEXT: dict[str, Maker] = {
    "equals": _text(lambda value, wanted: value == wanted),
    "does_not_equal": _text(lambda value, wanted: value != wanted, empty=True),
    "contains": _text(lambda value, wanted: wanted in value),
    "does_not_contain": _text(lambda value, wanted: wanted not in value, empty=True),
    "starts_with": _text(lambda value, wanted: value.startswith(wanted)),
    "ends_with": _text(lambda value, wanted: value.endswith(wanted)),
    **_EMPTINESS,
}
NUMBER: dict[str, Maker] = {
    "equals": _number(lambda value, wanted: value == wanted),
    "does_not_equal": _number(lambda value, wanted: value != wanted, empty=True),
    "greater_than": _number(lambda value, wanted: value > wanted),
    "less_than": _number(lambda value, wanted: value < wanted),
    "greater_than_or_equal_to": _number(lambda value, wanted: value >= wanted),
    "less_than_or_equal_to": _number(lambda value, wanted: value <= wanted),
    **_EMPTINESS,
}
CHECKBOX: dict[str, Maker] = {"equals": _checkbox(same=True), "does_not_equal": _checkbox(same=False)}
CHOICE: dict[str, Maker] = {
    "equals": _choice(same=True),
    "does_not_equal": _choice(same=False),
    **_EMPTINESS,
}
CHOICES: dict[str, Maker] = {
    "contains": _choices(same=True),
    "does_not_contain": _choices(same=False),
    **_EMPTINESS,
}
LINKS: dict[str, Maker] = {
    "contains": _linked(same=True),
    "does_not_contain": _linked(same=False),
    **_EMPTINESS,
}
PRESENCE: dict[str, Maker] = dict(_EMPTINESS)


def made(family: dict[str, Maker], path: str, condition: JsonObject) -> Test:
    """Return the test of a condition such as `{"contains": "x"}`; several keys must all hold."""
    for name, raw in condition.items():
        if name not in family:
            raise bad(f"{path}.{name}", "not present", raw)
    if not condition:
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in family)
    tests = [family[name](f"{path}.{name}", raw) for name, raw in condition.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)
