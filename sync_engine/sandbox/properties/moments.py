"""date, created_time, last_edited_time."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.dates import date_in, start_milliseconds
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.base import PropertyType, ReadOnly, Site


class Date(PropertyType):
    """A date, a time or a range; which of them is a matter of each value, not of the column."""

    name = "date"

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return `{start, end, time_zone: None}` cut to the minute, or None."""
        return None if raw is None else date_in(site.path, raw)

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the start in milliseconds."""
        stored = page.values.get(prop.id)
        return start_milliseconds(stored["start"]) if stored else None

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return `start` or `start → end`."""
        stored = page.values.get(prop.id)
        if not stored:
            return ""
        return f"{stored['start']} → {stored['end']}" if stored["end"] else str(stored["start"])


class PageTime(ReadOnly):
    """The time of creation or of the last edit, cut to the minute."""

    filter_keys = ("date",)

    def __init__(self, name: str) -> None:
        self.name = name

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return milliseconds."""
        return page.created if self.name == "created_time" else page.edited

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the time as pages write it."""
        return page_time(page.created if self.name == "created_time" else page.edited)

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the time as pages write it."""
        return str(self.value_out(call, prop, page))
