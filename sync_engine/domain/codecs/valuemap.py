"""Value maps: other names in Notion for the values of a column (`"#4CAF50" = "Green"`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sync_engine.domain.codecs.codec import Codec, FieldError
from sync_engine.domain.codecs.scalar import Scalar, excerpt
from sync_engine.domain.values import Json, Value


@dataclass(frozen=True, slots=True)
class ValueMap:
    """Names by the text of a value, and the text by the name in folded case (select options ignore case).

    `lossy`: two values have one name, or a value has the name of another; then the first one stands for both.
    """

    names: Mapping[str, str]
    texts: Mapping[str, str]
    lossy: bool

    def name(self, text: str) -> str:
        """What Notion shows for the text of a value."""
        return self.names.get(text, text)

    def text(self, name: str) -> str:
        """The text of the value that a name stands for."""
        return self.texts.get(name.casefold(), name)

    def clash(self, text: str) -> str:
        """Why a value that is not in the map cannot be shown: its text is the name of another. Empty: it can."""
        if text in self.names or text.casefold() not in self.texts:
            return ""
        return f"{excerpt(text)} is what the value map calls {excerpt(self.texts[text.casefold()])}"


def value_map(names: Mapping[str, str], scalar: Scalar, known: tuple[str, ...] = ()) -> ValueMap:
    """The map of these names. `known` are all values that the column can have, where that is known (labels).

    Raises FieldError for a key that is no value of the column, and for an empty name.
    """
    forth: dict[str, str] = {}
    back: dict[str, str] = {}
    spelt: dict[str, str] = {}
    lossy = False
    for given, name in names.items():
        text = scalar.show(scalar.parse(given))
        if known and text not in known:
            raise FieldError(f"{excerpt(given)} is not one of the values of the column: {', '.join(known[:20])}")
        if not name.strip():
            raise FieldError(f"{excerpt(given)} has an empty name")
        lossy |= name.casefold() in back
        forth[text] = spelt.setdefault(name.casefold(), name)
        back.setdefault(name.casefold(), text)
    lossy |= any(text not in forth and text.casefold() in back for text in known)
    return ValueMap(forth, back, lossy)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A scalar whose values have other names for people."""

    scalar: Scalar
    map: ValueMap

    @property
    def blank(self) -> Value:
        """As the scalar's."""
        return self.scalar.blank

    def read(self, image: Json) -> Value:
        """As the scalar's."""
        return self.scalar.read(image)

    def literal(self, value: Value) -> str:
        """As the scalar's."""
        return self.scalar.literal(value)

    def parse(self, text: str) -> Value:
        """The value of a name."""
        return self.scalar.parse(self.map.text(text))

    def show(self, value: Value) -> str:
        """The name of a value."""
        return self.map.name(self.scalar.show(value))


@dataclass(frozen=True, slots=True)
class RenamedCodec:
    """A codec over `Renamed` values, or a list of them.

    Where the map is lossy the field is one-way, and a value weakens to the one that stands for its name.
    """

    inner: Codec
    renamed: Renamed

    def from_postgres(self, image: Json) -> Value:
        """See `Codec`."""
        return self.inner.from_postgres(image)

    def to_postgres(self, value: Value) -> str | None:
        """See `Codec`."""
        return self.inner.to_postgres(value)

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        return self.inner.from_notion(prop)

    def to_notion(self, value: Value) -> Json:
        """See `Codec`."""
        return self.inner.to_notion(self.weaken(value))

    def lift(self, value: Value) -> Value:
        """See `Codec`."""
        return self.inner.lift(value)

    def weaken(self, value: Value) -> Value:
        """See `Codec`."""
        if self._clash(value):
            value = None
        return self._standing_for(self.inner.weaken(value)) if self.renamed.map.lossy else self.inner.weaken(value)

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        return self._clash(value) or self.inner.problem(value)

    def _clash(self, value: Value) -> str:
        if self.renamed.map.lossy:
            return ""
        items = value if isinstance(value, list) else [value]
        found = (self.renamed.map.clash(self.renamed.scalar.show(item)) for item in items if item is not None)
        return next((clash for clash in found if clash), "")

    def _standing_for(self, value: Value) -> Value:
        if isinstance(value, list):
            return [self._standing_for(item) for item in value]
        return None if value is None else self.renamed.parse(self.renamed.show(value))
