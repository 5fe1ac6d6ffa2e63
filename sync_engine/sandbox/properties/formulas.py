"""Formula properties over the small formula language: the text written back, and the value of a page."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import from_milliseconds, page_time
from sync_engine.sandbox.formulas.evaluation import Evaluation
from sync_engine.sandbox.formulas.reader import NotAFormula, Reader
from sync_engine.sandbox.formulas.tree import Calling, Literal, Operation, Reference, Sign, Tree, written
from sync_engine.sandbox.formulas.values import Moment, Unsupported, Value
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.kinds import kind_of
from sync_engine.sandbox.properties.scalars import as_double

UNSUPPORTED: JsonObject = {"type": "unsupported", "unsupported": {}}
_DEEPEST = 8
"""Formulas through formulas; deeper chains are `unsupported` (documented as possible)."""

_KINDS = {
    **dict.fromkeys(("number", "unique_id"), "number"),
    "checkbox": "boolean",
    **dict.fromkeys(("date", "created_time", "last_edited_time"), "date"),
}
_RESULTS = {
    **dict.fromkeys(("length", "toNumber", "abs", "floor", "ceil", "round", "min", "max", "sum"), "number"),
    **dict.fromkeys(("dateBetween", "hour", "minute", "year", "date", "timestamp"), "number"),
    **dict.fromkeys(("includes", "contains", "empty", "not", "and", "or"), "boolean"),
    **dict.fromkeys(("now", "dateAdd", "dateSubtract", "fromTimestamp"), "date"),
}


def rewritten(call: Call, source: DataSource, expression: str) -> str:
    """Return an expression as it comes back: tokens for `prop("Name")`, uniform spaces and parentheses."""
    space = call.store.setting("workspace_id")
    ids = {prop.name: prop.id for prop in source.properties.values()}

    def resolve(name: str) -> Reference | None:
        if name not in ids:
            return None
        token = "{{notion:block_property:" + f"{encoded(ids[name])}:{source.id}:{space}" + "}}"
        return Reference(ids[name], token)

    try:
        return written(Reader(expression, resolve).read())
    except NotAFormula:
        return expression


def evaluate(call: Call, prop: Property, page: Page, depth: int = 0) -> JsonObject:
    """Return `{type, <type>}`; `unsupported` beyond the evaluator, an empty text for what is no formula."""
    source = call.store.find(DataSource, page.parent.id)
    tree = _tree(prop.config["expression"])
    if tree is None:
        return {"type": "string", "string": None}
    if source is None or depth > _DEEPEST:
        return UNSUPPORTED

    def lookup(property_id: str) -> Value:
        found = source.properties.get(property_id)
        if found is None:
            raise Unsupported(property_id)
        if found.type == "formula":
            return _from_shown(evaluate(call, found, page, depth + 1))
        return _property_value(call, found, page)

    try:
        value = Evaluation(lookup, from_milliseconds(call.now)).value(tree)
    except Unsupported:
        return UNSUPPORTED
    kind = _kind_of_value(value) or _kind_of_tree(tree, source)
    return {"type": kind, kind: _shown(value, kind)}


@lru_cache(maxsize=1000)
def _tree(expression: str) -> Tree | None:
    try:
        return Reader(expression, lambda name: None).read()
    except NotAFormula:
        return None


def _property_value(call: Call, prop: Property, page: Page) -> Value:
    kind = kind_of(prop)
    if prop.type == "date":
        stored = page.values.get(prop.id)
        return _moment(stored["start"]) if stored else None
    if prop.type in ("created_time", "last_edited_time"):
        return Moment(from_milliseconds(kind.comparable(call, prop, page)))
    if prop.type in ("title", "rich_text"):
        return kind.comparable(call, prop, page) or ""
    value: Value = kind.comparable(call, prop, page)
    return value


def _moment(stored: str) -> Moment:
    at = datetime.fromisoformat(stored)
    return Moment(at if at.tzinfo else at.replace(tzinfo=UTC), len(stored) == 10, stored)


def _from_shown(shown: JsonObject) -> Value:
    if shown["type"] == "unsupported":
        raise Unsupported("formula")
    value: Json = shown[shown["type"]]
    return _moment(value["start"]) if isinstance(value, dict) else value


def _kind_of_value(value: Value) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Moment):
        return "date"
    return "string" if value else None


def _kind_of_tree(tree: Tree, source: DataSource) -> str:
    """Return the type of an empty value, from what the formula would give otherwise."""
    match tree:
        case Reference(property_id, _):
            prop = source.properties.get(property_id)
            return _KINDS.get(prop.type, "string") if prop else "string"
        case Calling("if", (_, first, second)):
            kinds = {_kind_of_tree(first, source), _kind_of_tree(second, source)}
            return kinds.pop() if len(kinds) == 1 else "string"
        case Calling(name, _):
            return _RESULTS.get(name, "string")
        case Operation("+", left, right):
            return "string" if "string" in {_kind_of_tree(each, source) for each in (left, right)} else "number"
        case Operation("-" | "*" | "/" | "%" | "^", _, _) | Sign("-", _):
            return "number"
        case Operation() | Sign():
            return "boolean"
        case Literal(value, _):
            return _kind_of_value(value) or "string"
        case _:
            return "string"


def _shown(value: Value, kind: str) -> Json:
    if kind == "number" and isinstance(value, (int, float)):
        return as_double(value)
    if kind == "date":
        return _date_shown(value)
    if kind == "string":
        return ", ".join(str(each) for each in value) if isinstance(value, list) else value or None
    return bool(value) if kind == "boolean" else value


def _date_shown(value: Value) -> Json:
    if not isinstance(value, Moment):
        return None
    if value.shown:
        start = value.shown
    elif value.dated:
        start = value.at.strftime("%Y-%m-%d")
    else:
        start = page_time(int(value.at.timestamp() * 1000))[:-1] + "+00:00"
    return {"start": start, "end": None, "time_zone": None}
