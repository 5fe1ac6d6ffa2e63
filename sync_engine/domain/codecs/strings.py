"""Columns whose value is a text or a word: text, uuid, enum, bool by name, and types kept as they are printed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import ClassVar

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.scalar import excerpt
from sync_engine.domain.values import Json, Value

_HEX = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)


def storable(value: Value) -> str:
    """The text, if Postgres can store it at all. Raises FieldError for NUL and for half a surrogate pair."""
    if not isinstance(value, str):
        raise FieldError(f"{excerpt(str(value))} is not a text")
    if "\x00" in value:
        raise FieldError("the text holds a NUL character, which Postgres cannot store")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise FieldError(f"the text holds half a character at position {exc.start + 1}") from exc
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """text, varchar(n), citext, name. Canonical: the text as it is.

    The length is checked here, because an explicit cast to varchar(n) cuts without a word.
    """

    maximum: int | None = None
    blank: ClassVar[Value] = ""

    def read(self, image: Json) -> Value:
        """Images are JSON strings."""
        return image

    def literal(self, value: Value) -> str:
        """The text itself."""
        text = storable(value)
        if self.maximum is not None and len(text) > self.maximum:
            raise FieldError(f"the text has {len(text)} characters, the column holds {self.maximum}")
        return text

    def parse(self, text: str) -> Value:
        """The text itself."""
        return self.literal(text)

    def show(self, value: Value) -> str:
        """The text itself."""
        return value if isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class Padded(Text):
    """char(n). Canonical: without the padding, which no comparison in Postgres sees."""

    def read(self, image: Json) -> Value:
        """Images are padded to n."""
        return image.rstrip(" ") if isinstance(image, str) else image

    def parse(self, text: str) -> Value:
        """Trailing spaces mean nothing."""
        return self.literal(text.rstrip(" "))


@dataclass(frozen=True, slots=True)
class Printed:
    """Any other type, as Postgres prints it (inet, interval, ltree, money, ranges, composites, ...).

    Postgres is the judge of what a person types, and may print it in another spelling afterwards.
    """

    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are text, or JSON for types that `to_jsonb` takes apart (composites, hstore)."""
        return image if isinstance(image, str) else json.dumps(image, ensure_ascii=False, sort_keys=True)

    def literal(self, value: Value) -> str:
        """The text itself."""
        return storable(value)

    def parse(self, text: str) -> Value:
        """The text itself."""
        return storable(text)

    def show(self, value: Value) -> str:
        """The text itself."""
        return value if isinstance(value, str) else str(value)


@dataclass(frozen=True, slots=True)
class Bits(Printed):
    """bit(n) and varbit(n): an explicit cast cuts or pads them without a word, so the length is checked."""

    length: int | None = None
    fixed: bool = True

    def literal(self, value: Value) -> str:
        """Zeros and ones, as many as the column holds."""
        text = storable(value)
        if text.strip("01"):
            raise FieldError(f"{excerpt(text)} is not a string of 0 and 1")
        if self.length is not None and (len(text) > self.length or (self.fixed and len(text) < self.length)):
            raise FieldError(f"the value has {len(text)} bits, the column holds {self.length}")
        return text

    def parse(self, text: str) -> Value:
        """As `literal`."""
        return self.literal(text.strip())


@dataclass(frozen=True, slots=True)
class Uuid:
    """uuid. Canonical: lower case with dashes, as Postgres prints it."""

    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are canonical already."""
        return image

    def literal(self, value: Value) -> str:
        """The canonical text."""
        digits = storable(value).strip().removeprefix("{").removesuffix("}").replace("-", "")
        if not _HEX.fullmatch(digits):
            raise FieldError(f"{excerpt(str(value))} is not a UUID")
        digits = digits.lower()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def parse(self, text: str) -> Value:
        """Any spelling that Postgres takes: braces, no dashes, capitals."""
        return self.literal(text)

    def show(self, value: Value) -> str:
        """The canonical text."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enum type. Canonical: the label."""

    labels: tuple[str, ...]
    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are labels (perhaps one that was added after the mapping was read)."""
        return image

    def literal(self, value: Value) -> str:
        """The label; only one that exists."""
        return matching_label(storable(value), self.labels)

    def parse(self, text: str) -> Value:
        """The label that the text names."""
        return self.literal(text)

    def show(self, value: Value) -> str:
        """The label."""
        return str(value)


def matching_label(text: str, labels: tuple[str, ...]) -> str:
    """The label that is the text, or else the only one that differs from it in case alone.

    Notion's option names are unique whatever their case, so that a person who renames the option `active` to
    `Active` still means the same label. Raises FieldError, listing the labels.
    """
    if text in labels:
        return text
    close = [label for label in labels if label.casefold() == text.casefold()]
    if len(close) == 1:
        return close[0]
    known = ", ".join(labels[:20]) + (", …" if len(labels) > 20 else "")
    raise FieldError(f"{excerpt(text)} is not one of the values of the column: {known}")


_TRUE = {"true", "t", "yes", "y", "on", "1"}
_FALSE = {"false", "f", "no", "n", "off", "0"}


@dataclass(frozen=True, slots=True)
class Boolean:
    """bool, by name. Canonical: JSON true and false."""

    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are JSON booleans (text inside arrays that are captured as text)."""
        return self.parse(image) if isinstance(image, str) else image

    def literal(self, value: Value) -> str:
        """`true` or `false`."""
        if not isinstance(value, bool):
            raise FieldError(f"{excerpt(str(value))} is neither true nor false")
        return "true" if value else "false"

    def parse(self, text: str) -> Value:
        """Any word that Postgres takes for a boolean."""
        word = text.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise FieldError(f"{excerpt(text)} is neither true nor false")

    def show(self, value: Value) -> str:
        """`true` or `false`."""
        return value if isinstance(value, str) else "true" if value else "false"
