"""What every property type answers: its schema entry, its value in and out, and its value for comparison."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import DataSource, Page, Property


@dataclass(frozen=True, slots=True)
class Site:
    """Where a value is being written: the property, its data source and the path for messages."""

    call: Call
    source: DataSource | None
    property: Property
    path: str


@dataclass(frozen=True, slots=True)
class SchemaSite:
    """Where a schema entry is being written. `old` is the property before, when there was one."""

    call: Call
    source: DataSource
    property_id: str
    property_name: str
    old: Property | None
    path: str

    @property
    def kept_config(self) -> JsonObject:
        """Return the former config when the type stays, else {}."""
        kind = self.path.rsplit(".", 1)[-1]
        return self.old.config if self.old and self.old.type == kind else {}


class PropertyType:
    """One property type. The base is a writable type whose config is `{}` and whose empty value is null."""

    name = ""
    writable = True
    creatable = True
    paged = False
    """Whether the property-item endpoint lists its value instead of showing it whole."""
    filter_keys: tuple[str, ...] = ()
    """The filter keys that fit this type besides its own name."""

    def empty(self) -> Json:
        """Return the value shown when nothing is stored."""
        return None

    def config_in(self, site: SchemaSite, raw: JsonObject) -> JsonObject:
        """Check a schema entry's config and return it as stored."""
        return {}

    def config_out(self, call: Call, prop: Property) -> JsonObject:
        """Return the config as shown."""
        return prop.config

    def value_in(self, site: Site, raw: Json) -> Json:
        """Check a written value and return it as stored."""
        raise invalid(f"{site.property.name} is a read-only property.")

    def stored(self, prop: Property, page: Page) -> Json:
        """Return the stored value of a page, or the empty one."""
        found = page.values.get(prop.id)
        return self.empty() if found is None else found

    def value_out(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the value as a page shows it."""
        return self.stored(prop, page)

    def extra_out(self, call: Call, prop: Property, page: Page) -> JsonObject:
        """Return keys that stand beside the value (`has_more` of a relation)."""
        return {}

    def items(self, call: Call, prop: Property, page: Page) -> list[Json]:
        """Return the elements that the property-item endpoint pages through."""
        return list(self.value_out(call, prop, page))

    def comparable(self, call: Call, prop: Property, page: Page) -> Json:
        """Return the value that filters and sorts compare; None or an empty list when empty."""
        return self.value_out(call, prop, page)

    def after_write(self, site: Site, page: Page, before: Json, after: Json) -> None:
        """Do what a write of this value does elsewhere (the other side of a relation)."""

    def text(self, call: Call, prop: Property, page: Page) -> str:
        """Return the value as one text, for a retype to rich text and for the web page."""
        value = self.comparable(call, prop, page)
        if value is None:
            return ""
        return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


class ReadOnly(PropertyType):
    """A type whose value Notion computes."""

    writable = False
