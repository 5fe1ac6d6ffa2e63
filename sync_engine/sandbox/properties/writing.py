"""Writing the values of a page: names or ids as keys, each checked by its type, nothing else touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import decoded
from sync_engine.sandbox.jsontypes import UNDEFINED, Json
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.base import Site
from sync_engine.sandbox.properties.registry import TYPES, kind_of
from sync_engine.sandbox.validation import bad, stated_type, want_object

TITLE_ONLY = Property("title", "title", "title")
"""The one property of a page that is not in a data source."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checked value, waiting to be put on the page."""

    site: Site
    value: Json


def find_property(properties: dict[str, Property], key: str) -> Property | None:
    """Return the property with this name, or with this id (percent-encoded or not)."""
    for prop in properties.values():
        if prop.name == key:
            return prop
    return properties.get(key) or properties.get(decoded(key))


def values_in(call: Call, source: DataSource | None, raw: Json) -> list[Written]:
    """Check the `properties` of a request. Options may be made on the way; pages are not touched yet."""
    properties = source.properties if source else {"title": TITLE_ONLY}
    written: list[Written] = []
    for key, value in want_object("body.properties", raw).items():
        prop = find_property(properties, key)
        if prop is None:
            raise invalid(f"{key} is not a property that exists.")
        site = Site(call, source, prop, f"body.properties.{key}.{prop.type}")
        written.append(Written(site, _value_in(site, key, value)))
    return written


def _value_in(site: Site, key: str, raw: Json) -> Json:
    """Return the stored value; a title may come as its bare runs (recorded)."""
    if isinstance(raw, list) and site.property.type == "title":
        raw = {"title": raw}
    given = want_object(f"body.properties.{key}", raw)
    prop, kind = site.property, kind_of(site.property)
    if not kind.writable:
        raise invalid(f"{prop.name} is a read-only property.")
    stated = stated_type(f"body.properties.{key}", given) or prop.type
    if prop.type not in given or stated != prop.type:
        if (stated in TYPES and stated != prop.type) or any(name in TYPES for name in given):
            raise invalid(f"{prop.name} is expected to be {prop.type}.")
        raise bad(site.path, "defined", UNDEFINED)
    return kind.value_in(site, given[prop.type])


def apply(call: Call, page: Page, written: list[Written]) -> Page:
    """Put checked values on a page, with what they do elsewhere, and return the page as it is then."""
    values = {**page.values, **{each.site.property.id: each.value for each in written}}
    call.store.put(replace(page, values=values))
    for each in written:
        before = page.values.get(each.site.property.id)
        if before != each.value:
            kind_of(each.site.property).after_write(each.site, page, before, each.value)
    return call.store.take(Page, page.id)
