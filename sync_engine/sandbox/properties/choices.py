"""select, multi_select, status."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties import options
from sync_engine.sandbox.properties.base import PropertyType, SchemaSite, Site
from sync_engine.sandbox.validation import want_list

_GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))
_DEFAULT_STATUS = (("Not started", "default", 0), ("In progress", "blue", 1), ("Done", "green", 2))


class Choice(PropertyType):
    """What select and multi_select share: the schema's list of options."""

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Return the options; without the key they stay as they are."""
        if "options" not in raw:
            return {"options": site.kept_config.get("options", [])}
        return {"options": options.options_in(site, raw["options"])}


class Select(Choice):
    """One option, by id inside. An unknown name makes the option; a comma in it is refused."""

    name = "select"

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the option's id, or None."""
        if raw is None:
            return None
        return options.option_of_value(site, site.path, raw, create=True)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return `{id, name, color}`; None when empty or the option was removed from the schema."""
        found = options.by_id(prop.config["options"], page.values.get(prop.id) or "")
        return options.shown(found) if found else None

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the option's name."""
        shown = self.value_out(call, prop, page)
        return shown["name"] if shown else None


class MultiSelect(Choice):
    """Options in the order written; a write replaces them all, at most 100 in one request."""

    name = "multi_select"

    def empty(self) -> Json:
        """Return no options."""
        return []

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the options' ids, each once."""
        chosen: dict[str, None] = {}
        for number, item in enumerate(want_list(site.path, raw)):
            chosen[options.option_of_value(site, f"{site.path}[{number}]", item, create=True)] = None
        return list(chosen)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the options that still exist."""
        found = (options.by_id(prop.config["options"], each) for each in page.values.get(prop.id) or [])
        return [options.shown(option) for option in found if option]

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the names."""
        return [option["name"] for option in self.value_out(call, prop, page)]


class Status(PropertyType):
    """One of the options of three groups. A page write never makes one; null goes back to the default."""

    name = "status"

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Return options and groups; new options land in To-do whatever `group` says (third-party reports)."""
        kept = site.kept_config
        if not kept:
            return self._fresh(site, raw)
        if "options" not in raw:
            return kept
        made = options.options_in(site, raw["options"])
        ids = [option["id"] for option in made]
        placed = [each for group in kept["groups"] for each in group["option_ids"]]
        groups = [
            {**group, "option_ids": [each for each in group["option_ids"] if each in ids]}
            for group in kept["groups"]
        ]
        groups[0]["option_ids"] += [each for each in ids if each not in placed]
        return {"options": made, "groups": groups}

    def _fresh(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        groups: list[JsonObject] = [
            {"id": site.call.ids.uuid(), "name": name, "color": color, "option_ids": []} for name, color in _GROUPS
        ]
        if raw.get("options"):
            made = options.options_in(site, raw["options"])
            groups[0]["option_ids"] = [option["id"] for option in made]
            return {"options": made, "groups": groups}
        made = []
        for name, color, group in _DEFAULT_STATUS:
            option = {"id": site.call.ids.uuid(), "name": name, "color": color, "description": None}
            made.append(option)
            groups[group]["option_ids"].append(option["id"])
        return {"options": made, "groups": groups}

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the option's id, or None for the default."""
        if raw is None:
            return None
        return options.option_of_value(site, site.path, raw, create=False)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the option; the default one when none is set, so it may never read as null (recorded)."""
        known = prop.config["options"]
        found = options.by_id(known, page.values.get(prop.id) or "") or self._default(prop)
        return options.shown(found) if found else None

    def _default(self, prop: Property) -> JsonObject | None:
        known = prop.config["options"]
        first = next(iter(prop.config["groups"][0]["option_ids"]), None)
        return options.by_id(known, first) if first else None

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the option's name."""
        shown = self.value_out(call, prop, page)
        return shown["name"] if shown else None
