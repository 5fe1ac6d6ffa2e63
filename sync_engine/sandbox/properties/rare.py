"""button, place, verification: types a sync engine meets but does not write."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.base import PropertyType, ReadOnly, Site
from sync_engine.sandbox.validation import bad, want_object


class Button(ReadOnly):
    """A button: `{}` on every page; cannot be made through the API."""

    name = "button"
    creatable = False

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return `{}`."""
        return {}

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return nothing to compare."""
        return None


class Place(PropertyType):
    """A place on the map; `lat` and `lon` are required in a write."""

    name = "place"

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the place with every key, or None."""
        if raw is None:
            return None
        given = want_object(site.path, raw)
        for axis in ("lat", "lon"):
            value = given.get(axis, UNDEFINED)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise bad(f"{site.path}.{axis}", "a number", value)
        names = ("lat", "lon", "name", "address", "aws_place_id", "google_place_id")
        return {name: given.get(name) for name in names}

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the place's name."""
        return str((page.values.get(prop.id) or {}).get("name") or "")


class Verification(ReadOnly):
    """The verification of a wiki page; never made through the API."""

    name = "verification"
    creatable = False
