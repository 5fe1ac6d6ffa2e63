"""Pages as the API shows them, and their values."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.registry import kind_of
from sync_engine.sandbox.properties.schema import in_order
from sync_engine.sandbox.properties.writing import TITLE_ONLY
from sync_engine.sandbox.richtext import plain_text
from sync_engine.sandbox.shapes.icons import icon_out
from sync_engine.sandbox.shapes.parents import page_url, parent_shape, trashed
from sync_engine.sandbox.usershapes import user_reference


def page_shape(call: Call, page: Page, only: frozenset[str] | None = None) -> JsonObject:
    """Show a page, keys in the recorded order. `only` limits the properties to these decoded ids."""
    in_trash = trashed(call.store, page)
    shape: JsonObject = {
        "object": "page",
        "id": page.id,
        "created_time": page_time(page.created),
        "last_edited_time": page_time(page.edited),
        "created_by": user_reference(page.created_by),
        "last_edited_by": user_reference(page.edited_by),
        "cover": icon_out(call, page.cover),
        "icon": icon_out(call, page.icon),
        "parent": parent_shape(call.store, page.parent),
        "in_trash": in_trash,
        "is_archived": page.is_archived,
        "is_locked": page.is_locked,
        "properties": _values(call, page, only),
        "url": page_url(page.id, _spoken(page)),
        "public_url": None,
    }
    if call.legacy_archived:
        shape["archived"] = in_trash
    return shape


def _spoken(page: Page) -> str:
    """Return the title without its mentions, which the address leaves out (recorded)."""
    return plain_text([run for run in page.values.get("title") or [] if run["type"] == "text"])


def title_text(page: Page) -> str:
    """Return the plain text of a page's title."""
    return plain_text(page.values.get("title") or [])


def page_properties(call: Call, page: Page) -> list[Property]:
    """Return the properties a page has: its data source's in their order, or the lone title."""
    source = call.store.find(DataSource, page.parent.id) if page.parent.type == "data_source_id" else None
    return in_order(source) if source else [TITLE_ONLY]


def _values(call: Call, page: Page, only: frozenset[str] | None) -> JsonObject:
    shown: JsonObject = {}
    for prop in page_properties(call, page):
        if only is None or prop.id in only:
            shown[prop.name] = value_shape(call, page, prop)
    return shown


def value_shape(call: Call, page: Page, prop: Property) -> JsonObject:
    """Show one value as a page holds it: `{id, type, <type>}` and what stands beside it."""
    kind = kind_of(prop)
    shape: JsonObject = {"id": encoded(prop.id), "type": prop.type}
    shape[prop.type] = kind.value_out(call, prop, page)
    shape.update(kind.extra_out(call, prop, page))
    return shape
