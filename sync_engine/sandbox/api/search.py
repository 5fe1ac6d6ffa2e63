"""POST search: by title, the last edited first, late and never to be trusted as complete."""

from __future__ import annotations

from sync_engine.sandbox.access import require, visible
from sync_engine.sandbox.call import V2025, Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.properties.schema import source_name
from sync_engine.sandbox.shapes.databases import data_source_shape
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_body, sliced
from sync_engine.sandbox.shapes.pages import page_shape, title_text
from sync_engine.sandbox.shapes.parents import trashed
from sync_engine.sandbox.validation import refuse_unknown, want_object, want_one_of, want_string

Found = Page | DataSource


def search(call: Call) -> JsonObject:
    """Return pages and data sources whose title contains the query.

    What changed within the lag is not found yet (recorded: 11 to 15 polls until a new object appeared).
    Trashed data sources are found too (recorded: 164 of 430); trashed pages only with `filter.in_trash`.
    """
    require(call, "read_content")
    refuse_unknown(call.body, ("query", "sort", "filter", "start_cursor", "page_size"))
    kind, in_trash = _filter(call)
    text = call.body.get("query")
    wanted = want_string("body.query", text).casefold() if text is not None else ""
    found = [each for each in _known(call, kind) if _fits(call, each, wanted, in_trash)]
    found.sort(key=lambda each: (each.edited, each.id), reverse=_descending(call))
    size = page_size_of_body(call)
    page, following = sliced(found, [each.id for each in found], call.body.get("start_cursor"), size)
    return list_shape("page_or_data_source", [_shape(call, each) for each in page], following)


def _filter(call: Call) -> tuple[str | None, bool | None]:
    if call.body.get("filter") is None:
        return None, None
    given = want_object("body.filter", call.body["filter"])
    refuse_unknown(given, ("property", "value", "in_trash"), "body.filter")
    in_trash = given.get("in_trash")
    if "value" not in given and in_trash is not None:
        return None, in_trash
    want_one_of("body.filter.property", given.get("property", UNDEFINED), ("object",))
    kinds = ("page", "data_source") if call.version >= V2025 else ("page", "database")
    return want_one_of("body.filter.value", given.get("value", UNDEFINED), kinds), in_trash


def _descending(call: Call) -> bool:
    if call.body.get("sort") is None:
        return True
    given = want_object("body.sort", call.body["sort"])
    direction = want_one_of("body.sort.direction", given.get("direction", UNDEFINED), ("ascending", "descending"))
    want_one_of("body.sort.timestamp", given.get("timestamp", UNDEFINED), ("last_edited_time",))
    return direction == "descending"


def _known(call: Call, kind: str | None) -> list[Found]:
    found: list[Found] = []
    if kind in (None, "page"):
        found += call.store.every(Page)
    if kind != "page":
        found += call.store.every(DataSource)
    return found


def _fits(call: Call, record: Found, wanted: str, in_trash: bool | None) -> bool:
    name = title_text(record) if isinstance(record, Page) else source_name(call, record)
    if wanted not in name.casefold():
        return False
    late = record.touched if isinstance(record, Page) else record.edited
    if call.search_lag and late > call.now - call.search_lag:
        return False
    gone = trashed(call.store, record)
    if in_trash is not None:
        return gone is in_trash and visible(call, record)
    return (not gone or isinstance(record, DataSource)) and visible(call, record)


def _shape(call: Call, record: Found) -> Json:
    return page_shape(call, record) if isinstance(record, Page) else data_source_shape(call, record)
