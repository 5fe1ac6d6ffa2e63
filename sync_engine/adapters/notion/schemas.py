"""Data sources as Notion returns them, and what a schema change still lacks."""

from __future__ import annotations

from sync_engine.adapters.notion.wire import as_object, as_text, in_trash, objects, plain_text, uuid_text
from sync_engine.domain.schema import DataSource, Property
from sync_engine.domain.values import JsonObject

_WITH_OPTIONS = ("select", "multi_select", "status")


def parse_data_source(found: JsonObject) -> DataSource:
    """A data source object; properties of unknown types keep their type name."""
    parent = as_object(found.get("parent"))
    return DataSource(
        id=uuid_text(found.get("id")),
        database_id=uuid_text(parent.get("database_id")),
        title=plain_text(found.get("title")),
        properties=tuple(
            _property(name, as_object(value)) for name, value in as_object(found.get("properties")).items()
        ),
        in_trash=in_trash(found),
    )


def _property(name: str, found: JsonObject) -> Property:
    kind = as_text(found.get("type"))
    detail = as_object(found.get(kind))
    options = objects(detail.get("options")) if kind in _WITH_OPTIONS else []
    return Property(
        id=as_text(found.get("id")) or name,
        name=as_text(found.get("name")) or name,
        type=kind,
        options=tuple(as_text(option.get("name")) for option in options),
        relation_to=uuid_text(detail.get("data_source_id")) if kind == "relation" else "",
    )


def still_missing(wanted: JsonObject, source: DataSource) -> JsonObject:
    """The part of a schema PATCH that the data source does not show yet.

    Used when nobody knows whether the PATCH was done: adding a two-way relation or renaming by name a second
    time is not the same as once, so only what is missing is sent again.
    """
    return {key: change for key, change in wanted.items() if not _is_done(key, change, source)}


def _is_done(key: str, change: object, source: DataSource) -> bool:
    current = source.by_id(key) or source.by_name(key)
    if change is None:
        return current is None
    asked = change if isinstance(change, dict) else {}
    new_name = as_text(asked.get("name"))
    if current is None:
        return bool(new_name) and source.by_name(new_name) is not None
    kinds = [kind for kind in asked if kind not in ("name", "description", "type", "id")]
    if any(kind != current.type or kind in _WITH_OPTIONS for kind in kinds):
        return current.type in kinds and _has_options(as_object(asked.get(current.type)), current)
    return not new_name or current.name == new_name


def _has_options(detail: JsonObject, current: Property) -> bool:
    wanted = {as_text(option.get("name")) for option in objects(detail.get("options"))}
    return wanted == set(current.options)


def title_runs(text: str) -> JsonObject:
    """A plain text as `{"title": [...]}` for a database or data source."""
    return {"title": [{"type": "text", "text": {"content": text}}]}
