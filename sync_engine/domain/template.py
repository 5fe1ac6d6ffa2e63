"""Templates: a page title made of several columns, as `{name} ({code})`; it goes to Notion and never back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.scalar import Scalar
from sync_engine.domain.values import JsonObject

_PLACE = re.compile(r"\{([^{}]+)\}")


def is_template(text: str) -> bool:
    """Whether the text has places for columns."""
    return _PLACE.search(text) is not None


def places(text: str) -> tuple[str, ...]:
    """The names in the places, each once. Raises ValueError for braces that hold none."""
    if set(_PLACE.sub("", text)) & set("{}"):
        raise ValueError("a brace without a column in it")
    return tuple(dict.fromkeys(_PLACE.findall(text)))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places, and the columns that fill them; `columns` and `scalars` by the names in the places."""

    text: str
    columns: Mapping[str, str]
    scalars: Mapping[str, Scalar]

    def render(self, image: JsonObject) -> str | None:
        """The text for a row image; NULLs leave their places empty, and None is said when nothing is left.

        An image from before a column changed its type shows what it held then.
        """
        shown = {name: self._shown(name, image) for name in self.columns}
        if not any(shown.values()):
            return None
        return " ".join(_PLACE.sub(lambda found: shown[found[1]], self.text).split()) or None

    def _shown(self, name: str, image: JsonObject) -> str:
        value, scalar = image.get(self.columns[name]), self.scalars[name]
        if value is None:
            return ""
        try:
            return scalar.show(scalar.read(value))
        except FieldError:
            return str(value)
