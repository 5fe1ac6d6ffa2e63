"""Markers for Notion values that are not canonical: a page without a row, a value refused, one stored otherwise.

They take the place of a canonical value in a pending change. No canonical value is a JSON object (json fields are
canonical JSON text), so they never collide.
"""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.values import Json, JsonObject, Value


def linked_page(page_id: str) -> JsonObject:
    """A relation target that has no record key yet."""
    return {"page_id": page_id}


def partly_linked(keys: list[str], page_ids: list[str]) -> JsonObject:
    """Relation targets of which some have no record key yet: the keys of the others, and these pages."""
    return {"page_ids": list[Json](page_ids), "keys": list[Json](keys)}


def refused(shown: str, reason: str) -> JsonObject:
    """A value that the column cannot take: what the person sees on the page, and why it is refused."""
    return {"invalid": shown, "reason": reason}


def normalised(shown: Value) -> JsonObject:
    """What a page shows for a value that Notion stored otherwise than it was sent; it never goes to Postgres."""
    return {"shown": shown, "reason": "Notion stored something else than was sent; Postgres keeps its value"}


def flipping(shown: Value, postgres: Value) -> JsonObject:
    """What a page shows in a field that flips between that and another value; it waits for a person."""
    return {
        "shown": shown,
        "flips": postgres,
        "reason": f"flips between {shown!r} in Notion and {postgres!r} in Postgres: each side changes back what"
        " the other wrote; stop the automation or trigger that does it, then `held retry`",
    }


def is_flipping_marker(value: Value) -> bool:
    """Whether the value is such a marker."""
    return isinstance(value, dict) and "flips" in value


def is_normalised(value: Value) -> bool:
    """Whether the value is a marker of what Notion stored otherwise than it was sent."""
    return isinstance(value, dict) and "shown" in value and "flips" not in value


def seen_as(value: Value) -> Value:
    """The value by which an unchanged page is recognised."""
    return value["shown"] if isinstance(value, dict) and "shown" in value else value


def is_unresolved(value: Value) -> bool:
    """Whether the value is a marker of this module."""
    return isinstance(value, dict)


def waiting_page(value: Value) -> str:
    """The page id that a relation value waits for, or empty."""
    return str(value["page_id"]) if isinstance(value, dict) and "page_id" in value else ""


def waiting_pages(value: Value) -> tuple[str, ...]:
    """The page ids that a relation value waits for: of one target, or of several."""
    several = value.get("page_ids") if isinstance(value, dict) else None
    if isinstance(several, list):
        return tuple(str(page) for page in several)
    return (page,) if (page := waiting_page(value)) else ()


def linked_up(value: Value, keys: Mapping[str, str]) -> Value:
    """The value with the record keys of the pages that it waited for, as far as they have one."""
    if page := waiting_page(value):
        return keys.get(page, value)
    pages = waiting_pages(value)
    if not pages or not isinstance(value, dict):
        return value
    known = value.get("keys")
    found = [str(key) for key in known] if isinstance(known, list) else []
    found = sorted({*found, *(keys[page] for page in pages if page in keys)})
    left = [page for page in pages if page not in keys]
    return partly_linked(found, left) if left else list[Json](found)


def refusal(value: Value) -> str:
    """Why the value was refused, or empty."""
    return str(value["reason"]) if isinstance(value, dict) and "reason" in value else ""


def targets_of(value: Value) -> list[str]:
    """The record keys that a relation value names: none, one, or several."""
    if isinstance(value, dict):
        return targets_of(value.get("keys"))
    if isinstance(value, list):
        return [str(key) for key in value]
    return [value] if isinstance(value, str) else []
