"""Markers for Notion values that cannot be canonical yet: a relation to a page without a row, a value refused.

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


def is_unresolved(value: Value) -> bool:
    """Whether the value is one of these markers."""
    return isinstance(value, dict)


def waiting_page(value: Value) -> str:
    """The page id that a relation value waits for, or empty."""
    return str(value["page_id"]) if isinstance(value, dict) and "page_id" in value else ""


def refusal(value: Value) -> str:
    """Why the value was refused, or empty."""
    return str(value["reason"]) if isinstance(value, dict) and "reason" in value else ""
