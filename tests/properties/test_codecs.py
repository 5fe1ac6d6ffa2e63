"""Laws of the codecs, for every pair of column type and property type in the registry."""

from __future__ import annotations

import json
import string
from dataclasses import dataclass
from datetime import timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sync_engine.domain.codecs.arrays import format_array
from sync_engine.domain.codecs.codec import Codec, FieldError
from sync_engine.domain.codecs.numbers import shortest_single
from sync_engine.domain.codecs.registry import codec_for, types_for
from sync_engine.domain.codecs.runs import pieces, utf16_units
from sync_engine.domain.schema import Column
from tests.support.notion_values import answered
from tests.support.stored import AS_TEXT, json_text, stored


@dataclass(frozen=True)
class Case:
    """A column and what its images look like."""

    column: Column
    images: st.SearchStrategy[Any]


def column(type_: str, base: str, **more: Any) -> Column:
    return Column(name="c", number=1, type=type_, base=base, **more)


CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
SCALES = "\u2696\ufe0f"
FLAG = "\U0001f1e9\U0001f1ea"
HEBREW = "\u200f\u05e2\u05d1\u05e8"
PIECES = ["a", "é", "e\u0301", "漢", "😀", SCALES, FAMILY, FLAG, "\r\n", HEBREW, "\x01", '"', "\\", " ", ","]
LONG = st.builds(
    lambda start, piece, times: start + piece * (times // len(piece)),
    st.text(CHARACTERS, max_size=3),
    st.sampled_from(PIECES),
    st.integers(1_900, 4_100),
)
PATCHED = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
TEXTS = st.one_of(st.text(CHARACTERS, max_size=40), PATCHED, LONG, st.just(""))
WIDE_NUMBERS = st.builds(
    lambda digits, places: format(Decimal(digits).scaleb(-places), "f"),
    st.integers(-(10**24), 10**24),
    st.integers(0, 20),
)
LONG_NUMBERS = st.integers(-(10**60), 10**60).map(str)
SPECIAL_NUMBERS = st.sampled_from(["NaN", "Infinity", "-Infinity", "0", "0.000000", "-0.0", "1" + "0" * 60])
NUMERICS = st.one_of(WIDE_NUMBERS, LONG_NUMBERS, SPECIAL_NUMBERS)
SPELT = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
FLOATS = st.floats().map(lambda number: SPELT.get(str(number), str(number)))
SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False).map(shortest_single)
MOMENTS = st.datetimes(timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))).map(
    lambda moment: moment.isoformat()
)
FAR_MOMENTS = st.sampled_from(
    ["infinity", "-infinity", "0044-03-15T12:00:00+00:00 BC", "12024-01-01T00:00:00+00:00"]
)
FAR_DATES = st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "12024-01-01"])
JSON_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(CHARACTERS, max_size=8),
    NUMERICS.filter(lambda number: number[-1].isdigit()).map(Decimal),
)
JSON = st.recursive(
    JSON_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(CHARACTERS, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
).map(json_text)
LABELS = ("draft", "Research & Development", "IT/Digital", "in use", "")


def lists(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    flat = st.lists(st.one_of(st.none(), elements), max_size=6)
    square = st.lists(st.lists(elements, min_size=2, max_size=2), min_size=1, max_size=3)
    return st.one_of(flat, flat, square)


def as_text(items: Any) -> str:
    return format_array(items, str)


CASES = [
    Case(column("text", "text"), TEXTS),
    Case(column("text", "text", not_null=True), TEXTS),
    Case(column("citext", "citext"), TEXTS),
    Case(column("character varying(40)", "varchar"), st.text(CHARACTERS, max_size=40)),
    Case(column("character(5)", "bpchar"), st.text(CHARACTERS, max_size=5).map(lambda text: text.ljust(5))),
    Case(column("smallint", "int2"), st.integers(-(2**15), 2**15 - 1)),
    Case(column("integer", "int4"), st.integers(-(2**31), 2**31 - 1)),
    Case(column("bigint", "int8"), st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([10**18, 2**53]))),
    Case(column("numeric", "numeric"), NUMERICS),
    Case(
        column("numeric(10,6)", "numeric", precision=10, scale=6),
        st.integers(-(10**10) + 1, 10**10 - 1).map(lambda n: f"{Decimal(n).scaleb(-6):.6f}"),
    ),
    Case(column("real", "float4"), SINGLES),
    Case(column("double precision", "float8"), FLOATS),
    Case(column("boolean", "bool"), st.booleans()),
    Case(column("uuid", "uuid"), st.uuids().map(str)),
    Case(column("status", "status", is_enum=True, enum_labels=LABELS), st.sampled_from(LABELS)),
    Case(column("date", "date"), st.one_of(st.dates().map(str), FAR_DATES)),
    Case(column("timestamp with time zone", "timestamptz"), st.one_of(MOMENTS, MOMENTS, FAR_MOMENTS)),
    Case(column("timestamp without time zone", "timestamp"), st.datetimes().map(lambda at: at.isoformat())),
    Case(column("time without time zone", "time"), st.times().map(lambda at: trimmed(at.isoformat()))),
    Case(column("interval", "interval"), st.sampled_from(["1 day 02:03:04", "-00:00:01", "3 mons"])),
    Case(column("inet", "inet"), st.ip_addresses().map(str)),
    Case(column("jsonb", "jsonb"), JSON),
    Case(column("json", "json"), JSON),
    Case(column("text[]", "text", is_array=True), lists(TEXTS)),
    Case(column("text[]", "text", is_array=True, not_null=True), lists(st.text(string.ascii_letters, max_size=4))),
    Case(
        column("status[]", "status", is_array=True, is_enum=True, enum_labels=LABELS),
        lists(st.sampled_from(LABELS)),
    ),
    Case(column("uuid[]", "uuid", is_array=True), lists(st.uuids().map(str))),
    Case(column("integer[]", "int4", is_array=True), lists(st.integers(-(2**31), 2**31 - 1))),
    Case(column("boolean[]", "bool", is_array=True), lists(st.booleans())),
    Case(column("numeric[]", "numeric", is_array=True), lists(NUMERICS).map(as_text)),
    Case(column("jsonb[]", "jsonb", is_array=True), lists(JSON).map(as_text)),
]


def trimmed(text: str) -> str:
    return text.rstrip("0") if "." in text else text


PAIRS = [
    pytest.param(case, kind, id=f"{case.column.type}{'!' if case.column.not_null else ''}-{kind}")
    for case in CASES
    for kind in types_for(case.column)
]
LAWS = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def inherent(case: Case, kind: str, value: Any, weak: Any) -> bool:
    """Losses that the property type implies, and that are no problem of the value."""
    if kind == "checkbox":
        return value is None and weak is False
    if kind == "multi_select":
        return value is None and weak == []
    if kind == "date" and isinstance(value, str):
        return isinstance(weak, str) and weak[:16] == value[:16]
    return value == "" and weak is None


@pytest.mark.parametrize(("case", "kind"), PAIRS)
@LAWS
@given(data=st.data())
def test_what_notion_returns_is_the_weak_value(case: Case, kind: str, data: st.DataObject) -> None:
    codec = codec_for(case.column, kind)
    value = codec.from_postgres(data.draw(st.one_of(st.none(), case.images)))
    weak = codec.weaken(value)
    assert codec.weaken(weak) == weak
    assert codec.from_notion(answered(codec.to_notion(value))) == weak
    assert codec.from_notion(answered(codec.to_notion(weak))) == weak


@pytest.mark.parametrize(("case", "kind"), PAIRS)
@LAWS
@given(data=st.data())
def test_nothing_is_lost_without_a_reason(case: Case, kind: str, data: st.DataObject) -> None:
    codec = codec_for(case.column, kind)
    value = codec.from_postgres(data.draw(st.one_of(st.none(), case.images)))
    weak, problem = codec.weaken(value), codec.problem(value)
    if problem:
        assert weak == codec.weaken(None)
    else:
        assert weak == value or inherent(case, kind, value, weak)


@pytest.mark.parametrize(("case", "kind"), PAIRS)
@LAWS
@given(data=st.data())
def test_a_stored_value_reads_back_the_same(case: Case, kind: str, data: st.DataObject) -> None:
    codec = codec_for(case.column, kind)
    value = codec.from_postgres(data.draw(st.one_of(st.none(), case.images)))
    assert codec.from_postgres(stored(case.column, codec.to_postgres(value))) == value


@pytest.mark.parametrize(("case", "kind"), PAIRS)
@LAWS
@given(data=st.data())
def test_a_lifted_value_can_be_stored_and_shows_the_same(case: Case, kind: str, data: st.DataObject) -> None:
    codec = codec_for(case.column, kind)
    weak = codec.weaken(codec.from_postgres(data.draw(st.one_of(st.none(), case.images))))
    lifted = codec.lift(weak)
    codec.to_postgres(lifted)
    assert lifted == weak or (case.column.not_null and weak is None and lifted in ("", []))
    if lifted != []:
        assert codec.weaken(lifted) == weak


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.column.type)
@LAWS
@given(data=st.data())
def test_a_canonical_value_survives_every_json_reader(case: Case, data: st.DataObject) -> None:
    value = codec_for(case.column, "rich_text").from_postgres(data.draw(case.images))
    assert orjson.loads(orjson.dumps(value)) == value
    in_jsonb = json_text(json.loads(json.dumps(value), parse_float=Decimal, parse_int=Decimal))
    assert json.loads(in_jsonb) == value
    assert orjson.loads(in_jsonb) == value


@LAWS
@given(NUMERICS, st.integers(0, 5))
def test_a_number_has_one_canonical_form(image: str, zeros: int) -> None:
    codec = codec_for(column("numeric", "numeric"), "number")
    if not image[-1].isdigit():
        return
    respelt = image + ("" if "." in image else ".") + "0" * zeros
    assert codec.from_postgres(respelt) == codec.from_postgres(image)
    other = codec_for(column("jsonb", "jsonb"), "rich_text")
    assert other.from_postgres(f"[{respelt.rstrip('.')}]") == other.from_postgres(f"[{image}]")


@LAWS
@given(st.dictionaries(st.text(CHARACTERS, max_size=4), JSON, max_size=5), st.randoms())
def test_json_has_one_canonical_form_whatever_the_order_of_keys(node: dict[str, str], random: Any) -> None:
    codec = codec_for(column("json", "json"), "rich_text")
    keys = list(node)
    one = codec.from_postgres("{" + ",".join(f"{json.dumps(key)}:{node[key]}" for key in keys) + "}")
    random.shuffle(keys)
    two = codec.from_postgres("{ " + " , ".join(f"{json.dumps(key)} : {node[key]}" for key in keys) + " }")
    assert one == two


@LAWS
@given(st.one_of(LONG, st.lists(st.sampled_from(PIECES), max_size=3_000).map("".join)))
@example("a" + "😀" * 3_000)
@example("x" * 1_999 + "\r\n" + "y" * 1_999)
@example("x" * 1_999 + FAMILY * 400)
def test_pieces_join_to_the_text_and_split_no_character(text: str) -> None:
    found = pieces(text)
    assert "".join(found) == text
    assert all(0 < utf16_units(piece) <= 2_000 for piece in found)
    for before, after in pairwise(found):
        assert not (before.endswith("\r") and after.startswith("\n"))
        assert not after.startswith(("\u0301", "\ufe0f", "\u200d"))


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.parametrize(("case", "kind"), PAIRS)
@LAWS
@given(payload=ANYTHING, text=st.text(max_size=30))
def test_whatever_notion_holds_is_read_or_refused(case: Case, kind: str, payload: Any, text: str) -> None:
    codec = codec_for(case.column, kind)
    typed: list[Any] = [payload, {}, {"type": kind, kind: payload}, {"type": "formula", "formula": payload}]
    typed += [{kind: [{"plain_text": text}]}, {kind: {"name": text}}, {kind: [{"name": text}]}, {kind: text}]
    typed.append({kind: {"start": text}})
    for prop in typed:
        try:
            value = codec.from_notion(prop)
        except FieldError as refusal:
            assert str(refusal)
            continue
        _accepted(codec, case.column, value)


def _accepted(codec: Codec, of: Column, value: Any) -> None:
    """A value taken from Notion is weak, can be stored as it is, and comes back unchanged."""
    assert codec.weaken(value) == value
    stored_image = stored(of, codec.to_postgres(codec.lift(value)))
    if of.base not in ("interval", "inet"):
        assert codec.weaken(codec.from_postgres(stored_image)) == value or codec.lift(value) == []


def test_every_text_type_is_exact_for_numbers_that_json_cannot_hold() -> None:
    for base in sorted(AS_TEXT - {"money"}):
        codec = codec_for(column(base, base), "rich_text")
        image = "1e+30" if "float" in base else "123456789012345678901234567890.5"
        value = codec.from_postgres(image)
        assert codec.from_notion(answered(codec.to_notion(value))) == value
