"""Which property types a column can take, which one it takes by default, and the codec of each pair."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from sync_engine.domain.codecs.arrays import ArrayOf
from sync_engine.domain.codecs.choices import (
    CheckboxCodec,
    MultiSelectCodec,
    SelectCodec,
    option_problem,
    options_problem,
)
from sync_engine.domain.codecs.codec import Codec, FieldError
from sync_engine.domain.codecs.documents import Document
from sync_engine.domain.codecs.moments import Date, DateCodec, MomentScalar, TimeOfDay, Timestamp
from sync_engine.domain.codecs.numbers import Exact, Floating, NumberCodec, NumberScalar, Whole
from sync_engine.domain.codecs.relation import RelationCodec
from sync_engine.domain.codecs.scalar import Scalar
from sync_engine.domain.codecs.strings import Bits, Boolean, Enumeration, Padded, Printed, Text, Uuid
from sync_engine.domain.codecs.text import PlainTextCodec, RichTextCodec
from sync_engine.domain.codecs.valuemap import Renamed, RenamedCodec, value_map
from sync_engine.domain.schema import Column
from sync_engine.errors import ConfigurationError

_LENGTH = re.compile(r"\((\d+)\)")

_TEXTS = frozenset({"text", "varchar", "bpchar", "citext", "name", "char"})
_NUMBERS = frozenset({"int2", "int4", "int8", "oid", "numeric", "float4", "float8"})
_MOMENTS = frozenset({"date", "timestamptz", "timestamp"})

_BINARY = "binary data is not shown in Notion"
_OBJECT = "it names an object of the database's catalog"
_DERIVED = "a search or embedding column is derived data"
RENAMABLE = ("select", "multi_select", "rich_text", "title")
"""Properties that can show another name for a value."""

LEFT_OUT: Mapping[str, str] = {
    "bytea": _BINARY,
    "tsvector": _DERIVED,
    "tsquery": _DERIVED,
    "vector": _DERIVED,
    "halfvec": _DERIVED,
    "sparsevec": _DERIVED,
    "geometry": _BINARY,
    "geography": _BINARY,
    "raster": _BINARY,
    **dict.fromkeys(("regclass", "regcollation", "regconfig", "regdictionary", "regnamespace"), _OBJECT),
    **dict.fromkeys(("regoper", "regoperator", "regproc", "regprocedure", "regrole", "regtype"), _OBJECT),
}
"""Base types that have no property by default, with the reason."""


@dataclass(frozen=True, slots=True)
class TypeChoice:
    """A property type for a column; `type` is None when the column is left out, for `reason`."""

    type: str | None
    reason: str = ""
    options: tuple[str, ...] = ()


def _whole(bits: int) -> Whole:
    return Whole(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


_FIXED: Mapping[str, Scalar] = {
    "int2": _whole(16),
    "int4": _whole(32),
    "int8": _whole(64),
    "oid": Whole(0, 2**32 - 1),
    "float4": Floating(single=True),
    "float8": Floating(),
    "bool": Boolean(),
    "uuid": Uuid(),
    "date": Date(),
    "timestamptz": Timestamp(zoned=True),
    "timestamp": Timestamp(zoned=False),
    "time": TimeOfDay(),
    "json": Document(binary=False),
    "jsonb": Document(),
    "name": Text(63),
}

_SIZED: Mapping[str, Callable[[int | None], Scalar]] = {
    "text": lambda _: Text(),
    "citext": lambda _: Text(),
    "varchar": Text,
    "bpchar": Padded,
    "bit": lambda length: Bits(length, fixed=True),
    "varbit": lambda length: Bits(length, fixed=False),
}


def scalar_for(column: Column) -> Scalar:
    """The Postgres half of the column's codecs."""
    element = _element_scalar(column)
    return ArrayOf(element) if column.is_array else element


def _element_scalar(column: Column) -> Scalar:
    if column.is_enum:
        return Enumeration(column.enum_labels)
    if column.base == "numeric":
        return Exact(column.precision, column.scale)
    if sized := _SIZED.get(column.base):
        length = _LENGTH.search(column.type)
        return sized(int(length[1]) if length else None)
    return _FIXED.get(column.base) or Printed()


def types_for(column: Column) -> tuple[str, ...]:
    """The property types that `sync.toml` may give the column (relations apart), the natural one first."""
    if column.is_array:
        return ("multi_select", "rich_text", "title")
    if column.is_enum:
        return ("select", "rich_text", "title")
    if column.base in _TEXTS:
        return ("rich_text", "title", "select", "url", "email", "phone_number")
    if column.base in _NUMBERS:
        return ("number", "rich_text", "title", "select")
    if column.base in _MOMENTS:
        return ("date", "rich_text", "title")
    if column.base == "bool":
        return ("checkbox", "select", "rich_text", "title")
    if column.base == "uuid":
        return ("rich_text", "title", "select")
    return ("rich_text", "title")


def default_type(column: Column, labels: tuple[str, ...] = ()) -> TypeChoice:
    """The property type of a column that `sync.toml` says nothing about.

    `labels` are the values of a CHECK list on it. Enums and listed texts are a select where Notion can hold every
    label; lists of text and of labels are a multi-select, all other arrays a JSON list in text.
    """
    if reason := LEFT_OUT.get(column.base):
        return TypeChoice(None, reason)
    if column.generated == "virtual":
        return TypeChoice(None, "a trigger cannot see a virtual generated column")
    if column.is_array:
        return _array_type(column)
    names = column.enum_labels if column.is_enum else labels
    if names and (column.is_enum or column.base in _TEXTS):
        problem = options_problem(names)
        return TypeChoice("rich_text", problem) if problem else TypeChoice("select", options=names)
    return TypeChoice(types_for(column)[0])


def _array_type(column: Column) -> TypeChoice:
    if column.is_enum:
        problem = options_problem(column.enum_labels)
        if problem:
            return TypeChoice("rich_text", problem)
        return TypeChoice("multi_select", options=column.enum_labels)
    return TypeChoice("multi_select" if column.base in _TEXTS else "rich_text")


def codec_for(column: Column, notion_type: str, labels: tuple[str, ...] = ()) -> Codec:
    """The codec of a column in a property of that type (`relation` included).

    `labels` are the only values that a select takes from Notion (a CHECK list); an enum knows its own. Raises
    ConfigurationError when the property type cannot show the column's type.
    """
    allowed = types_for(column)
    if notion_type != "relation" and notion_type not in allowed:
        raise ConfigurationError(
            f"column {column.name} ({column.type}) cannot be shown as {notion_type}",
            hint=f"choose one of {', '.join(name for name in allowed if name != 'title')}",
        )
    scalar = scalar_for(column)
    return _codec(scalar, notion_type, column.not_null, labels)


def renamed_codec(
    column: Column, notion_type: str, names: Mapping[str, str], labels: tuple[str, ...] = ()
) -> RenamedCodec:
    """The codec of a column whose values have other names in Notion; `labels` as in `codec_for`.

    Raises FieldError when the names do not suit the column or the property.
    """
    if notion_type not in RENAMABLE:
        raise FieldError(f"a {notion_type} has no names for values; choose one of {', '.join(RENAMABLE)}")
    known = column.enum_labels if column.is_enum else labels
    element = _element_scalar(column)
    renamed = Renamed(element, value_map(names, element, known))
    if notion_type in ("select", "multi_select"):
        for name in renamed.map.names.values():
            if problem := option_problem(name):
                raise FieldError(problem)
    scalar: Scalar = ArrayOf(renamed, named=True) if column.is_array else renamed
    shown = tuple(renamed.map.name(label) for label in labels)
    return RenamedCodec(_codec(scalar, notion_type, column.not_null, shown), renamed)


def _codec(scalar: Scalar, notion_type: str, not_null: bool, labels: tuple[str, ...]) -> Codec:
    """`types_for` has made sure that the scalar is of the kind that the property codec needs."""
    match notion_type:
        case "title" | "rich_text":
            return RichTextCodec(scalar, not_null, notion_type)
        case "url" | "email" | "phone_number":
            return PlainTextCodec(scalar, not_null, notion_type)
        case "number":
            return NumberCodec(cast(NumberScalar, scalar), not_null)
        case "checkbox":
            return CheckboxCodec(scalar, not_null)
        case "date":
            return DateCodec(cast(MomentScalar, scalar), not_null)
        case "select":
            return SelectCodec(scalar, not_null, labels)
        case "multi_select":
            return MultiSelectCodec(cast(ArrayOf, scalar), not_null)
        case _:
            return RelationCodec(scalar, not_null)
