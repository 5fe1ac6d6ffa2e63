"""Filters: a request's `filter` becomes one test of a page; errors as Notion words them."""

from __future__ import annotations

from collections.abc import Callable

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.dates import start_milliseconds
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.computed import sides
from sync_engine.sandbox.properties.registry import TYPES, kind_of
from sync_engine.sandbox.properties.writing import find_property
from sync_engine.sandbox.querying.moments import date_operators
from sync_engine.sandbox.querying.operators import (
    CHECKBOX,
    CHOICE,
    CHOICES,
    LINKS,
    NUMBER,
    PRESENCE,
    TEXT,
    Maker,
    Test,
    made,
)
from sync_engine.sandbox.validation import bad, one_key, want_list, want_object, want_one_of, want_string

PageTest = Callable[[Page], bool]
DEEPEST = 2
"""A compound may hold compounds, whose members are leaves (documented)."""

_TIMESTAMPS = ("created_time", "last_edited_time")
_FAMILIES: dict[str, dict[str, Maker]] = {
    **dict.fromkeys(("title", "rich_text", "url", "email", "phone_number"), TEXT),
    **dict.fromkeys(("number", "unique_id"), NUMBER),
    **dict.fromkeys(("select", "status"), CHOICE),
    **dict.fromkeys(("people", "created_by", "last_edited_by", "relation"), LINKS),
    "checkbox": CHECKBOX,
    "multi_select": CHOICES,
    "files": PRESENCE,
}
_DATES = ("date", *_TIMESTAMPS)
_FORMULA_KINDS = {"string": "string", "number": "number", "checkbox": "boolean", "date": "date"}


def compiled(call: Call, source: DataSource, raw: Json) -> PageTest:
    """Return the test of a whole `filter`."""
    return _node(call, source, want_object("body.filter", raw), "body.filter", 0)


def _node(call: Call, source: DataSource, raw: JsonObject, path: str, depth: int) -> PageTest:
    for word in ("and", "or"):
        if word in raw:
            if depth >= DEEPEST:
                raise bad(f"{path}.{word}", "not present", raw[word])
            members = want_list(f"{path}.{word}", raw[word])
            tests = [
                _node(call, source, want_object(f"{path}.{word}[{n}]", each), f"{path}.{word}[{n}]", depth + 1)
                for n, each in enumerate(members)
            ]
            if len(tests) == 1:
                return tests[0]
            return _all(tests) if word == "and" else _any(tests)
    if "timestamp" in raw:
        return _timestamp(call, raw, path)
    return _property(call, source, raw, path)


def _all(tests: list[PageTest]) -> PageTest:
    return lambda page: all(test(page) for test in tests)


def _any(tests: list[PageTest]) -> PageTest:
    return lambda page: any(test(page) for test in tests)


def _timestamp(call: Call, raw: JsonObject, path: str) -> PageTest:
    which = want_one_of(f"{path}.timestamp", raw["timestamp"], _TIMESTAMPS)
    condition = want_object(f"{path}.{which}", raw.get(which, UNDEFINED))
    test = made(date_operators(call.now), f"{path}.{which}", condition)
    if which == "created_time":
        return lambda page: test(page.created)
    return lambda page: test(page.edited)


def _property(call: Call, source: DataSource, raw: JsonObject, path: str) -> PageTest:
    name = want_string(f"{path}.property", raw.get("property", UNDEFINED))
    prop = find_property(source.properties, name)
    if prop is None:
        raise invalid(f"Could not find property with name or id: {name}")
    used = one_key(path, raw, (prop.type, *TYPES))
    kind = kind_of(prop)
    if used != prop.type and used not in kind.filter_keys:
        raise invalid(
            "The property type in the database does not match the property type of the filter provided: "
            f"database property {prop.type} does not match filter {used}"
        )
    condition = want_object(f"{path}.{used}", raw[used])
    if used == "formula":
        return _formula(call, prop, condition, f"{path}.formula")
    if used == "rollup":
        return _rollup(call, prop, condition, f"{path}.rollup")
    test = _leaf(call, used, condition, f"{path}.{used}")
    return lambda page: test(kind.comparable(call, prop, page))


def _leaf(call: Call, used: str, condition: JsonObject, path: str) -> Test:
    if used in _DATES:
        return made(date_operators(call.now), path, condition)
    if used not in _FAMILIES:
        raise bad(path, "not present", condition)
    return made(_FAMILIES[used], path, condition)


def _formula(call: Call, prop: Property, condition: JsonObject, path: str) -> PageTest:
    used = one_key(path, condition, _FORMULA_KINDS)
    inner = want_object(f"{path}.{used}", condition[used])
    test = _leaf(call, "rich_text" if used == "string" else used, inner, f"{path}.{used}")
    wanted = _FORMULA_KINDS[used]
    kind = kind_of(prop)

    def passes(page: Page) -> bool:
        shown = kind.value_out(call, prop, page)
        if shown["type"] == "unsupported":
            raise invalid("Unable to filter based on a formula of unknown type")
        return shown["type"] == wanted and test(_plain(shown[wanted], wanted))

    return passes


def _rollup(call: Call, prop: Property, condition: JsonObject, path: str) -> PageTest:
    used = one_key(path, condition, ("any", "every", "none", "number", "date"))
    inner = want_object(f"{path}.{used}", condition[used])
    kind = kind_of(prop)
    if used in ("number", "date"):
        test = _leaf(call, used, inner, f"{path}.{used}")
        return lambda page: test(_plain(kind.value_out(call, prop, page).get(used), used))
    relation, rolled = sides(call, prop)
    element = one_key(f"{path}.{used}", inner, TYPES)
    test = _leaf(call, element, want_object(f"{path}.{used}.{element}", inner[element]), f"{path}.{used}")
    if relation is None or rolled is None:
        return lambda page: False
    inside = kind_of(rolled)

    def passes(page: Page) -> bool:
        linked = (call.store.find(Page, each) for each in page.values.get(relation.id) or [])
        found = [test(inside.comparable(call, rolled, each)) for each in linked if each]
        return bool(found) and all(found) if used == "every" else any(found) is (used == "any")

    return passes


def _plain(value: Json, kind: str) -> Json:
    return start_milliseconds(value["start"]) if kind == "date" and value else value
