"""POST data_sources, GET and PATCH data_sources/{id}, GET templates."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import database_of, path_id, refuse_trashed, require, source_of
from sync_engine.sandbox.api.databases import new_source
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.icons import icon_in
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Database, DataSource
from sync_engine.sandbox.properties.schema import change_schema, fresh_schema
from sync_engine.sandbox.richtext import runs_in
from sync_engine.sandbox.shapes.databases import data_source_shape
from sync_engine.sandbox.validation import refuse_unknown, want_bool, want_object, want_uuid


def create(call: Call) -> JsonObject:
    """Add a data source to a database."""
    require(call, "insert_content")
    refuse_unknown(call.body, ("parent", "properties", "title", "icon"))
    parent = want_object("body.parent", call.body.get("parent", UNDEFINED))
    database = database_of(call, want_uuid("body.parent.database_id", parent.get("database_id", UNDEFINED)))
    refuse_trashed(call, database, None)
    title = runs_in("body.title", call.body.get("title", []))
    source = new_source(call, call.ids.uuid(), database.id, title)
    source = replace(source, icon=icon_in("body.icon", call.body.get("icon")))
    call.store.put(replace(database, data_sources=(*database.data_sources, source.id)))
    source = fresh_schema(call, source, call.body.get("properties", UNDEFINED), "body.properties")
    call.emit("data_source.created", "data_source", source.id, {})
    return data_source_shape(call, source)


def retrieve(call: Call) -> JsonObject:
    """Show a data source with its schema."""
    require(call, "read_content")
    return data_source_shape(call, source_of(call, path_id(call, "data_source_id")))


def update(call: Call) -> JsonObject:
    """Change title, icon, schema, trash flag or database of a data source."""
    require(call, "update_content")
    source = source_of(call, path_id(call, "data_source_id"))
    refuse_unknown(call.body, call.allowed("title", "icon", "properties", "in_trash", "parent"))
    body, flag = call.body, call.trash_flag()
    refuse_trashed(call, source, flag)
    before = source
    source = replace(source, edited=call.minute, edited_by=call.actor.user_id)
    if "title" in body:
        source = replace(source, title=runs_in("body.title", body["title"]))
    if "icon" in body:
        source = replace(source, icon=icon_in("body.icon", body["icon"]))
    if flag is not None:
        source = replace(source, in_trash=want_bool("body.in_trash", flag))
        call.emit("data_source.deleted" if flag else "data_source.undeleted", "data_source", source.id, {})
    if body.get("parent") is not None:
        source = _moved(call, source, body["parent"])
    call.store.put(source)
    _share_title(call, source)
    if body.get("properties"):
        entries = want_object("body.properties", body["properties"])
        source = change_schema(call, source, entries, "body.properties")
        call.emit("data_source.schema_updated", "data_source", source.id, _schema_event(before, source))
    return data_source_shape(call, source)


def templates(call: Call) -> JsonObject:
    """List the templates of a data source: none, since they are made in Notion's own window only."""
    source_of(call, path_id(call, "data_source_id"))
    return {"templates": [], "has_more": False, "next_cursor": None}


def _moved(call: Call, source: DataSource, raw: Json) -> DataSource:
    given = want_object("body.parent", raw)
    target = database_of(call, want_uuid("body.parent.database_id", given.get("database_id", UNDEFINED)))
    home = call.store.take(Database, source.database_id)
    if target.id == home.id:
        return source
    left = tuple(each for each in home.data_sources if each != source.id)
    call.store.put(replace(home, data_sources=left))
    call.store.put(replace(target, data_sources=(*target.data_sources, source.id)))
    return replace(source, database_id=target.id, revision=source.revision + 1)


def _share_title(call: Call, source: DataSource) -> None:
    """Give the title of the only data source of a database to the database as well."""
    database = call.store.take(Database, source.database_id)
    if "title" in call.body and len(database.data_sources) == 1:
        call.store.put(replace(database, title=source.title))


def _schema_event(before: DataSource, after: DataSource) -> JsonObject:
    changed: list[Json] = []
    for key in {**before.properties, **after.properties}:
        old, new = before.properties.get(key), after.properties.get(key)
        if old != new:
            action = "created" if old is None else "deleted" if new is None else "updated"
            changed.append({"id": encoded(key), "name": new.name if new else None, "action": action})
    return {"updated_properties": changed}
