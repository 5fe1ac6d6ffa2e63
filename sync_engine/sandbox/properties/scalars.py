"""number, checkbox, unique_id."""

from __future__ import annotations

import math

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.base import PropertyType, ReadOnly, SchemaSite, Site
from sync_engine.sandbox.validation import bad, want_bool, want_string

_LARGEST_EXACT = 2**63


def as_double(value: float) -> float:
    """Return the number as JavaScript keeps and prints it: a double, whole ones without a point."""
    double = float(value)
    if double.is_integer() and abs(double) < _LARGEST_EXACT:
        return int(double)
    return double


class Number(PropertyType):
    """A double. Beyond 2^53 the last digits change, as with any JSON number of Notion."""

    name = "number"

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Take any format: the published type is an open string."""
        default = site.kept_config.get("format", "number")
        return {"format": want_string(f"{site.path}.format", raw.get("format", default))}

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the double, or None."""
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
            raise bad(site.path, "a number", raw)
        return as_double(raw)


class Checkbox(PropertyType):
    """True or false, never null."""

    name = "checkbox"

    def empty(self) -> Json:
        """Return false."""
        return False

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the boolean; null is refused."""
        return want_bool(site.path, raw)


class UniqueId(ReadOnly):
    """The counter of a data source, with a prefix that the schema may set."""

    name = "unique_id"

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Take the prefix; a PATCH without one keeps it (recorded)."""
        prefix = raw.get("prefix", site.kept_config.get("prefix"))
        return {"prefix": None if prefix is None else want_string(f"{site.path}.prefix", prefix)}

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return prefix and number."""
        return {"prefix": prop.config.get("prefix"), "number": page.number}

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the number."""
        return page.number

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return `PREFIX-7`, or `7` without a prefix."""
        prefix = prop.config.get("prefix")
        return f"{prefix}-{page.number}" if prefix else str(page.number)
