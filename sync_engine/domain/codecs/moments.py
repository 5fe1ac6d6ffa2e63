"""Dates and times: their canonical forms, and the date property, which knows minutes only.

Canonical: `2024-05-06`; `2024-05-06T07:08:09.123456Z` for timestamptz; the same without `Z` for timestamp (shown
in Notion as if it were UTC); `07:08:09.5` for time. `infinity`, years above 9999 and BC stay as Postgres prints
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import ClassVar, Protocol

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.scalar import Scalar, ScalarCodec, content, excerpt, fitting
from sync_engine.domain.values import Json, JsonObject, Value

_FAR_DATE = re.compile(r"\d{4,7}-\d\d-\d\d( BC)?", re.ASCII)
_FAR_MOMENT = re.compile(r"\d{4,7}-\d\d-\d\d[T ][\d:.]+([+-][\d:]+|Z)?( BC)?", re.ASCII)
_INFINITE = ("infinity", "-infinity")


class MomentScalar(Scalar, Protocol):
    """A scalar that the date property can show."""

    def floored(self, value: str) -> str | None:
        """What a date property keeps of the value (minutes), or None when it lies outside Notion's calendar."""
        ...

    def start(self, value: str) -> str:
        """The `start` to send for a floored value."""
        ...


@dataclass(frozen=True, slots=True)
class _Moment:
    """What the types of this module share: text in, text out."""

    blank: ClassVar[Value] = None

    def read(self, image: Json) -> Value:
        """Images are ISO 8601 texts."""
        return image

    def literal(self, value: Value) -> str:
        """The canonical text, which Postgres reads under any DateStyle."""
        if not isinstance(value, str):
            raise FieldError(f"{excerpt(str(value))} is not a time")
        return str(self.parse(value))

    def parse(self, text: str) -> Value:
        """Overridden by each type."""
        raise FieldError(f"{excerpt(text)} is not a time")

    def show(self, value: Value) -> str:
        """The canonical text."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Date(_Moment):
    """date."""

    def parse(self, text: str) -> Value:
        """An ISO date alone: a time of day would be lost, so it is refused."""
        word = text.strip()
        if word in _INFINITE:
            return word
        try:
            return date.fromisoformat(word).isoformat()
        except ValueError:
            if _FAR_DATE.fullmatch(word) and (word.endswith(" BC") or len(word) > 10):
                return word
        hint = "; the column holds a date without a time" if _FAR_MOMENT.fullmatch(word) else ""
        raise FieldError(f"{excerpt(text)} is not a date like 2024-05-06{hint}")

    def floored(self, value: str) -> str | None:
        """A date has nothing to lose."""
        return value if len(value) == 10 and value[4] == "-" and value[0] != "-" else None

    def start(self, value: str) -> str:
        """A date-only value."""
        return value


@dataclass(frozen=True, slots=True)
class Timestamp(_Moment):
    """timestamptz (`zoned`) and timestamp."""

    zoned: bool = True

    def read(self, image: Json) -> Value:
        """Images are ISO 8601 texts with the offset of the session that wrote the row (none for timestamp)."""
        if not isinstance(image, str):
            return image
        try:
            return self._canonical(datetime.fromisoformat(image))
        except (ValueError, OverflowError):
            return image

    def parse(self, text: str) -> Value:
        """ISO 8601; a date alone is its midnight, a missing offset is UTC."""
        word = text.strip()
        if word in _INFINITE:
            return word
        try:
            return self._canonical(datetime.fromisoformat(word))
        except OverflowError:
            return word
        except ValueError:
            if _FAR_MOMENT.fullmatch(word) and (word.endswith(" BC") or word[4] != "-"):
                return word
        raise FieldError(f"{excerpt(text)} is not a time like 2024-05-06T07:08:09Z")

    def _canonical(self, moment: datetime) -> str:
        naive = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
        text = naive.isoformat(timespec="microseconds")
        return f"{text}Z" if self.zoned else text

    def floored(self, value: str) -> str | None:
        """Notion floors to the minute."""
        if len(value) != (27 if self.zoned else 26) or value[10] != "T":
            return None
        return f"{value[:16]}:00.000000{'Z' if self.zoned else ''}"

    def start(self, value: str) -> str:
        """The minute, in UTC."""
        return f"{value[:16]}:00.000+00:00"


@dataclass(frozen=True, slots=True)
class TimeOfDay(_Moment):
    """time without time zone, as Postgres prints it (`07:08:09.5`, `24:00:00`)."""

    def parse(self, text: str) -> Value:
        """ISO 8601."""
        word = text.strip()
        if word == "24:00:00":
            return word
        try:
            moment = time.fromisoformat(word)
        except ValueError as exc:
            raise FieldError(f"{excerpt(text)} is not a time of day like 07:08:09") from exc
        if moment.tzinfo is not None:
            raise FieldError(f"{excerpt(text)} has an offset, which the column cannot hold")
        whole, _, fraction = moment.isoformat(timespec="microseconds").partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole


@dataclass(frozen=True, slots=True)
class DateCodec(ScalarCodec):
    """A date or timestamp column in a date property.

    A date typed into a timestamp column is its midnight in UTC. A time typed into a date column, and a range, are
    refused: the column would lose the half of it.
    """

    scalar: MomentScalar

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        found = content(prop, "date")
        if found is None:
            return None
        if not isinstance(found, dict) or not isinstance(found.get("start"), str):
            raise FieldError("the date has no start")
        if found.get("end") is not None:
            raise FieldError("the date is a range, and the column holds one date; clear its end")
        value = self.scalar.parse(str(found["start"]))
        return fitting(self.weaken(value), self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        return {"date": {"start": self.scalar.start(weak)} if isinstance(weak, str) else None}

    def weaken(self, value: Value) -> Value:
        """See `Codec`: seconds are cut off; what is outside the calendar becomes no date."""
        return self.scalar.floored(value) if isinstance(value, str) else None

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        if value is None or (isinstance(value, str) and self.scalar.floored(value) is not None):
            return ""
        return f"a Notion date cannot hold {value}"
