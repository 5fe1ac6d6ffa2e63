"""The ordered result of a query, remembered until a page of the data source changes.

Unsorted and unfiltered results and those bounded by `last_edited_time` alone come straight from the kept
orders, so a poll over 20,000 pages touches only what it returns.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict

import orjson

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import minute_floor
from sync_engine.sandbox.dates import start_milliseconds
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.querying.filters import compiled
from sync_engine.sandbox.querying.sorts import sorted_pages
from sync_engine.sandbox.shapes.parents import trashed

_REMEMBERED = 64
_VOLATILE = ("formula", "rollup")
"""Values that change with pages of other data sources, so their results are not remembered."""


class Result:
    """All rows of one query, in order."""

    def __init__(self, pages: list[Page]) -> None:
        self.pages = pages
        self._places: dict[str, int] | None = None

    def place(self, page_id: str) -> int | None:
        """Return where a page stands, or None when it is not among the rows."""
        if self._places is None:
            self._places = {page.id: place for place, page in enumerate(self.pages)}
        return self._places.get(page_id)


class Results:
    """Computes results and remembers the last ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Json, ...], Result] = OrderedDict()

    def of(self, call: Call, source: DataSource) -> Result:
        """Return the rows that the request's filter and sorts give; none when the source is in the trash."""
        if trashed(call.store, source):
            return Result([])
        volatile = any(prop.type in _VOLATILE for prop in source.properties.values())
        if volatile or call.stale_before is not None:
            return Result(_computed(call, source))
        asked = {name: call.body.get(name) for name in ("filter", "sorts", "is_archived")}
        order = call.store.order(source.id)
        key = (source.id, source.revision, order.revision, call.minute, orjson.dumps(asked))
        if key not in self._known:
            self._known[key] = Result(_computed(call, source))
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]


def _computed(call: Call, source: DataSource) -> list[Page]:
    wanted, sorts = call.body.get("filter"), call.body.get("sorts")
    test = None if wanted is None else compiled(call, source, wanted)
    stale = call.stale_before is not None
    pages = _as_it_was(call, source) if stale else _candidates(call, source)
    if test is not None:
        pages = [page for page in pages if test(page)]
    if sorts and (stale or not _edit_order(sorts)):
        pages = sorted_pages(call, source, sorts, pages)
    return pages


def _as_it_was(call: Call, source: DataSource) -> list[Page]:
    """Return the live pages of a moment ago, newest first; the fault `stale` asks for it."""
    order, moment = call.store.order(source.id), call.stale_before or 0
    now = [call.store.take(Page, page_id) for _, page_id in order.by_creation]
    now += [call.store.take(Page, page_id) for page_id in order.hidden]
    then = (call.store.as_of(page, moment) for page in now)
    return newest_first([page for page in then if page and not page.in_trash and not page.is_archived])


def _candidates(call: Call, source: DataSource) -> list[Page]:
    """Return the pages a query may show: in edit order when it asks for that, else the newest first."""
    order, store, sorts = call.store.order(source.id), call.store, call.body.get("sorts")
    if call.body.get("is_archived") is True:
        hidden = (store.take(Page, each) for each in order.hidden)
        return newest_first([page for page in hidden if not page.in_trash])
    bound, direction = _edit_bound(call.body.get("filter")), _edit_order(sorts)
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


def _edit_order(sorts: Json) -> str | None:
    """Return the direction when the only sort is `last_edited_time`, whose order is kept ready."""
    if not (isinstance(sorts, list) and len(sorts) == 1 and isinstance(sorts[0], dict)):
        return None
    direction = sorts[0].get("direction")
    plain = sorts[0].get("timestamp") == "last_edited_time" and direction in ("ascending", "descending")
    return str(direction) if plain else None


def _edit_bound(wanted: Json) -> int | None:
    """Return the earliest edit a filter can let through, when it says so plainly."""
    if not isinstance(wanted, dict):
        return None
    members = wanted["and"] if isinstance(wanted.get("and"), list) else [wanted]
    for each in members:
        if isinstance(each, dict) and each.get("timestamp") == "last_edited_time":
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
