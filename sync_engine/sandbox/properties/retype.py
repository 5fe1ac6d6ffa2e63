"""What happens to the values when a property changes its type.

UNVERIFIED in notion-api.md: here text can become anything its text fits, everything can become text, and
the rest is emptied; the property keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sync_engine.sandbox.apierrors import ApiError
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.base import Site
from sync_engine.sandbox.properties.registry import kind_of
from sync_engine.sandbox.richtext import split_plain


def converted_pages(call: Call, source: DataSource, old: Property, new: Property) -> Iterator[Page]:
    """Yield the pages that hold a value of the old type, with what is left of it in the new one."""
    order = call.store.order(source.id)
    for page_id in [*(found for _, found in order.by_creation), *order.hidden]:
        page = call.store.take(Page, page_id)
        if page.values.get(old.id) is not None:
            values = {**page.values, old.id: _converted(call, old, new, page)}
            yield replace(page, values=values)


def _converted(call: Call, old: Property, new: Property, page: Page) -> Json:
    text = kind_of(old).text(call, old, page)
    site = Site(call, None, new, "body")
    try:
        return kind_of(new).value_in(site, _written(new.type, text))
    except ApiError:
        return None


def _written(kind: str, text: str) -> Json:
    if kind == "rich_text":
        return split_plain(text)
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            return None
    if kind == "date":
        return {"start": text}
    if kind == "checkbox":
        return text.strip().casefold() in ("true", "yes", "1")
    if kind in ("url", "email", "phone_number"):
        return text or None
    return None
