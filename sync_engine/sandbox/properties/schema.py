"""Schema changes: add, rename, retype and drop properties; the two sides of a relation stay in step."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Database, DataSource, Property
from sync_engine.sandbox.properties.base import SchemaSite
from sync_engine.sandbox.properties.registry import TYPES, kind_of
from sync_engine.sandbox.properties.retype import converted_pages
from sync_engine.sandbox.properties.writing import find_property
from sync_engine.sandbox.richtext import plain_text
from sync_engine.sandbox.validation import bad, fix_one, problem, stated_type, want_object, want_string

_LATE = ("formula", "rollup")
"""Types whose entry may name properties of the same request."""


def fresh_schema(call: Call, source: DataSource, raw: Json, path: str) -> DataSource:
    """Give a new data source the properties of a create request and return it. Exactly one is a title."""
    entries = want_object(path, raw)
    titles = [name for name, entry in entries.items() if isinstance(entry, dict) and "title" in entry]
    if not titles:
        raise invalid("Title is not provided")
    if len(titles) > 1:
        raise invalid("Cannot create more than one title property")
    call.store.put(source)
    return change_schema(call, source, entries, path)


def change_schema(call: Call, source: DataSource, entries: JsonObject, path: str) -> DataSource:
    """Apply the `properties` of a request to a data source and return it as it is then."""
    plan = [_planned(source, name, entry, f"{path}.{name}") for name, entry in entries.items()]
    for step in sorted(plan, key=lambda step: step[2] in _LATE):
        name, entry, kind, old = step
        source = call.store.take(DataSource, source.id)
        if entry is None:
            _drop(call, source, old or _unknown(name))
        else:
            _change(call, source, name, entry, kind, old, f"{path}.{name}")
    source = call.store.take(DataSource, source.id)
    source = replace(source, revision=source.revision + 1) if plan else source
    call.store.put(source)
    return source


Step = tuple[str, JsonObject | None, str | None, Property | None]


def _planned(source: DataSource, name: str, entry: Json, path: str) -> Step:
    old = find_property(source.properties, name)
    if entry is None:
        return name, None, None, old or _unknown(name)
    given = want_object(path, entry)
    kind = stated_type(path, given) or next((each for each in given if each in TYPES), None)
    if kind is None:
        if old is None:
            raise fix_one(problem(f"{path}.{each}", "defined", UNDEFINED) for each in TYPES)
    elif kind not in TYPES or kind not in given:
        raise bad(f"{path}.{kind}", "defined" if kind in TYPES else "not present", given.get(kind, UNDEFINED))
    return name, given, kind, old


def _unknown(name: str) -> Property:
    raise invalid(f"{name} is not a property that exists.")


def _change(
    call: Call, source: DataSource, key: str, entry: JsonObject, kind: str | None, old: Property | None, path: str
) -> None:
    name = _new_name(source, key, entry, old, path)
    description = entry.get("description", old.description if old else None)
    if kind is None or (old and old.type == kind == "title"):
        if old:
            _put(call, source, replace(old, name=name, description=description))
        return
    _check_kind(source, kind, old)
    property_id = old.id if old else _new_id(call, source, kind)
    site = SchemaSite(call, source, property_id, name, old, f"{path}.{kind}")
    config = TYPES[kind].config_in(site, want_object(f"{path}.{kind}", entry[kind]))
    made = Property(property_id, name, kind, config, description)
    if old and old.type == "relation" and (kind != "relation" or not config.get("synced_property_id")):
        _release(call, old)
    if old and old.type != kind:
        for page in converted_pages(call, source, old, made):
            call.store.put(page)
    _put(call, call.store.take(DataSource, source.id), made)
    if kind == "relation":
        _link(call, source.id, made)


def _check_kind(source: DataSource, kind: str, old: Property | None) -> None:
    if old and old.type == "title":
        raise invalid("Cannot change the type of the title property")
    if kind == "title" and any(prop.type == "title" for prop in source.properties.values()):
        raise invalid("Cannot create more than one title property")
    if not TYPES[kind].creatable:
        raise invalid(f"Cannot create a property of type {kind}")


def _new_id(call: Call, source: DataSource, kind: str) -> str:
    return "title" if kind == "title" else call.ids.property_id(source.properties)


def _new_name(source: DataSource, key: str, entry: JsonObject, old: Property | None, path: str) -> str:
    """Return the name after the change. Names are unique without regard to case (UNVERIFIED: stricter)."""
    wanted = entry.get("name")
    name = want_string(f"{path}.name", wanted) if wanted is not None else (old.name if old else key)
    for prop in source.properties.values():
        if prop.name.casefold() == name.casefold() and (old is None or prop.id != old.id):
            raise invalid(f"Cannot have two properties with the same name: {name}")
    return name


def _put(call: Call, source: DataSource, prop: Property) -> None:
    changed = replace(source, properties={**source.properties, prop.id: prop}, revision=source.revision + 1)
    call.store.put(changed)


def _drop(call: Call, source: DataSource, prop: Property) -> None:
    if prop.type == "title":
        raise invalid("Cannot delete the title property")
    if prop.type == "relation":
        _unlink(call, prop)
    source = call.store.take(DataSource, source.id)
    left = {key: each for key, each in source.properties.items() if key != prop.id}
    call.store.put(replace(source, properties=left, revision=source.revision + 1))


def _unlink(call: Call, prop: Property) -> None:
    """Take the back property of a dual relation away with it."""
    back = prop.config.get("synced_property_id")
    target = call.store.find(DataSource, prop.config["data_source_id"])
    if target and back in target.properties:
        left = {key: each for key, each in target.properties.items() if key != back}
        call.store.put(replace(target, properties=left, revision=target.revision + 1))


def _release(call: Call, prop: Property) -> None:
    """Leave the back property of a changed dual relation as a single one, to be dropped by hand (recorded)."""
    back = prop.config.get("synced_property_id")
    target = call.store.find(DataSource, prop.config["data_source_id"])
    if target and back in target.properties:
        left = target.properties[back]
        config = {**left.config, "type": "single_property", "synced_property_id": None}
        _put(call, target, replace(left, config=config))


def _link(call: Call, source_id: str, prop: Property) -> None:
    """Make the back property of a new dual relation: `Related to <database title> (<property>)`."""
    if prop.config["type"] != "dual_property" or prop.config["synced_property_id"]:
        return
    source = call.store.take(DataSource, source_id)
    target = call.store.take(DataSource, prop.config["data_source_id"])
    back_id = call.ids.property_id({**source.properties, **target.properties})
    config = {"data_source_id": source_id, "type": "dual_property", "synced_property_id": prop.id}
    name = _free_name(target, f"Related to {source_name(call, source)} ({prop.name})")
    _put(call, target, Property(back_id, name, "relation", config))
    source = call.store.take(DataSource, source_id)
    _put(call, source, replace(prop, config={**prop.config, "synced_property_id": back_id}))


def source_name(call: Call, source: DataSource) -> str:
    """Return a data source's title, or its database's when it has none."""
    database = call.store.find(Database, source.database_id)
    return plain_text(source.title) or plain_text(database.title if database else []) or "New database"


def _free_name(target: DataSource, name: str) -> str:
    taken = {prop.name.casefold() for prop in target.properties.values()}
    made, number = name, 0
    while made.casefold() in taken:
        number += 1
        made = f"{name} {number}"
    return made


def schema_out(call: Call, source: DataSource) -> JsonObject:
    """Show all properties: by decoded id, the title last (recorded order)."""
    shown: JsonObject = {}
    for prop in in_order(source):
        kind = kind_of(prop)
        shown[prop.name] = {
            "id": encoded(prop.id),
            "name": prop.name,
            "description": prop.description,
            "type": prop.type,
            prop.type: kind.config_out(call, prop),
        }
    return shown


def in_order(source: DataSource) -> list[Property]:
    """Return the properties by decoded id, the title last."""
    return sorted(source.properties.values(), key=lambda prop: (prop.type == "title", prop.id))
