"""Tolerant reading of Notion's JSON: a missing or odd value becomes an empty one of the wanted type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from sync_engine.domain.values import Json, JsonObject


def as_object(value: Json) -> JsonObject:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """The value when it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Json) -> str:
    """The value when it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def objects(value: Json) -> list[JsonObject]:
    """The objects of an array; anything else in it is passed over."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def uuid_text(value: Json) -> str:
    """An id as Notion stores it, dashed and in lower case; text that is no UUID stays as it is."""
    text = as_text(value)
    try:
        return str(UUID(text))
    except ValueError:
        return text


def moment(value: Json) -> datetime | None:
    """A time in either of Notion's forms (`...00.000Z`, `...02.556+00:00`) as aware UTC, or None."""
    try:
        parsed = datetime.fromisoformat(as_text(value))
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def filter_time(at: datetime) -> str:
    """A time for a timestamp filter, floored to the minute.

    Notion floors `last_edited_time` and may compare the floored or the exact value (notion-api.md §4), so a
    bound inside a minute could miss an edit of that minute.
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def plain_text(runs: Json) -> str:
    """The joined text of an array of rich text runs, as read or as written."""
    return "".join(
        as_text(run.get("plain_text")) or as_text(as_object(run.get("text")).get("content"))
        for run in objects(runs)
    )


def in_trash(found: Mapping[str, Json]) -> bool:
    """Whether the object is in the trash; `archived` is what older API versions call it."""
    return bool(found.get("in_trash", found.get("archived", False)))
