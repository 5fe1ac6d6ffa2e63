"""Numbers: one canonical form for whole, exact and floating columns, and the number property.

Canonical: a JSON integer within ±(2^53-1), a JSON fraction when the nearest double prints back as exactly the
same decimal, else the decimal as text (`"12345678901234567890"`), so that neither JSON nor a double ever rounds
it; `"NaN"`, `"Infinity"` and `"-Infinity"` as text.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import ClassVar, Protocol

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.scalar import Scalar, ScalarCodec, content, excerpt, fitting
from sync_engine.domain.values import Json, JsonObject, Value

SAFE_INTEGER = 2**53 - 1
"""The largest integer up to which every integer is a double (and safe in any JSON reader)."""

_DIGITS_BEFORE, _DIGITS_AFTER = 131_072, 16_383
"""What an unconstrained numeric holds (PostgreSQL documentation, 8.1)."""

_EXACT = Context(prec=_DIGITS_BEFORE + _DIGITS_AFTER + 1, Emax=MAX_EMAX, Emin=MIN_EMIN)
_MAX_PADDING = 40
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_SPECIAL = {
    "nan": "NaN",
    "infinity": "Infinity",
    "inf": "Infinity",
    "+infinity": "Infinity",
    "+inf": "Infinity",
    "-infinity": "-Infinity",
    "-inf": "-Infinity",
}


def decimal_text(number: Decimal) -> str:
    """The one text of a finite number: no trailing zeros, no minus zero, no exponent unless it saves 40 zeros."""
    if not number:
        return "0"
    number = number.normalize(_EXACT)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent <= _MAX_PADDING and number.adjusted() >= -_MAX_PADDING:
        return format(number, "f")
    return str(number)


def canonical_number(number: Decimal) -> Value:
    """The canonical value of a number, NaN and infinities included."""
    if not number.is_finite():
        return _SPECIAL[str(number).lower()]
    text = decimal_text(number)
    if "E+" not in text and ("." in text or "E-" in text):
        nearest = float(number)
        return nearest if Decimal(repr(nearest)) == number else text
    if len(text) <= 17 and "E" not in text:
        whole = int(text)
        if -SAFE_INTEGER <= whole <= SAFE_INTEGER:
            return whole
    return text


def _decimal_places(number: Decimal) -> int:
    """How many places after the point a finite number needs; negative when it ends in zeros before it."""
    if not number:
        return -_DIGITS_BEFORE
    exponent = number.normalize(_EXACT).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def as_decimal(value: Json) -> Decimal:
    """The number that a canonical value or a JSON number stands for. Raises FieldError when it is none."""
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FieldError(f"{excerpt(str(value))} is not a number")
    return Decimal(repr(value))


def parse_number(text: str) -> Decimal:
    """The number a person typed, or Postgres printed. Raises FieldError."""
    text = text.strip()
    if special := _SPECIAL.get(text.lower()):
        return Decimal(special)
    if not _NUMBER.fullmatch(text):
        raise FieldError(f"{excerpt(text)} is not a number")
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if number.adjusted() >= _DIGITS_BEFORE or not isinstance(exponent, int) or exponent < -_DIGITS_AFTER:
        raise FieldError(f"{excerpt(text)} has more digits than Postgres can hold")
    return number


def holds_exactly(number: Decimal) -> bool:
    """Whether a double carries the number: what it prints is the number again."""
    if not number.is_finite():
        return False
    try:
        return Decimal(repr(float(number))) == number
    except OverflowError:
        return False


class NumberScalar(Scalar, Protocol):
    """A scalar of a numeric column."""

    def accept(self, number: Decimal) -> Value:
        """The canonical value of a number the column can hold exactly. Raises FieldError for any other."""
        ...


@dataclass(frozen=True, slots=True)
class _Number:
    """What all number columns share."""

    blank: ClassVar[Value] = None

    def accept(self, number: Decimal) -> Value:
        """Any number."""
        return canonical_number(number)

    def read(self, image: Json) -> Value:
        """Images are PG's text output."""
        return canonical_number(as_decimal(image))

    def literal(self, value: Value) -> str:
        """Checked, because an explicit cast in SQL rounds without a word."""
        accepted = self.accept(as_decimal(value))
        return accepted if isinstance(accepted, str) else repr(accepted)

    def parse(self, text: str) -> Value:
        """A number as a person types it."""
        return self.accept(parse_number(text))

    def show(self, value: Value) -> str:
        """Plain decimal text."""
        return value if isinstance(value, str) else decimal_text(as_decimal(value))


@dataclass(frozen=True, slots=True)
class Whole(_Number):
    """int2, int4, int8, oid: whole numbers between two bounds."""

    minimum: int
    maximum: int

    def read(self, image: Json) -> Value:
        """Images are JSON integers."""
        if type(image) is int:
            return image if -SAFE_INTEGER <= image <= SAFE_INTEGER else str(image)
        return canonical_number(as_decimal(image))

    def literal(self, value: Value) -> str:
        """The digits."""
        if type(value) is int and self.minimum <= value <= self.maximum:
            return str(value)
        return _Number.literal(self, value)

    def accept(self, number: Decimal) -> Value:
        """Only whole numbers within the bounds."""
        if not number.is_finite() or not self.minimum <= number <= self.maximum:
            raise FieldError(
                f"{excerpt(str(number))} is outside {self.minimum} to {self.maximum}, what the column holds"
            )
        if int(number) != number:
            raise FieldError(
                f"{excerpt(str(number))} is not a whole number, and the column holds whole numbers only"
            )
        return canonical_number(number)


@dataclass(frozen=True, slots=True)
class Exact(_Number):
    """numeric, numeric(p), numeric(p, s); a scale may be negative or above the precision."""

    precision: int | None = None
    scale: int | None = None

    def accept(self, number: Decimal) -> Value:
        """Refuses what Postgres would round to the scale, or reject for its size."""
        if self.precision is None or number.is_nan():
            return canonical_number(number)
        scale = self.scale or 0
        if not number.is_finite() or number.copy_abs() >= Decimal(1).scaleb(self.precision - scale, _EXACT):
            raise FieldError(f"{excerpt(str(number))} is too large for numeric({self.precision},{scale})")
        if _decimal_places(number) > scale:
            raise FieldError(
                f"{excerpt(str(number))} has more than the {scale} decimal places that the column holds"
            )
        return canonical_number(number)


@dataclass(frozen=True, slots=True)
class Floating(_Number):
    """float4 (`single`) and float8, by their shortest text."""

    single: bool = False

    def accept(self, number: Decimal) -> Value:
        """Refuses what Postgres would round to the nearest float."""
        if number.is_finite() and self._nearest(number) != number:
            digits = 7 if self.single else 15
            raise FieldError(
                f"{excerpt(str(number))} has more than the {digits} or so digits that the column holds"
            )
        return canonical_number(number)

    def _nearest(self, number: Decimal) -> Decimal:
        try:
            nearest = float(number)
            if self.single:
                return Decimal(shortest_single(nearest))
        except OverflowError:
            return Decimal("Infinity")
        return Decimal(repr(nearest))


def shortest_single(number: float) -> str:
    """The shortest decimal that is nearest to one float4, as PostgreSQL 12 and later print it.

    Raises OverflowError when the number is beyond float4.
    """
    (single,) = struct.unpack("f", struct.pack("f", number))
    for digits in range(1, 9):
        text = f"{single:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return text
    return f"{single:.9g}"


@dataclass(frozen=True, slots=True)
class NumberCodec(ScalarCodec):
    """A number column in a number property: a JSON number, so a double."""

    scalar: NumberScalar

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        number = content(prop, "number")
        if number is None:
            return None
        value = self.scalar.accept(as_decimal(number))
        return fitting(value, self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        return {"number": float(weak) if isinstance(weak, str) else weak}

    def weaken(self, value: Value) -> Value:
        """See `Codec`: a number that a double would round becomes no number."""
        return None if isinstance(value, str) and self.problem(value) else value

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        if not isinstance(value, str):
            return ""
        try:
            number = parse_number(value)
        except FieldError as error:
            return str(error)
        if holds_exactly(number):
            return ""
        shown = value if len(value) <= 60 else f"{value[:57]}…"
        return f"a Notion number (a double) cannot hold {shown} exactly"
