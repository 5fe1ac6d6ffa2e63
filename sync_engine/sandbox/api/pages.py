"""POST pages, GET and PATCH pages/{id}."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import (
    database_of,
    page_of,
    path_id,
    refuse_trashed,
    require,
    source_of,
)
from sync_engine.sandbox.api.children import add_children
from sync_engine.sandbox.api.databases import touch_page
from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import V2025, Call
from sync_engine.sandbox.icons import cover_in, icon_in
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Parent, Property
from sync_engine.sandbox.properties.writing import Written, apply, find_property, values_in
from sync_engine.sandbox.shapes.pages import page_properties, page_shape
from sync_engine.sandbox.validation import one_key, refuse_unknown, want_bool, want_list, want_object, want_uuid

_CREATE = ("parent", "properties", "icon", "cover", "content", "children", "markdown", "template", "position")
_UPDATE = ("properties", "icon", "cover", "is_locked", "template", "erase_content", "in_trash", "is_archived")


def create(call: Call) -> JsonObject:
    """Make a page under a page or a row in a data source. Not idempotent, as in Notion."""
    require(call, "insert_content")
    refuse_unknown(call.body, _CREATE)
    parent = _parent(call, call.body.get("parent", UNDEFINED))
    source = call.store.take(DataSource, parent.id) if parent.type == "data_source_id" else None
    written = values_in(call, source, call.body.get("properties", {}))
    page = Page(
        id=call.ids.uuid(),
        parent=parent,
        created=call.minute,
        edited=call.minute,
        created_by=call.actor.user_id,
        edited_by=call.actor.user_id,
        seq=call.store.next_sequence(),
        number=_next_number(call, source),
        icon=icon_in("body.icon", call.body.get("icon")),
        cover=cover_in("body.cover", call.body.get("cover")),
        touched=call.now,
    )
    page = apply(call, page, written)
    if call.body.get("children"):
        blocks = want_list("body.children", call.body["children"])
        add_children(call, Parent("page_id", page.id), blocks, "body.children", 0, float(page.seq))
    touch_page(call, parent)
    call.emit("page.created", "page", page.id, {})
    return page_shape(call, page, selected(call, page))


def _parent(call: Call, raw: Json) -> Parent:
    given = want_object("body.parent", raw)
    kind = one_key("body.parent", given, ("data_source_id", "database_id", "page_id", "workspace"))
    if kind == "workspace":
        raise invalid(
            "Internal integrations aren't owned by a single user, so creating workspace-level private pages "
            "is not supported."
        )
    wanted = want_uuid(f"body.parent.{kind}", given[kind])
    if kind == "page_id":
        page = page_of(call, wanted)
        refuse_trashed(call, page, None)
        return Parent("page_id", page.id)
    source = source_of(call, wanted if kind == "data_source_id" else _only_source(call, wanted))
    refuse_trashed(call, source, None)
    return Parent("data_source_id", source.id)


def _only_source(call: Call, database_id: str) -> str:
    """Return the data source of a database parent; with two of them it is a 400 (documented)."""
    database = database_of(call, database_id)
    if len(database.data_sources) != 1:
        raise invalid(
            f"Databases with multiple data sources are not supported in this API version: {database_id}."
            if call.version < V2025
            else f"Database with ID {database_id} has more than one data source; name a data_source_id."
        )
    return database.data_sources[0]


def _next_number(call: Call, source: DataSource | None) -> int:
    if source is None:
        return 0
    current = call.store.take(DataSource, source.id)
    call.store.put(replace(current, counter=current.counter + 1))
    return current.counter + 1


def retrieve(call: Call) -> JsonObject:
    """Show a page, in the trash or not."""
    require(call, "read_content")
    page = page_of(call, path_id(call, "page_id"))
    return page_shape(call, page, selected(call, page))


def update(call: Call) -> JsonObject:
    """Change a page. Even an identical value moves `last_edited_time` (UNVERIFIED: the harder case)."""
    require(call, "update_content")
    page = page_of(call, path_id(call, "page_id"))
    refuse_unknown(call.body, call.allowed(*_UPDATE))
    flag = call.trash_flag()
    refuse_trashed(call, page, flag)
    source = call.store.find(DataSource, page.parent.id)
    written = values_in(call, source, call.body["properties"]) if "properties" in call.body else []
    changed = _attributes(call, page)
    if flag is not None:
        changed = replace(changed, in_trash=want_bool("body.in_trash", flag))
    changed = replace(changed, edited=call.minute, edited_by=call.actor.user_id, touched=call.now)
    page = apply(call, changed, written)
    _announce(call, page, flag, written)
    return page_shape(call, page, selected(call, page))


def _attributes(call: Call, page: Page) -> Page:
    body = call.body
    if "icon" in body:
        page = replace(page, icon=icon_in("body.icon", body["icon"]))
    if "cover" in body:
        page = replace(page, cover=cover_in("body.cover", body["cover"]))
    if "is_locked" in body:
        page = replace(page, is_locked=want_bool("body.is_locked", body["is_locked"]))
        call.emit("page.locked" if page.is_locked else "page.unlocked", "page", page.id, {})
    if "is_archived" in body:
        page = replace(page, is_archived=want_bool("body.is_archived", body["is_archived"]))
    return page


def _announce(call: Call, page: Page, flag: Json, written: list[Written]) -> None:
    if flag is not None:
        call.emit("page.deleted" if flag else "page.undeleted", "page", page.id, {})
    if written:
        names = [encoded(each.site.property.id) for each in written]
        call.emit("page.properties_updated", "page", page.id, {"updated_properties": names})


def selected(call: Call, page: Page) -> frozenset[str] | None:
    """Return the decoded ids that `filter_properties` names, or None for all."""
    asked = [*call.query.get("filter_properties", []), *call.query.get("filter_properties[]", [])]
    if not asked:
        return None
    properties = {prop.id: prop for prop in page_properties(call, page)}
    return chosen_ids(properties, asked)


def chosen_ids(properties: dict[str, Property], asked: list[str]) -> frozenset[str]:
    """Return the ids of the properties named by name or id; an unknown one is left out (documented)."""
    found = (find_property(properties, name) for name in asked)
    return frozenset(prop.id for prop in found if prop)


def move(call: Call) -> JsonObject:
    """Move a page under another page or into another data source; of its values only the title goes along.

    Whether values survive a move between data sources is UNVERIFIED; losing them is the harder case.
    """
    require(call, "update_content")
    page = page_of(call, path_id(call, "page_id"))
    refuse_unknown(call.body, ("parent",))
    refuse_trashed(call, page, None)
    parent = _parent(call, call.body.get("parent", UNDEFINED))
    source = call.store.find(DataSource, parent.id)
    moved = replace(
        page,
        parent=parent,
        values={"title": page.values.get("title") or []},
        number=_next_number(call, source),
        edited=call.minute,
        edited_by=call.actor.user_id,
        touched=call.now,
    )
    call.store.put(moved)
    call.emit("page.moved", "page", page.id, {})
    return page_shape(call, moved)
