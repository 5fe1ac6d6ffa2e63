"""Databases and data sources as the API shows them."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import database_time, page_time
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.mentions import runs_out
from sync_engine.sandbox.model import Database, DataSource
from sync_engine.sandbox.properties.schema import schema_out, source_name
from sync_engine.sandbox.richtext import plain_run
from sync_engine.sandbox.shapes.icons import icon_out
from sync_engine.sandbox.shapes.parents import database_url, parent_shape, trashed
from sync_engine.sandbox.usershapes import user_reference

UNTITLED = "New database"
"""The title a database shows when none was given (recorded)."""


def database_shape(call: Call, database: Database) -> JsonObject:
    """Show a database: the container; its schema is on the data sources. No author keys (recorded)."""
    in_trash = trashed(call.store, database)
    sources = [call.store.take(DataSource, each) for each in database.data_sources]
    shape: JsonObject = {
        "object": "database",
        "id": database.id,
        "title": runs_out(call, database.title) or [plain_run(UNTITLED)],
        "description": runs_out(call, database.description),
        "parent": parent_shape(call.store, database.parent),
        "is_inline": database.is_inline,
        "in_trash": in_trash,
        "is_locked": database.is_locked,
        "created_time": database_time(database.created),
        "last_edited_time": database_time(database.edited),
        "data_sources": [{"id": each.id, "name": source_name(call, each)} for each in sources],
        "icon": icon_out(call, database.icon),
        "cover": icon_out(call, database.cover),
        "url": database_url(database.id),
        "public_url": None,
    }
    if call.legacy_archived:
        shape["archived"] = in_trash
    return shape


def data_source_shape(call: Call, source: DataSource) -> JsonObject:
    """Show a data source with its schema."""
    database = call.store.take(Database, source.database_id)
    in_trash = trashed(call.store, source)
    shape: JsonObject = {
        "object": "data_source",
        "id": source.id,
        "cover": icon_out(call, source.cover),
        "icon": icon_out(call, source.icon),
        "created_time": page_time(source.created),
        "created_by": user_reference(source.created_by),
        "last_edited_by": user_reference(source.edited_by),
        "last_edited_time": page_time(source.edited),
        "title": runs_out(call, source.title),
        "description": runs_out(call, database.description),
        "is_inline": database.is_inline,
        "properties": schema_out(call, source),
        "parent": {"type": "database_id", "database_id": database.id},
        "database_parent": parent_shape(call.store, database.parent),
        "url": database_url(database.id),
        "public_url": None,
        "in_trash": in_trash,
    }
    if call.legacy_archived:
        shape["archived"] = in_trash
    return shape
