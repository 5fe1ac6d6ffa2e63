"""Options of select, multi_select and status: matching, creation and the full-list rule of the schema."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import DataSource, Property
from sync_engine.sandbox.properties.base import SchemaSite, Site
from sync_engine.sandbox.validation import (
    bad,
    fix_one,
    problem,
    want_list,
    want_object,
    want_one_of,
    want_string,
    want_uuid,
)

COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")


def by_id(options: list[Json], option_id: str) -> JsonObject | None:
    """Return the option with this id, or None."""
    return next((option for option in options if option["id"] == option_id), None)


def by_name(options: list[Json], name: str) -> JsonObject | None:
    """Return the option with this name, whatever the case (names are unique without regard to case)."""
    exact = next((option for option in options if option["name"] == name), None)
    folded = name.casefold()
    return exact or next((option for option in options if option["name"].casefold() == folded), None)


def shown(option: JsonObject) -> JsonObject:
    """Return an option as a page's value shows it: without its description."""
    return {"id": option["id"], "name": option["name"], "color": option["color"]}


def options_in(site: SchemaSite, raw: Json) -> list[Json]:
    """Return the full new list. What is left out is gone; a kept one keeps id, name and colour.

    Whether the API can rename or recolour an option is UNVERIFIED (notion-api.md 2.3); here it is silently
    not done, which is what the third-party reports saw.
    """
    old = site.kept_config.get("options", [])
    made: list[Json] = []
    for number, item in enumerate(want_list(f"{site.path}.options", raw)):
        path = f"{site.path}.options[{number}]"
        option = _option_in(site, path, want_object(path, item), old)
        if by_name(made, option["name"]) or by_id(made, option["id"]):
            raise invalid(f"Cannot have two options with the same name: {option['name']}")
        made.append(option)
    return made


def _option_in(site: SchemaSite, path: str, raw: JsonObject, old: list[Json]) -> JsonObject:
    color = raw.get("color")
    if color is not None:
        want_one_of(f"{path}.color", color, COLORS)
    kept = by_id(old, raw["id"]) if isinstance(raw.get("id"), str) else None
    if kept is None and raw.get("name") is None:
        raise bad(f"{path}.name", "defined", UNDEFINED)
    kept = kept or by_name(old, want_string(f"{path}.name", raw["name"]))
    if kept is not None:
        return kept
    name = option_name(f"{path}.name", raw["name"])
    return {
        "id": site.call.ids.uuid(),
        "name": name,
        "color": color or "default",
        "description": raw.get("description"),
    }


def option_name(path: str, raw: Json) -> str:
    """Return a name fit for a new option: not empty, at most 100 units, no comma."""
    name = want_string(path, raw, most=100)
    if not name:
        raise bad(f"{path}.length", "≥ `1`", 0)
    if "," in name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    return name


def current(site: Site) -> Property:
    """Return the property as it is now: an earlier value of the same request may have added options."""
    source = site.call.store.find(DataSource, site.source.id) if site.source else None
    return source.properties[site.property.id] if source else site.property


def option_of_value(site: Site, path: str, raw: Json, *, create: bool) -> str:
    """Return the id of the option that a written value names; make it when allowed."""
    given = want_object(path, raw)
    options = current(site).config.get("options", [])
    if given.get("id") is not None:
        found = by_id(options, want_string(f"{path}.id", given["id"]))
        if found is not None:
            return str(found["id"])
        if given.get("name") is None:
            raise invalid(
                f"{site.property.name} option with id {want_uuid(f'{path}.id', given['id'])} does not exist."
            )
    if given.get("name") is None:
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in ("id", "name"))
    name = want_string(f"{path}.name", given["name"])
    found = by_name(options, name)
    if found is not None:
        return str(found["id"])
    if not create:
        raise invalid(f'Status option "{name}" does not exist.')
    return _create(site, option_name(f"{path}.name", name), given.get("color"), path)


def _create(site: Site, name: str, color: Json, path: str) -> str:
    if color is not None:
        want_one_of(f"{path}.color", color, COLORS)
    prop = current(site)
    option = {"id": site.call.ids.uuid(), "name": name, "color": color or "default", "description": None}
    config = {**prop.config, "options": [*prop.config.get("options", []), option]}
    if site.source is not None:
        source = site.call.store.take(DataSource, site.source.id)
        properties = {**source.properties, prop.id: replace(prop, config=config)}
        site.call.store.put(replace(source, properties=properties, revision=source.revision + 1))
    return str(option["id"])
