"""The ordered result of a query, remembered until a page of the data source changes."""

from __future__ import annotations

from collections import OrderedDict

import orjson

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.querying.candidates import candidates, in_creation_order, newest_first
from sync_engine.sandbox.querying.filters import compiled
from sync_engine.sandbox.querying.sorts import edit_order, sorted_pages
from sync_engine.sandbox.querying.views import Ordered, Rows, Slices
from sync_engine.sandbox.shapes.parents import trashed

_REMEMBERED = 64
_VOLATILE = ("formula", "rollup")
"""Values that change with pages of other data sources, so their results are not remembered."""


class Results:
    """Computes results and remembers the last ones."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Json, ...], Rows] = OrderedDict()

    def of(self, call: Call, source: DataSource) -> Rows:
        """Return the rows that the request's filter and sorts give; none when the source is in the trash."""
        if trashed(call.store, source):
            return Ordered([])
        if call.stale_before is not None:
            return Ordered(_computed(call, source, _as_it_was(call, source)))
        if in_creation_order(call):
            return Slices(call.store, call.store.order(source.id).by_creation)
        if any(prop.type in _VOLATILE for prop in source.properties.values()):
            return Ordered(_computed(call, source, candidates(call, source)))
        asked = {name: call.body.get(name) for name in ("filter", "sorts", "is_archived")}
        order = call.store.order(source.id)
        key = (source.id, source.revision, order.revision, call.minute, orjson.dumps(asked))
        if key not in self._known:
            self._known[key] = Ordered(_computed(call, source, candidates(call, source)))
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key]


def _computed(call: Call, source: DataSource, pages: list[Page]) -> list[Page]:
    wanted, sorts = call.body.get("filter"), call.body.get("sorts")
    if wanted is not None:
        test = compiled(call, source, wanted)
        pages = [page for page in pages if test(page)]
    if sorts and (call.stale_before is not None or not edit_order(sorts)):
        pages = sorted_pages(call, source, sorts, pages)
    return pages


def _as_it_was(call: Call, source: DataSource) -> list[Page]:
    """Return the live pages of a moment ago, newest first; the fault `stale` asks for it."""
    order, moment = call.store.order(source.id), call.stale_before or 0
    now = [call.store.take(Page, page_id) for _, page_id in order.by_creation]
    now += [call.store.take(Page, page_id) for page_id in order.hidden]
    then = (call.store.as_of(page, moment) for page in now)
    return newest_first([page for page in then if page and not page.in_trash and not page.is_archived])
