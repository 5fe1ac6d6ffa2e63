"""Which rows a filter has to look at: the kept orders and the index of equal values spare the most."""

from __future__ import annotations

from bisect import bisect_left

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import minute_floor
from sync_engine.sandbox.dates import start_milliseconds
from sync_engine.sandbox.indexes import value_key
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.properties.writing import find_property
from sync_engine.sandbox.querying.sorts import edit_order

_INDEXED = ("title", "rich_text", "number", "url", "email", "phone_number")


def in_creation_order(call: Call) -> bool:
    """Return whether a query asks for all live rows as they come."""
    body = call.body
    return body.get("filter") is None and not body.get("sorts") and body.get("is_archived") is not True


def candidates(call: Call, source: DataSource) -> list[Page]:
    """Return the rows a query may show: in edit order when it asks for that, else the newest first."""
    order, store, sorts = call.store.order(source.id), call.store, call.body.get("sorts")
    if call.body.get("is_archived") is True:
        hidden = (store.take(Page, each) for each in order.hidden)
        return newest_first([page for page in hidden if not page.in_trash])
    leaves, direction = _leaves(call.body.get("filter")), edit_order(sorts)
    few = _equal_ones(call, source, leaves)
    if few is not None:
        found = sorted((store.take(Page, each) for each in few), key=lambda page: (page.edited, page.id))
    else:
        bound = _edit_bound(leaves)
        if bound is None and direction is None:
            return [store.take(Page, page_id) for _, page_id in reversed(order.by_creation)]
        start = 0 if bound is None else bisect_left(order.by_edit, (bound, ""))
        found = [store.take(Page, page_id) for _, page_id in order.by_edit[start:]]
    if direction == "descending":
        found.reverse()
    return found if direction else newest_first(found)


def newest_first(pages: list[Page]) -> list[Page]:
    """Return pages in the order of an unsorted query (208 of 245 recorded)."""
    return sorted(pages, key=lambda page: -page.seq)


def _leaves(wanted: Json) -> list[JsonObject]:
    """Return the conditions that must all hold."""
    if not isinstance(wanted, dict):
        return []
    members = wanted["and"] if isinstance(wanted.get("and"), list) else [wanted]
    return [each for each in members if isinstance(each, dict)]


def _equal_ones(call: Call, source: DataSource, leaves: list[JsonObject]) -> set[str] | None:
    """Return the rows that an `equals` of a text or number lets through; None without such a condition."""
    order, store = call.store.order(source.id), call.store
    for leaf in leaves:
        name = leaf.get("property")
        prop = find_property(source.properties, name) if isinstance(name, str) else None
        if prop is None or prop.type not in _INDEXED:
            continue
        condition = leaf.get(prop.type) or leaf.get("rich_text")
        wanted = condition.get("equals") if isinstance(condition, dict) else None
        if wanted and isinstance(wanted, (str, int, float)):
            return order.having(prop.id, value_key(wanted), store.page)
    return None


def _edit_bound(leaves: list[JsonObject]) -> int | None:
    """Return the earliest edit that the conditions can let through, when they say so plainly."""
    for each in leaves:
        if each.get("timestamp") == "last_edited_time":
            condition = each.get("last_edited_time")
            after = condition.get("on_or_after") if isinstance(condition, dict) else None
            if isinstance(after, str) and len(after) > 10 and after[0].isdigit():
                return _floored(after)
    return None


def _floored(text: str) -> int | None:
    try:
        return minute_floor(start_milliseconds(text))
    except ValueError:
        return None
