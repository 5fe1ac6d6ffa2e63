"""Markers for Notion values that are not canonical: a page without a row, a value refused, one stored otherwise.

They take the place of a canonical value in a pending change. No canonical value is a JSON object (json fields are
canonical JSON text), so they never collide.
"""

from __future__ import annotations

from sync_engine.domain.values import JsonObject, Value


def linked_page(page_id: str) -> JsonObject:
    """A relation target that has no record key yet."""
    return {"page_id": page_id}


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


def refusal(value: Value) -> str:
    """Why the value was refused, or empty."""
    return str(value["reason"]) if isinstance(value, dict) and "reason" in value else ""
