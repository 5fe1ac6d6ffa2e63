"""What every codec can do, and how it says that a value does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sync_engine.domain.values import Json, Value


class FieldError(Exception):
    """A value typed in Notion (or found in Postgres) that the field cannot take; the old value is kept.

    The message is one sentence for the person who typed it; the record is held with it.
    """


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A relation target that is not linked yet: the record waits for it. Exactly one of the two is set."""

    page_id: str = ""
    key: str = ""


class Codec(Protocol):
    """Turns one field between its column image, its canonical value and its Notion property value.

    Laws (property-tested for every codec):
    * `from_postgres(image)` is total on what the column can hold, and canonical: equal column values give
      equal canonical values, whatever their spelling (`1.10` and `1.1`, key order of jsonb).
    * `to_postgres` then reading back gives the same canonical value.
    * `weaken` is idempotent, and `from_notion(to_notion(v)) == weaken(v)` for every `v`.
    * `weaken(v) == v` unless `problem(v)` says why not, or the loss is inherent in the type (seconds of a date,
      NULL checkbox, empty text), in which case an unchanged Notion value never comes back as an edit.
    """

    def from_postgres(self, image: Json) -> Value:
        """The canonical value of a captured column image."""
        ...

    def to_postgres(self, value: Value) -> str | None:
        """The text literal that, cast to the column's type, stores the value; None for NULL.

        Raises FieldError when the column's type cannot take it (text in a number, unknown enum label).
        """
        ...

    def from_notion(self, prop: Json) -> Value:
        """The canonical (weak) value of a page's property value object `{"type": t, t: ...}`.

        Raises FieldError when the column's type cannot take what the person entered.
        """
        ...

    def to_notion(self, value: Value) -> Json:
        """The property value to send, `{t: ...}`, for `weaken(value)`; never a cut value."""
        ...

    def lift(self, value: Value) -> Value:
        """The value to store for a weak value: `""` (or `[]`) for None in a NOT NULL column of text (or a list).

        Anything else is itself.
        """
        ...

    def weaken(self, value: Value) -> Value:
        """What Notion holds after `value` was written: the value itself where the property type is exact.

        A value that does not fit at all weakens to the property's empty value.
        """
        ...

    def problem(self, value: Value) -> str:
        """Why Notion cannot hold the value at all, as a sentence; empty when it can."""
        ...
