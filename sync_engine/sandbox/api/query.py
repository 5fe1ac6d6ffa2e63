"""POST data_sources/{id}/query."""

from __future__ import annotations

from sync_engine.sandbox.access import path_id, require, source_of
from sync_engine.sandbox.api.pages import chosen_ids
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.querying.candidates import newest_first
from sync_engine.sandbox.querying.filters import compiled
from sync_engine.sandbox.querying.results import Results
from sync_engine.sandbox.querying.sorts import sorted_pages
from sync_engine.sandbox.querying.views import Rows
from sync_engine.sandbox.shapes.lists import bad_cursor, list_shape, page_size_of_body
from sync_engine.sandbox.shapes.pagecache import PageCache
from sync_engine.sandbox.validation import refuse_unknown, uuid_or_none, want_bool, want_one_of, want_string

MOST_ROWS = 10_000
"""Rows one filter and sort can reach; only `request_status` tells that there were more (documented)."""

_KEYS = ("filter", "sorts", "start_cursor", "page_size", "is_archived", "result_type", "in_trash")
_INCOMPLETE: JsonObject = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


class Query:
    """The endpoint, with what it remembers between requests."""

    def __init__(self) -> None:
        self._results = Results()
        self._cache = PageCache()

    def __call__(self, call: Call) -> JsonObject:
        """Return one page of rows; never one in the trash, whatever `in_trash` says (UNVERIFIED)."""
        require(call, "read_content")
        source = source_of(call, path_id(call, "data_source_id"))
        refuse_unknown(call.body, call.allowed(*_KEYS))
        if call.body.get("filter") is not None:
            compiled(call, source, call.body["filter"])
        for name in ("is_archived", "in_trash", "archived"):
            if name in call.body:
                want_bool(f"body.{name}", call.body[name])
        if call.body.get("result_type") is not None:
            want_one_of("body.result_type", call.body["result_type"], ("page", "data_source"))
        size = page_size_of_body(call)
        return self._page(call, source, self._results.of(call, source), size)

    def _page(self, call: Call, source: DataSource, rows: Rows, size: int) -> JsonObject:
        start = _start(call, source, rows)
        end = min(start + size, MOST_ROWS)
        asked = [*call.query.get("filter_properties", []), *call.query.get("filter_properties[]", [])]
        only = chosen_ids(source.properties, asked) if asked else None
        shown: list[Json] = [self._cache.shown(call, source, page, only) for page in rows.between(start, end)]
        more = end < len(rows) and end < MOST_ROWS
        answer = list_shape(
            "page_or_data_source",
            shown,
            f"s:{call.ids.uuid()}:{rows.between(end, end + 1)[0].id}" if more else None,
        )
        if len(rows) > MOST_ROWS:
            answer["request_status"] = _INCOMPLETE
        return answer


def _start(call: Call, source: DataSource, rows: Rows) -> int:
    """Return where the cursor points: at the named page where it is now.

    UNVERIFIED what happens when rows move between two requests. Recorded cursors name the next page, so
    here a page that moved takes the cursor with it: rows may come twice or be passed over.
    """
    raw = call.body.get("start_cursor")
    if raw is None:
        return 0
    cursor = want_string("body.start_cursor", raw)
    anchor_id = uuid_or_none(cursor.rsplit(":", 1)[-1])
    anchor = call.store.find(Page, anchor_id) if anchor_id else None
    if anchor is None or anchor.parent.id != source.id:
        raise bad_cursor(cursor)
    place = rows.place(anchor)
    return _place_of_absent(call, source, rows, anchor) if place is None else place


def _place_of_absent(call: Call, source: DataSource, rows: Rows, anchor: Page) -> int:
    """Return where a page that left the result would stand in it."""
    pages, sorts = [*rows.between(0, len(rows)), anchor], call.body.get("sorts")
    ordered = sorted_pages(call, source, sorts, pages) if sorts else newest_first(pages)
    return next(place for place, page in enumerate(ordered) if page.id == anchor.id)
