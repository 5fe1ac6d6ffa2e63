"""Pages as Notion returns them, into our dataclasses; unknown keys and types pass through untouched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sync_engine.adapters.notion.wire import (
    as_list,
    as_object,
    as_text,
    in_trash,
    moment,
    objects,
    plain_text,
    uuid_text,
)
from sync_engine.domain.values import Json, JsonObject
from sync_engine.ports.workspace import Author, Page

SHOWN_ITEMS = 25
"""How many relation or people values a page object carries at most (notion-api.md §2.4)."""

_EPOCH = datetime.fromtimestamp(0, UTC)

ResolveAuthor = Callable[[JsonObject], Author]


def is_page(found: JsonObject) -> bool:
    """Whether it is a page that can be read; a partial page has an id only."""
    return (
        found.get("object") == "page"
        and bool(as_text(found.get("id")))
        and isinstance(found.get("properties"), dict)
    )


def parse_page(found: JsonObject, author: ResolveAuthor) -> Page:
    """A page object of any API version. Its relation and people values are as shown, perhaps truncated."""
    parent = as_object(found.get("parent"))
    created = moment(found.get("created_time")) or _EPOCH
    return Page(
        id=uuid_text(found.get("id")),
        data_source_id=uuid_text(parent.get("data_source_id") or parent.get("database_id") or ""),
        properties=properties_by_id(as_object(found.get("properties"))),
        created_time=created,
        last_edited_time=moment(found.get("last_edited_time")) or created,
        last_edited_by=author(as_object(found.get("last_edited_by"))),
        in_trash=in_trash(found),
        is_archived=bool(found.get("is_archived", False)),
        url=as_text(found.get("url")),
    )


def properties_by_id(by_name: JsonObject) -> dict[str, Json]:
    """Property values by id as returned (percent-encoded), whatever their type."""
    return {as_text(as_object(value).get("id")) or name: value for name, value in by_name.items()}


def truncated_properties(page: Page) -> list[str]:
    """Ids of the properties whose value may go on beyond what the page object shows.

    A relation says so by `has_more`; people do not (recorded), so a full array is suspect by itself.
    """
    return [key for key, value in page.properties.items() if _is_truncated(as_object(value))]


def _is_truncated(value: JsonObject) -> bool:
    kind = as_text(value.get("type"))
    if kind not in ("relation", "people"):
        return False
    return value.get("has_more") is True or len(as_list(value.get(kind))) >= SHOWN_ITEMS


def with_items(page: Page, property_id: str, items: list[Json]) -> Page:
    """The page with the whole value of a relation or people property."""
    value = as_object(page.properties[property_id])
    kind = as_text(value.get("type"))
    complete: JsonObject = {**value, kind: items}
    if "has_more" in complete:
        complete["has_more"] = False
    return replace(page, properties={**page.properties, property_id: complete})


def without(page: Page, property_id: str) -> Page:
    """The page without one property: nothing is known about it."""
    return replace(page, properties={key: value for key, value in page.properties.items() if key != property_id})


def item_values(results: Json) -> list[Json]:
    """The single values of one answer of the property-item endpoint, in order."""
    return [item.get(as_text(item.get("type"))) for item in objects(results)]


def text_of(value: Json) -> str:
    """The plain text of a title or rich text property value; empty for any other type."""
    held = as_object(value)
    kind = as_text(held.get("type"))
    return plain_text(held.get(kind)) if kind in ("title", "rich_text") else ""
