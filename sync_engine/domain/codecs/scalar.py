"""Scalars: what one Postgres type contributes to a codec, whatever property shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.values import Json, Value


class Scalar(Protocol):
    """One Postgres type: its column image, its canonical value, its literal and its text for people.

    No method ever sees NULL (`None`). For every canonical value `v`: `parse(show(v)) == v`, and
    `read` of what Postgres stores for `literal(v)` is `v`.
    """

    @property
    def blank(self) -> Value:
        """What a NOT NULL column takes when Notion shows nothing; None when the type has no such value."""
        ...

    def read(self, image: Json) -> Value:
        """The canonical value of a captured image."""
        ...

    def literal(self, value: Value) -> str:
        """The text literal that stores the value. Raises FieldError when the type cannot take it."""
        ...

    def parse(self, text: str) -> Value:
        """The canonical value of what a person typed. Raises FieldError when the type cannot take it."""
        ...

    def show(self, value: Value) -> str:
        """The text that shows a canonical value to a person, exactly."""
        ...


@dataclass(frozen=True, slots=True)
class ScalarCodec:
    """The Postgres half of a codec; the property half is in its subclasses."""

    scalar: Scalar
    not_null: bool = False

    def from_postgres(self, image: Json) -> Value:
        """See `Codec`. An image captured before the column changed its type stays as it was captured."""
        if image is None:
            return None
        try:
            return self.scalar.read(image)
        except FieldError:
            return image if isinstance(image, str) else json.dumps(image, ensure_ascii=False)

    def to_postgres(self, value: Value) -> str | None:
        """See `Codec`."""
        return None if value is None else self.scalar.literal(value)

    def lift(self, value: Value) -> Value:
        """See `Codec`."""
        return self.scalar.blank if value is None and self.not_null else value


def content(prop: Json, kind: str) -> Json:
    """What a property value object holds under its type.

    A property that a person turned into another type has no such key; reading it as empty would delete the
    column's value, so it raises FieldError.
    """
    if not isinstance(prop, dict) or kind not in prop:
        found = prop.get("type") if isinstance(prop, dict) else None
        raise FieldError(f"the property is {found or 'something else'} in Notion now, it was {kind}")
    return prop[kind]


def fitting(value: Value, problem: str) -> Value:
    """The value, when there is no problem.

    Notion can hold what this engine could not write back (an option named with a space at its end): such a value
    is refused, for it would look like an edit for ever. Raises FieldError.
    """
    if problem:
        raise FieldError(problem)
    return value


def excerpt(text: str) -> str:
    """The text in quotes for a message, shortened to one line that can be read."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= 60 else line[:57] + '…'}”"
