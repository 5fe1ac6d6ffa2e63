"""GET pages/{id}/properties/{id}: one value whole, or a list of its elements."""

from __future__ import annotations

from sync_engine.sandbox.access import page_of, path_id, require
from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.registry import kind_of
from sync_engine.sandbox.properties.writing import find_property
from sync_engine.sandbox.shapes.lists import bad_cursor, page_size_of_query
from sync_engine.sandbox.shapes.pages import page_properties


def retrieve(call: Call) -> JsonObject:
    """Show a value; title, rich_text, people, relation and rollup as a paged list (documented)."""
    require(call, "read_content")
    page = page_of(call, path_id(call, "page_id"))
    prop = _property(call, page)
    if kind_of(prop).paged:
        return _listed(call, page, prop)
    value = kind_of(prop).value_out(call, prop, page)
    return {"object": "property_item", "type": prop.type, "id": encoded(prop.id), prop.type: value}


def _property(call: Call, page: Page) -> Property:
    wanted = call.path["property_id"]
    properties = {prop.id: prop for prop in page_properties(call, page)}
    prop = find_property(properties, wanted)
    if prop is None:
        raise invalid(f"Could not find property with name or id: {wanted}")
    return prop


def _listed(call: Call, page: Page, prop: Property) -> JsonObject:
    items = kind_of(prop).items(call, prop, page)
    size, start = page_size_of_query(call), _start(call)
    end = start + size
    cursor = _cursor(end) if end < len(items) else None
    next_url = None
    if cursor:
        address = f"https://api.notion.com/v1/pages/{page.id}/properties/{encoded(prop.id)}"
        next_url = f"{address}?start_cursor={cursor}&page_size={size}"
    kind = _element_type(prop)
    return {
        "object": "list",
        "results": [_item(prop, kind, item) for item in items[start:end]],
        "next_cursor": cursor,
        "has_more": cursor is not None,
        "type": "property_item",
        "property_item": {
            "id": encoded(prop.id),
            "next_url": next_url,
            "type": prop.type,
            prop.type: _summary(call, page, prop, whole=cursor is None),
        },
    }


def _element_type(prop: Property) -> str | None:
    return None if prop.type == "rollup" else prop.type


def _item(prop: Property, kind: str | None, item: Json) -> JsonObject:
    shape: JsonObject = {"object": "property_item", "type": kind or item["type"], "id": encoded(prop.id)}
    shape[shape["type"]] = item if kind else item[item["type"]]
    return shape


def _summary(call: Call, page: Page, prop: Property, *, whole: bool) -> JsonObject:
    """Show `{}`, or a rollup's value; that is `incomplete` until the last page (documented)."""
    if prop.type != "rollup":
        return {}
    shown: JsonObject = kind_of(prop).value_out(call, prop, page)
    if not whole:
        return {"type": "incomplete", "incomplete": {}, "function": shown["function"]}
    return {**shown, "array": []} if shown["type"] == "array" else shown


def _cursor(start: int) -> str:
    return f"c{start:x}"


def _start(call: Call) -> int:
    cursor = call.asked("start_cursor")
    if cursor is None:
        return 0
    try:
        return int(cursor.removeprefix("c"), 16)
    except ValueError as error:
        raise bad_cursor(cursor) from error
