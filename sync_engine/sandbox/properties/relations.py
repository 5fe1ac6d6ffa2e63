"""relation: single or dual, 25 shown on a page, the other side kept in step."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import encoded
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.base import PropertyType, SchemaSite, Site
from sync_engine.sandbox.validation import one_key, stated_type, want_list, want_object, want_one_of, want_uuid

_SIDES = ("single_property", "dual_property")
SHOWN_ON_PAGE = 25
"""Recorded: 30 links show as 25 with `has_more: true`."""


class Relation(PropertyType):
    """Links to pages of one data source, in the order written; a write replaces them, at most 100."""

    name = "relation"
    paged = True

    def empty(self) -> Json:
        """Return no links."""
        return []

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Return target and kind; the back property of a dual one is made by `schema.link`."""
        given = raw.get("data_source_id", raw.get("database_id", UNDEFINED))
        target = _target(site.call, want_uuid(f"{site.path}.data_source_id", given))
        stated = stated_type(site.path, raw) or one_key(site.path, raw, _SIDES)
        kind = want_one_of(f"{site.path}.type", stated, _SIDES)
        kept = site.kept_config
        back = kept.get("synced_property_id")
        same = kept.get("data_source_id") == target.id and kind == "dual_property"
        return {
            "data_source_id": target.id,
            "type": kind,
            "synced_property_id": back if same else None,
        }

    def config_out(self, call: Call, prop: Property) -> JsonObject:
        """Return ids of the target and, for a dual one, its back property."""
        config = prop.config
        target = call.store.find(DataSource, config["data_source_id"])
        kind = config["type"]
        inner: JsonObject = {}
        back = target.properties.get(config["synced_property_id"] or "") if target else None
        if kind == "dual_property" and back:
            inner = {"synced_property_name": back.name, "synced_property_id": encoded(back.id)}
        return {
            "database_id": target.database_id if target else None,
            "data_source_id": config["data_source_id"],
            "type": kind,
            kind: inner,
        }

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the linked pages' ids, each once.

        A page that is not there is a 404, a page of another data source a 400 (UNVERIFIED: no recording).
        """
        chosen: dict[str, None] = {}
        for number, item in enumerate(want_list(site.path, raw)):
            path = f"{site.path}[{number}]"
            page_id = want_uuid(f"{path}.id", want_object(path, item).get("id", UNDEFINED))
            page = site.call.store.find(Page, page_id)
            if page is None:
                raise site.call.missing("page", page_id)
            if page.parent.id != site.property.config["data_source_id"]:
                raise invalid(f"Page {page_id} is not in the data source related by {site.property.name}.")
            chosen[page_id] = None
        return list(chosen)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the first 25 links."""
        return self.items(call, prop, page)[:SHOWN_ON_PAGE]

    def extra_out(self, call: Call, prop: Property, page: Page) -> JsonObject:
        """Return whether there are more than shown."""
        return {"has_more": len(self.items(call, prop, page)) > SHOWN_ON_PAGE}

    def items(self, call: Call, prop: Property, page: Page) -> list[Json]:
        """Return all links; those to pages that are not shared are left out, and nothing says so (documented)."""
        return [{"id": each} for each in self.stored(prop, page) if _is_shown(call, each)]

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the ids."""
        return self.stored(prop, page)

    def after_write(self, site: Site, page: Page, before: Json, after: Json) -> None:
        """Mirror the change on the other side of a dual relation.

        The other pages' `last_edited_time` stays: whether Notion moves it is UNVERIFIED, and not moving is
        the harder case for a client.
        """
        back = site.property.config.get("synced_property_id")
        if site.property.config["type"] != "dual_property" or not back:
            return
        old, new = before or [], after or []
        for other in set(old) ^ set(new):
            _mirror(site.call, other, back, page.id, linked=other in new)

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the ids, joined."""
        return ", ".join(self.stored(prop, page))


def _is_shown(call: Call, page_id: str) -> bool:
    page = call.store.find(Page, page_id) if call.revoked else None
    return page is None or call.shows(page)


def _target(call: Call, target_id: str) -> DataSource:
    found = call.store.find(DataSource, target_id)
    if found is None:
        raise call.missing("data_source", target_id)
    return found


def _mirror(call: Call, page_id: str, back: str, origin: str, *, linked: bool) -> None:
    page = call.store.find(Page, page_id)
    if page is None:
        return
    links = [each for each in page.values.get(back) or [] if each != origin]
    if linked:
        links.append(origin)
    call.store.put(replace(page, values={**page.values, back: links}))
