"""What a person types in Notion that a column cannot take, and values that Notion cannot hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.numbers import canonical_number, shortest_single
from sync_engine.domain.codecs.registry import codec_for, default_type, types_for
from sync_engine.domain.codecs.relation import RelationCodec, page_ids, relation_value
from sync_engine.domain.codecs.strings import Uuid
from sync_engine.domain.codecs.text import plain_text, rich_text_value
from sync_engine.domain.schema import Column
from sync_engine.errors import ConfigurationError
from tests.support.notion_values import answered


def column(type_: str, base: str, **more: Any) -> Column:
    return Column(name="c", number=1, type=type_, base=base, **more)


def typed(text: str) -> dict[str, Any]:
    return {"type": "rich_text", "rich_text": [{"plain_text": text}]}


ENUM = column("status", "status", is_enum=True, enum_labels=("active", "on hold"))
REFUSED = [
    (column("integer", "int4"), "number", {"number": 2.5}, "“2.5” is not a whole number"),
    (column("smallint", "int2"), "number", {"number": 40_000}, "outside -32768 to 32767"),
    (column("numeric(3,2)", "numeric", precision=3, scale=2), "number", {"number": 0.125}, "2 decimal places"),
    (column("numeric(3,2)", "numeric", precision=3, scale=2), "number", {"number": 10}, "too large"),
    (column("real", "float4"), "number", {"number": 0.123456789}, "7 or so digits"),
    (column("numeric", "numeric"), "rich_text", typed("twelve"), "“twelve” is not a number"),
    (column("numeric", "numeric"), "rich_text", typed("1e999999"), "more digits"),
    (column("numeric", "numeric"), "rich_text", typed("1_000"), "not a number"),
    (column("character varying(3)", "varchar"), "rich_text", typed("four"), "4 characters, the column holds 3"),
    (column("text", "text"), "rich_text", typed("a\x00b"), "NUL"),
    (column("text", "text"), "rich_text", typed("half \ud83d"), "half a character at position 6"),
    (column("uuid", "uuid"), "rich_text", typed("123"), "not a UUID"),
    (ENUM, "select", {"select": {"name": "gone"}}, "active, on hold"),
    (column("text", "text"), "select", {"select": {"name": "b "}}, "begin or end with a space"),
    (column("date", "date"), "date", {"date": {"start": "2024-05-06T10:00:00Z"}}, "a date without a time"),
    (
        column("timestamp with time zone", "timestamptz"),
        "date",
        {"date": {"start": "2024-05-06", "end": "2024-05-07"}},
        "range",
    ),
    (column("jsonb", "jsonb"), "rich_text", typed('{"a": }'), "line 1, column 7"),
    (column("jsonb", "jsonb"), "rich_text", typed("{“a”: 1}"), "not JSON"),
    (column("jsonb", "jsonb"), "rich_text", typed('{"a": NaN}'), "not JSON"),
    (column("jsonb", "jsonb"), "rich_text", typed('"\\u0000"'), "NUL"),
    (column("text[]", "text", is_array=True), "rich_text", typed("a, b"), "not a list like"),
    (column("integer[]", "int4", is_array=True), "rich_text", typed("[1.5]"), "not a whole number"),
    (column("text[]", "text", is_array=True), "rich_text", typed('[["a"], ["b", "c"]]'), "differ in length"),
    (column("boolean", "bool"), "rich_text", typed("maybe"), "neither true nor false"),
    (column("time without time zone", "time"), "rich_text", typed("25:00"), "not a time of day"),
    (column("bit(3)", "bit"), "rich_text", typed("10"), "2 bits"),
    (column("text", "text"), "rich_text", {"type": "number", "number": 3}, "is number in Notion now"),
]


@pytest.mark.parametrize(("of", "kind", "prop", "message"), REFUSED, ids=lambda item: getattr(item, "type", None))
def test_a_value_that_the_column_cannot_take_is_refused(of: Column, kind: str, prop: Any, message: str) -> None:
    with pytest.raises(FieldError) as refused:
        codec_for(of, kind).from_notion(prop)
    assert message in str(refused.value)


def test_a_check_list_is_as_strict_as_an_enum() -> None:
    codec = codec_for(column("integer", "int4"), "select", labels=("1", "2", "3"))
    assert codec.from_notion({"select": {"name": "2"}}) == 2
    assert codec.to_notion(3) == {"select": {"name": "3"}}
    with pytest.raises(FieldError, match="1, 2, 3"):
        codec.from_notion({"select": {"name": "4"}})


def test_an_option_renamed_in_case_alone_is_the_same_label() -> None:
    assert codec_for(ENUM, "select").from_notion({"select": {"name": "On Hold"}}) == "on hold"


UNFIT = [
    (column("bigint", "int8"), "number", 2**53 + 1, "9007199254740993 exactly"),
    (column("numeric", "numeric"), "number", "123456789012345678901234567890", "exactly"),
    (column("numeric", "numeric"), "number", "NaN", "NaN"),
    (column("text", "text"), "rich_text", "x" * 200_001, "200,001 characters"),
    (column("text", "text"), "title", "😀" * 100_001, "200,002 characters"),
    (column("text", "text"), "rich_text", "\x01" * 100_000, "450 KB"),
    (column("text", "text"), "select", "a,b", "comma"),
    (column("text", "text"), "select", "x" * 101, "100 characters"),
    (column("text", "text"), "url", "x" * 2_001, "2000"),
    (column("text[]", "text", is_array=True), "multi_select", ["a", "A"], "differ in case only"),
    (column("text[]", "text", is_array=True), "multi_select", ["a", None], "NULL"),
    (column("text[]", "text", is_array=True), "multi_select", [["a"]], "two dimensions"),
    (column("text[]", "text", is_array=True), "multi_select", [str(n) for n in range(101)], "101 elements"),
    (column("text[]", "text", is_array=True), "multi_select", [""], "empty"),
    (column("date", "date"), "date", "infinity", "cannot hold infinity"),
    (column("timestamp with time zone", "timestamptz"), "date", "0044-03-15T00:00:00+00:00 BC", "BC"),
]


@pytest.mark.parametrize(("of", "kind", "image", "reason"), UNFIT, ids=lambda item: getattr(item, "type", None))
def test_what_notion_cannot_hold_is_shown_empty_and_said(of: Column, kind: str, image: Any, reason: str) -> None:
    codec = codec_for(of, kind)
    value = codec.from_postgres(image)
    assert reason in codec.problem(value)
    assert codec.weaken(value) == codec.weaken(None)
    assert codec.from_notion(answered(codec.to_notion(value))) == codec.weaken(None)


@pytest.mark.parametrize("text", ["x" * 200_000, "😀" * 100_000, "x" + "😀" * 99_999, "e\u0301" * 100_000])
def test_two_hundred_thousand_characters_fit(text: str) -> None:
    codec = codec_for(column("text", "text"), "rich_text")
    assert codec.problem(text) == ""
    assert codec.from_notion(answered(codec.to_notion(text))) == text


def test_ten_megabytes_are_refused_quickly() -> None:
    codec = codec_for(column("text", "text"), "rich_text")
    text = "é" * 10_000_000
    assert codec.weaken(text) is None
    assert "10,000,000" in codec.problem(text)


def test_formatting_mentions_and_equations_are_read_by_their_plain_text() -> None:
    runs = [
        {"type": "text", "text": {"content": "bold "}, "annotations": {"bold": True}, "plain_text": "bold "},
        {"type": "mention", "mention": {"type": "page"}, "plain_text": "@Page"},
        {"type": "equation", "equation": {"expression": "x^2"}, "plain_text": "x^2"},
        {"type": "text", "text": {"content": "!"}},
    ]
    assert codec_for(column("text", "text"), "title").from_notion({"title": runs}) == "bold @Pagex^2!"


def test_emptied_text_of_a_not_null_column_is_lifted_to_the_empty_text() -> None:
    assert codec_for(column("text", "text", not_null=True), "rich_text").lift(None) == ""
    assert codec_for(column("text", "text"), "rich_text").lift(None) is None
    assert codec_for(column("text", "text", not_null=True), "select", labels=("a",)).lift(None) is None
    assert codec_for(column("jsonb", "jsonb", not_null=True), "rich_text").lift(None) is None
    assert codec_for(column("text[]", "text", is_array=True, not_null=True), "rich_text").lift(None) == []


def test_an_image_from_before_a_type_change_is_kept_as_it_is() -> None:
    number = codec_for(column("integer", "int4"), "number")
    value = number.from_postgres("not a number")
    assert (value, number.weaken(value)) == ("not a number", None)
    assert "not a number" in number.problem(value)
    listed = codec_for(column("text[]", "text", is_array=True), "multi_select")
    assert listed.weaken(listed.from_postgres({"a": 1})) == []


def test_a_date_typed_for_a_timestamp_is_its_midnight() -> None:
    codec = codec_for(column("timestamp with time zone", "timestamptz"), "date")
    assert codec.from_notion({"date": {"start": "2024-05-06"}}) == "2024-05-06T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740991", 9007199254740991),
        ("9007199254740992", "9007199254740992"),
        ("0.10", 0.1),
        ("-0.0", 0),
        ("1E+2", 100),
        ("1e300", "1E+300"),
        ("1" + "0" * 40, "1" + "0" * 40),
        ("0.1000000000000000055", "0.1000000000000000055"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
    ],
)
def test_canonical_numbers(text: str, value: Any) -> None:
    found = canonical_number(Decimal(text))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["0.1", "1e-45", "3.4028235e+38", "1.6777216e+07", "-2.5"])
def test_shortest_text_of_a_float4(text: str) -> None:
    assert Decimal(shortest_single(float(text))) == Decimal(text)


def test_relations_name_pages() -> None:
    codec = RelationCodec(Uuid())
    prop = {"type": "relation", "relation": [{"id": "p1"}], "has_more": False}
    assert codec.from_notion(prop) == page_ids(prop) == ["p1"]
    assert codec.to_notion(["p1"]) == relation_value(["p1"]) == {"relation": [{"id": "p1"}]}
    assert codec.to_notion(None) == {"relation": []}
    with pytest.raises(FieldError, match="2 pages"):
        codec.from_notion({"relation": [{"id": "p1"}, {"id": "p2"}]})
    with pytest.raises(FieldError, match="not been resolved"):
        codec.to_notion("some key")
    assert codec_for(column("bigint", "int8"), "relation").from_postgres(2**60) == str(2**60)
    assert codec_for(column("bigint", "int8"), "relation").to_postgres("42") == "42"


def test_keys_are_written_and_read_as_plain_text() -> None:
    assert plain_text(answered(rich_text_value('a,"b,c"'))) == 'a,"b,c"'
    assert plain_text({"type": "number", "number": 3}) == plain_text(None) == ""
    assert plain_text({"type": "url", "url": "https://x"}) == "https://x"


def test_types_by_default() -> None:
    assert default_type(column("bytea", "bytea")).type is None
    assert default_type(column("text", "text", generated="virtual")).type is None
    assert default_type(column("text", "text"), ("a", "b")).options == ("a", "b")
    assert default_type(column("text", "text"), ("a", "A")).type == "rich_text"
    assert default_type(column("e", "e", is_enum=True, enum_labels=("R&D, all", "x"))).type == "rich_text"
    assert default_type(column("text[]", "text", is_array=True)).type == "multi_select"
    assert default_type(column("integer[]", "int4", is_array=True)).type == "rich_text"
    assert default_type(column("macaddr", "macaddr")).type == "rich_text"


def test_a_pair_that_makes_no_sense_is_refused_with_the_types_that_do() -> None:
    with pytest.raises(ConfigurationError) as refused:
        codec_for(column("text", "text"), "checkbox")
    assert "cannot be shown as checkbox" in refused.value.message
    assert "rich_text" in refused.value.hint
    assert "title" in types_for(column("text", "text"))
