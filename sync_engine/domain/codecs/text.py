"""Codecs of the properties that hold text: title, rich text, url, email and phone number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.runs import joined, rich_text, too_long, utf16_units
from sync_engine.domain.codecs.scalar import ScalarCodec, content, fitting
from sync_engine.domain.values import Json, JsonObject, Value

RichTextKind = Literal["title", "rich_text"]
PlainTextKind = Literal["url", "email", "phone_number"]

_LIMITS: dict[PlainTextKind, int] = {"url": 2_000, "email": 200, "phone_number": 200}


def rich_text_value(text: str) -> JsonObject:
    """The rich text property value of a text that fits (a record key)."""
    return {"rich_text": rich_text(text)}


def plain_text(prop: Json) -> str:
    """What a person reads in a text property value; empty when it is of another type or holds nothing."""
    kind = prop.get("type") if isinstance(prop, dict) else None
    found = prop.get(kind) if isinstance(prop, dict) and isinstance(kind, str) else None
    if kind in ("title", "rich_text"):
        return joined(found)
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class RichTextCodec(ScalarCodec):
    """Any column in a title or rich text property, by its exact text.

    Notion cannot tell an empty text from none: both are None there.
    """

    kind: RichTextKind = "rich_text"

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`: formatting is not a value, only the joined text is."""
        text = joined(content(prop, self.kind))
        if not text:
            return None
        value = self._weak(self.scalar.parse(text))
        return fitting(value, self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        return {self.kind: [] if weak is None else rich_text(self.scalar.show(weak))}

    def weaken(self, value: Value) -> Value:
        """See `Codec`."""
        return None if value is None or self.problem(value) else self._weak(value)

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        return "" if value is None else too_long(self.scalar.show(value))

    def _weak(self, value: Value) -> Value:
        return None if value == "" else value


@dataclass(frozen=True, slots=True)
class PlainTextCodec(ScalarCodec):
    """A text column in a url, email or phone number property."""

    kind: PlainTextKind = "url"

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        text = content(prop, self.kind)
        if text is None or text == "":
            return None
        if not isinstance(text, str):
            raise FieldError(f"the {self.kind} property holds no text")
        value = self.scalar.parse(text)
        return fitting(None if value == "" else value, self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        return {self.kind: None if weak is None else self.scalar.show(weak)}

    def weaken(self, value: Value) -> Value:
        """See `Codec`."""
        return None if value is None or value == "" or self.problem(value) else value

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        if value is None:
            return ""
        units, limit = utf16_units(self.scalar.show(value)), _LIMITS[self.kind]
        return f"the text has {units:,} characters; a {self.kind} property holds {limit}" if units > limit else ""
