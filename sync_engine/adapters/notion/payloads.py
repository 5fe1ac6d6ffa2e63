"""Property values cut into requests that Notion accepts: by bytes and by array elements, never inside a value."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sync_engine.adapters.notion.wire import as_list, as_object
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionRejected

LARGEST_BODY = 480_000
"""Bytes of JSON that one request carries at most; Notion's limit is 500 KB (notion-api.md §3)."""

MOST_ELEMENTS = 900
"""Array elements that one request carries at most; Notion's limit is 1,000 blocks, and runs may count."""


def split_properties(properties: Mapping[str, Json]) -> list[dict[str, Json]]:
    """The properties in as few requests as needed, small values first; at least one request.

    Small ones first puts title and record key into the request that creates the page, by which a lost answer is
    found again. Raises NotionRejected for a value that no request can carry or that is no JSON.
    """
    requests: list[dict[str, Json]] = [{}]
    room, elements = LARGEST_BODY, MOST_ELEMENTS
    for size, key in sorted((_size(key, value), key) for key, value in properties.items()):
        count = _elements(properties[key])
        if requests[-1] and (size > room or count > elements):
            requests.append({})
            room, elements = LARGEST_BODY, MOST_ELEMENTS
        requests[-1][key] = properties[key]
        room, elements = room - size, elements - count
    return requests


def _size(key: str, value: Json) -> int:
    try:
        text = json.dumps({key: value}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        size = len(text.encode())
    except ValueError as error:
        # NaN, infinity or half a surrogate pair: it would fail in the HTTP client, outside of any record.
        raise NotionRejected(f"property {key!r} holds a value that JSON cannot carry ({error})") from error
    if size > LARGEST_BODY:
        raise NotionRejected(
            f"property {key!r} takes {size:,} bytes, a request to Notion at most {LARGEST_BODY:,}",
            hint="shorten the text, or leave the column out of the mapping",
        )
    return size


def _elements(value: Json) -> int:
    return sum(len(as_list(part)) for part in as_object(value).values())


def page_parent(data_source_id: str) -> JsonObject:
    """The parent of a new row."""
    return {"type": "data_source_id", "data_source_id": data_source_id}
