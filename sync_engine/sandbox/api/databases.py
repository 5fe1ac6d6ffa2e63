"""POST databases, GET and PATCH databases/{id}."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import database_of, page_of, path_id, refuse_trashed, require
from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.icons import cover_in, icon_in
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Database, DataSource, Page, Parent
from sync_engine.sandbox.properties.schema import fresh_schema
from sync_engine.sandbox.richtext import runs_in
from sync_engine.sandbox.shapes.databases import database_shape
from sync_engine.sandbox.validation import (
    one_key,
    refuse_unknown,
    want_bool,
    want_object,
    want_uuid,
)

_DEFAULT_SCHEMA: JsonObject = {"Name": {"title": {}}}


def create(call: Call) -> JsonObject:
    """Make a database with its first data source; the answer has no schema (recorded)."""
    require(call, "insert_content")
    refuse_unknown(
        call.body, ("parent", "title", "description", "is_inline", "initial_data_source", "icon", "cover")
    )
    parent = parent_page(call, call.body.get("parent", UNDEFINED))
    title = runs_in("body.title", call.body.get("title", []))
    initial = want_object("body.initial_data_source", call.body.get("initial_data_source", {}))
    refuse_unknown(initial, ("properties", "title"), "body.initial_data_source")
    database_id, source_id = call.ids.uuid(), call.ids.uuid()
    database = Database(
        id=database_id,
        parent=parent,
        created=call.now,
        edited=call.now,
        created_by=call.actor.user_id,
        edited_by=call.actor.user_id,
        data_sources=(source_id,),
        seq=call.store.next_sequence(),
        title=title,
        description=runs_in("body.description", call.body.get("description", [])),
        icon=icon_in("body.icon", call.body.get("icon")),
        cover=cover_in("body.cover", call.body.get("cover")),
        is_inline=want_bool("body.is_inline", call.body.get("is_inline", False)),
    )
    call.store.put(database)
    source = new_source(call, source_id, database_id, title)
    path = "body.initial_data_source.properties"
    fresh_schema(call, source, initial.get("properties", _DEFAULT_SCHEMA), path)
    touch_page(call, parent)
    call.emit("database.created", "database", database_id, {})
    call.emit("data_source.created", "data_source", source_id, {})
    return database_shape(call, database)


def new_source(call: Call, source_id: str, database_id: str, title: list[Json]) -> DataSource:
    """Return a data source without properties, made now by the caller."""
    return DataSource(
        id=source_id,
        database_id=database_id,
        created=call.minute,
        edited=call.minute,
        created_by=call.actor.user_id,
        edited_by=call.actor.user_id,
        properties={},
        title=title,
    )


def parent_page(call: Call, raw: Json) -> Parent:
    """Return the page a database goes under; a connection cannot use the workspace (documented for pages)."""
    given = want_object("body.parent", raw)
    kind = one_key("body.parent", given, ("page_id", "workspace"))
    if kind == "workspace":
        if call.actor.token.user_id == call.integration_id:
            raise invalid(
                "Internal integrations aren't owned by a single user, so creating workspace-level "
                "private pages is not supported."
            )
        return Parent("workspace")
    page = page_of(call, want_uuid("body.parent.page_id", given["page_id"]))
    refuse_trashed(call, page, None)
    return Parent("page_id", page.id)


def touch_page(call: Call, parent: Parent) -> None:
    """Move the edit time of a page when a child is made under it (recorded twice)."""
    page = call.store.find(Page, parent.id) if parent.type == "page_id" else None
    if page:
        edited = replace(page, edited=call.minute, edited_by=call.actor.user_id, touched=call.now)
        call.store.put(edited)


def retrieve(call: Call) -> JsonObject:
    """Show a database, in the trash or not."""
    require(call, "read_content")
    return database_shape(call, database_of(call, path_id(call, "database_id")))


def update(call: Call) -> JsonObject:
    """Change a database; its `last_edited_time` stays (recorded), so it is no signal of a change."""
    require(call, "update_content")
    database = database_of(call, path_id(call, "database_id"))
    keys = ("parent", "title", "description", "is_inline", "icon", "cover", "in_trash", "is_locked")
    refuse_unknown(call.body, call.allowed(*keys))
    flag = call.trash_flag()
    refuse_trashed(call, database, flag)
    database = _attributes(call, database)
    if flag is not None:
        database = replace(database, in_trash=want_bool("body.in_trash", flag))
        call.emit("database.deleted" if flag else "database.undeleted", "database", database.id, {})
    call.store.put(replace(database, edited_by=call.actor.user_id))
    _share_title(call, database)
    return database_shape(call, database)


def _attributes(call: Call, database: Database) -> Database:
    body = call.body
    if "title" in body:
        database = replace(database, title=runs_in("body.title", body["title"]))
    if "description" in body:
        database = replace(database, description=runs_in("body.description", body["description"]))
    if "is_inline" in body:
        database = replace(database, is_inline=want_bool("body.is_inline", body["is_inline"]))
    if "is_locked" in body:
        database = replace(database, is_locked=want_bool("body.is_locked", body["is_locked"]))
    if "icon" in body:
        database = replace(database, icon=icon_in("body.icon", body["icon"]))
    if "cover" in body:
        database = replace(database, cover=cover_in("body.cover", body["cover"]))
    if body.get("parent") is not None:
        database = replace(database, parent=parent_page(call, body["parent"]))
    return database


def _share_title(call: Call, database: Database) -> None:
    """Give the title of a database to its only data source as well."""
    if "title" in call.body and len(database.data_sources) == 1:
        source = call.store.take(DataSource, database.data_sources[0])
        call.store.put(replace(source, title=database.title))
