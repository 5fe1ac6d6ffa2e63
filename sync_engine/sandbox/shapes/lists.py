"""Lists, their cursors and the page size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.validation import bad

T = TypeVar("T")
LARGEST = 100


def list_shape(kind: str, results: list[Json], next_cursor: str | None) -> JsonObject:
    """Show a list; `kind` is `user`, `block`, `comment`, `page_or_data_source` ..."""
    return {
        "object": "list",
        "results": results,
        "next_cursor": next_cursor,
        "has_more": next_cursor is not None,
        "type": kind,
        kind: {},
    }


def page_size_of_body(call: Call) -> int:
    """Return the body's `page_size`, 1 to 100, 100 when absent."""
    size = call.body.get("page_size")
    if size is None:
        return LARGEST
    if isinstance(size, bool) or not isinstance(size, int):
        raise bad("body.page_size", "a number", size)
    return _in_range("body.page_size", size)


def page_size_of_query(call: Call) -> int:
    """Return the query string's `page_size`, 1 to 100, 100 when absent."""
    asked = call.asked("page_size")
    if asked is None:
        return LARGEST
    if not asked.isdigit():
        raise bad("query.page_size", "a number", asked)
    return _in_range("query.page_size", int(asked))


def _in_range(path: str, size: int) -> int:
    if size > LARGEST:
        raise bad(path, f"≤ `{LARGEST}` or `undefined`", size)
    if size < 1:
        raise bad(path, "≥ `1` or `undefined`", size)
    return size


def bad_cursor(cursor: Json) -> Exception:
    """Return the 400 of a cursor that leads nowhere (documented in part)."""
    return invalid(f"The start_cursor provided is invalid: {cursor}")


def sliced(
    items: Sequence[T], keys: Sequence[str], cursor: str | None, size: int
) -> tuple[Sequence[T], str | None]:
    """Return one page of items and the next cursor; a cursor is the key of the first item of its page."""
    start = 0
    if cursor is not None:
        try:
            start = keys.index(cursor)
        except ValueError as error:
            raise bad_cursor(cursor) from error
    end = start + size
    return items[start:end], keys[end] if end < len(keys) else None
