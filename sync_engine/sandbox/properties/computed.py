"""formula and rollup: values that Notion computes, just far enough to be read-only values."""

from __future__ import annotations

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.ids import decoded
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property
from sync_engine.sandbox.properties.base import ReadOnly, SchemaSite
from sync_engine.sandbox.properties.formulas import evaluate, rewritten
from sync_engine.sandbox.properties.rollups import FUNCTIONS, roll_up
from sync_engine.sandbox.validation import one_key, want_one_of, want_string


class Formula(ReadOnly):
    """A formula. Its expression comes back rewritten (recorded), its value typed; what is beyond the small
    evaluator is `unsupported`, as Notion itself answers for deep chains."""

    name = "formula"

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Return the expression as it will be shown."""
        expression = want_string(f"{site.path}.expression", raw.get("expression", ""))
        return {"expression": rewritten(site.call, site.source, expression)}

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return `{type, <type>}`."""
        return evaluate(call, prop, page)

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the computed value."""
        shown = self.value_out(call, prop, page)
        return shown.get(shown["type"])


class Rollup(ReadOnly):
    """A function over a property of the pages that a relation links to."""

    name = "rollup"
    paged = True

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Return the decoded ids of relation and target, and the function."""
        function = want_one_of(f"{site.path}.function", raw.get("function"), FUNCTIONS)
        relation = _named(site.path, raw, "relation_property", site.source.properties)
        if relation.type != "relation":
            raise invalid(f"{relation.name} is not a relation property.")
        target = site.call.store.take(DataSource, relation.config["data_source_id"])
        rolled = _named(site.path, raw, "rollup_property", target.properties)
        return {"relation": relation.id, "rolled": rolled.id, "function": function}

    def config_out(self, call: Call, prop: Property) -> JsonObject:
        """Return names and ids (recorded: these ids are not percent-encoded)."""
        relation, rolled = sides(call, prop)
        return {
            "rollup_property_name": rolled.name if rolled else None,
            "relation_property_name": relation.name if relation else None,
            "rollup_property_id": prop.config["rolled"],
            "relation_property_id": prop.config["relation"],
            "function": prop.config["function"],
        }

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return `{type, <type>, function}`."""
        return roll_up(call, prop, page, *sides(call, prop))

    def items(self, call: Call, prop: Property, page: Page) -> list[Json]:
        """Return the elements of an array rollup; a computed number or date has none (recorded)."""
        shown = self.value_out(call, prop, page)
        return list(shown["array"]) if shown["type"] == "array" else []

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the computed value."""
        shown = self.value_out(call, prop, page)
        return shown.get(shown["type"])


def sides(call: Call, prop: Property) -> tuple[Property | None, Property | None]:
    """Return the relation property of a rollup and the property it rolls up; None when it is gone."""
    for source in call.store.every(DataSource):
        if prop.id in source.properties and source.properties[prop.id] == prop:
            relation = source.properties.get(prop.config["relation"])
            if relation is None or relation.type != "relation":
                return None, None
            target = call.store.find(DataSource, relation.config["data_source_id"])
            return relation, target.properties.get(prop.config["rolled"]) if target else None
    return None, None


def _named(path: str, raw: JsonObject, stem: str, properties: dict[str, Property]) -> Property:
    used = one_key(path, raw, (f"{stem}_name", f"{stem}_id"))
    wanted = want_string(f"{path}.{used}", raw[used])
    if used.endswith("_id") and decoded(wanted) in properties:
        return properties[decoded(wanted)]
    for prop in properties.values():
        if used.endswith("_name") and prop.name == wanted:
            return prop
    raise invalid(f"Could not find property with name or id: {wanted}")
