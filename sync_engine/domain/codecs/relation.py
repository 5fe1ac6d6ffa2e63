"""To-one relations: record keys in Postgres, page ids in Notion; the engine translates between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.scalar import Scalar, content
from sync_engine.domain.keys import decode_key, encode_key
from sync_engine.domain.values import Json, JsonObject, Value


def page_ids(prop: Json) -> list[str]:
    """The page ids in a relation property value, in order. Raises FieldError when it is no relation."""
    found = content(prop, "relation")
    if not isinstance(found, list):
        raise FieldError("the relation holds no list")
    return [str(item["id"]) for item in found if isinstance(item, dict) and "id" in item]


def relation_value(ids: Sequence[str]) -> JsonObject:
    """The property value that points to these pages."""
    return {"relation": [{"id": page_id} for page_id in ids]}


@dataclass(frozen=True, slots=True)
class RelationCodec:
    """A foreign key column in a relation property.

    Canonical value: the record key of the target, or None. Notion speaks in page ids, and only the engine knows
    which record a page is: `from_notion` returns the list of page ids (none or one) for it to resolve, and
    `to_notion` takes such a list (or None). The other methods see canonical values.
    """

    scalar: Scalar
    not_null: bool = False

    def from_postgres(self, image: Json) -> Value:
        """The key of the target, as text."""
        return None if image is None else encode_key((self.scalar.show(self.scalar.read(image)),))

    def to_postgres(self, value: Value) -> str | None:
        """The literal of the foreign key column."""
        if value is None:
            return None
        [text] = decode_key(str(value), 1)
        return self.scalar.literal(self.scalar.parse(text))

    def from_notion(self, prop: Json) -> Value:
        """Page ids, to be resolved. Raises FieldError for more than one: the column holds one."""
        ids = page_ids(prop)
        if len(ids) > 1:
            raise FieldError(f"the relation names {len(ids)} pages, and the column holds one; keep one of them")
        return list[Json](ids)

    def to_notion(self, value: Value) -> JsonObject:
        """The property value for resolved page ids (a list), or for none. Raises FieldError for a bare key."""
        if value is None:
            return relation_value(())
        if not isinstance(value, list):
            raise FieldError(f"record key {value!r} has not been resolved to a page")
        return relation_value([str(item) for item in value])

    def weaken(self, value: Value) -> Value:
        """A relation is exact."""
        return value

    def lift(self, value: Value) -> Value:
        """Nothing to add."""
        return value

    def problem(self, value: Value) -> str:
        """Any key fits."""
        return ""


@dataclass(frozen=True, slots=True)
class KeyCodec:
    """A relation to one by a foreign key of several columns; images have it as the record key of the target.

    As `RelationCodec`, except that its columns are written one by one (`CompositeKey.literals`).
    """

    def from_postgres(self, image: Json) -> Value:
        """The key of the target."""
        return None if image is None else str(image)

    def to_postgres(self, value: Value) -> str | None:
        """Raises FieldError: the relation is no value of one column."""
        raise FieldError("the relation is held by several columns")

    def from_notion(self, prop: Json) -> Value:
        """Page ids, to be resolved."""
        return list[Json](page_ids(prop))

    def to_notion(self, value: Value) -> JsonObject:
        """The property value for resolved page ids, or for none."""
        return relation_value([str(item) for item in value] if isinstance(value, list) else ())

    def weaken(self, value: Value) -> Value:
        """A relation is exact."""
        return value

    def lift(self, value: Value) -> Value:
        """Nothing to add."""
        return value

    def problem(self, value: Value) -> str:
        """Any key fits."""
        return ""
