"""Relations to many: record keys in Postgres (rows of a junction table), page ids in Notion."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.relation import page_ids, relation_value
from sync_engine.domain.values import Json, JsonObject, Value

LIMIT = 100
"""Pages that one request can write to a relation. A list is written whole, so a longer one cannot be written at
all (but read, when a person made it)."""


def linked(keys: set[str]) -> Value:
    """The canonical value for these targets."""
    return list[Json](sorted(keys)) or None


def keys_of(value: Value) -> list[str]:
    """The record keys in a canonical value."""
    return [str(key) for key in value] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class LinksCodec:
    """A relation through a junction table.

    Canonical value: the sorted record keys of the targets, or None for none. As with a relation to one, only the
    engine knows which record a page is: `from_notion` returns page ids, and `to_notion` takes them.
    """

    def from_postgres(self, image: Json) -> Value:
        """The keys of the targets."""
        return linked(set(keys_of(image)))

    def to_postgres(self, value: Value) -> str | None:
        """Raises FieldError: links are rows of another table (`Rows.write` takes them apart from columns)."""
        raise FieldError("the links are rows of a junction table and no value of a column")

    def from_notion(self, prop: Json) -> Value:
        """Page ids, to be resolved. Raises FieldError when the property is no relation."""
        return list[Json](page_ids(prop))

    def to_notion(self, value: Value) -> JsonObject:
        """The property value for resolved page ids, or for none."""
        return relation_value(keys_of(value))

    def weaken(self, value: Value) -> Value:
        """A relation is exact."""
        return linked(set(keys_of(value)))

    def lift(self, value: Value) -> Value:
        """The same links, as a canonical value (a merged list has them in any order)."""
        return linked(set(keys_of(value))) if isinstance(value, list) else value

    def problem(self, value: Value) -> str:
        """Any links fit; that more than LIMIT cannot be written is a matter of the write (`domain/plan.py`)."""
        return ""
