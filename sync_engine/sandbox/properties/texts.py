"""title, rich_text, url, email, phone_number."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.mentions import runs_out
from sync_engine.sandbox.model import Page, Property
from sync_engine.sandbox.properties.base import PropertyType, Site
from sync_engine.sandbox.richtext import plain_text, runs_in
from sync_engine.sandbox.validation import bad, want_string


class RichText(PropertyType):
    """Runs of text. `[]` is empty; an empty text reads back as `[]`."""

    name = "rich_text"
    paged = True

    def empty(self) -> Json:
        """Return no runs."""
        return []

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return complete, merged runs."""
        return runs_in(site.path, raw)

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the runs with their mentions resolved."""
        return runs_out(call, self.stored(prop, page))

    def comparable(self, call: Call, prop: Property, page: Page) -> str | None:
        """Return the joined plain text, or None."""
        runs = page.values.get(prop.id)
        if not runs:
            return None
        return plain_text(runs) or None


class Title(RichText):
    """The one title of a page; its property id is always `title`."""

    name = "title"
    filter_keys = ("rich_text",)


class Line(PropertyType):
    """A text without format; null when empty.

    `""` is refused: UNVERIFIED in notion-api.md 8, the older API rejected it, and a client must send null.
    """

    filter_keys = ("rich_text",)

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most

    def value_in(self, site: Site, raw: Json) -> Json:
        """Return the text, at most `most` UTF-16 units, or None."""
        if raw is None:
            return None
        text = want_string(site.path, raw, most=self.most)
        if not text:
            raise bad(f"{site.path}.length", "≥ `1`", 0)
        return text
