"""A small evaluator of formulas: enough to give typed, read-only values; the rest is `unsupported`."""

from __future__ import annotations

import re

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import decoded, encoded
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property

_PROP = re.compile(r'prop\("((?:[^"\\]|\\.)*)"\)')
_TOKEN = re.compile(r"\{\{notion:block_property:([^:}]+):([^:}]+):[^:}]+\}\}")


def rewritten(call: Call, source: DataSource, expression: str) -> str:
    """Return the expression with `prop("Name")` turned into tokens, as it comes back (recorded)."""
    space = call.store.setting("workspace_id")
    ids = {prop.name: encoded(prop.id) for prop in source.properties.values()}

    def token(match: re.Match[str]) -> str:
        name = match.group(1).replace('\\"', '"')
        if name not in ids:
            return match.group(0)
        return "{{notion:block_property:" + f"{ids[name]}:{source.id}:{space}" + "}}"

    return _PROP.sub(token, expression)


def evaluate(call: Call, prop: Property, page: Page) -> JsonObject:
    """Return `{type, <type>}` of a formula that is one property; anything else is unsupported."""
    match = _TOKEN.fullmatch(prop.config["expression"].strip())
    source = call.store.find(DataSource, page.parent.id)
    if match is None or source is None or decoded(match.group(1)) not in source.properties:
        return {"type": "unsupported", "unsupported": {}}
    return _typed(call, source.properties[decoded(match.group(1))], page)


def _typed(call: Call, prop: Property, page: Page) -> JsonObject:
    from sync_engine.sandbox.properties.registry import kind_of

    kind = kind_of(prop)
    if prop.type == "number":
        return {"type": "number", "number": kind.comparable(call, prop, page)}
    if prop.type == "checkbox":
        return {"type": "boolean", "boolean": kind.comparable(call, prop, page)}
    if prop.type == "date":
        return {"type": "date", "date": kind.value_out(call, prop, page)}
    return {"type": "string", "string": kind.text(call, prop, page) or None}
