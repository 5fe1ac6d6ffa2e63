"""Sorts of a query.

Empty values come last in either direction, and ties fall by page id, that is, at random (UNVERIFIED both;
Notion promises no order among ties, so a client must not count on one).
"""

from __future__ import annotations

from collections.abc import Callable

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.properties.registry import kind_of
from sync_engine.sandbox.properties.writing import find_property
from sync_engine.sandbox.validation import want_list, want_object, want_one_of, want_string

PageKey = Callable[[Page], Json]


def sorted_pages(call: Call, source: DataSource, raw: Json, pages: list[Page]) -> list[Page]:
    """Return the pages in the order of `sorts`; the first sort is the strongest."""
    sorts = [
        _sort(call, source, want_object(f"body.sorts[{number}]", each), f"body.sorts[{number}]")
        for number, each in enumerate(want_list("body.sorts", raw))
    ]
    ordered = sorted(pages, key=lambda page: page.id)
    for key, descending in reversed(sorts):
        filled = [page for page in ordered if key(page) is not None]
        empty = [page for page in ordered if key(page) is None]
        ordered = sorted(filled, key=key, reverse=descending) + empty
    return ordered


def edit_order(sorts: Json) -> str | None:
    """Return the direction when the only sort is `last_edited_time`, whose order is kept ready."""
    if not (isinstance(sorts, list) and len(sorts) == 1 and isinstance(sorts[0], dict)):
        return None
    direction = sorts[0].get("direction")
    plain = sorts[0].get("timestamp") == "last_edited_time" and direction in ("ascending", "descending")
    return str(direction) if plain else None


def _sort(call: Call, source: DataSource, raw: Json, path: str) -> tuple[PageKey, bool]:
    direction = want_one_of(f"{path}.direction", raw.get("direction", UNDEFINED), ("ascending", "descending"))
    descending = direction == "descending"
    if "timestamp" in raw:
        which = want_one_of(f"{path}.timestamp", raw["timestamp"], ("created_time", "last_edited_time"))
        return (lambda page: page.created if which == "created_time" else page.edited), descending
    name = want_string(f"{path}.property", raw.get("property", UNDEFINED))
    prop = find_property(source.properties, name)
    if prop is None:
        raise invalid(f"Could not find sort property with name or id: {name}")
    kind = kind_of(prop)
    if prop.type in ("select", "status"):
        places = {option["name"]: place for place, option in enumerate(prop.config["options"])}
        return (lambda page: places.get(kind.comparable(call, prop, page))), descending

    def key(page: Page) -> Json:
        value = kind.comparable(call, prop, page)
        if isinstance(value, str):
            return value.casefold()
        return value or None if isinstance(value, list) else value

    return key, descending
