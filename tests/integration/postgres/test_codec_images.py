"""Codecs against a real server: what capture stores of each type, and what comes of writing it back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync_engine.domain.codecs.registry import codec_for, types_for
from sync_engine.domain.schema import Column
from tests.support.notion_values import answered
from tests.support.postgres import Database
from tests.support.stored import AS_TEXT, stored

PREPARE = """
    CREATE TYPE mood AS ENUM ('calm', 'in a hurry', 'Research & Development');
"""

# column type, base, SQL of values; NULL is added to each
VALUES: list[tuple[str, str, list[str]]] = [
    ("text", "text", ["''", "'a'", r"E'line\r\nline'", "repeat('😀', 3000)", "'[1]'"]),
    ("character varying(5)", "varchar", ["'abcde'", "'😀😀😀😀😀'"]),
    ("character(5)", "bpchar", ["'ab'", "''"]),
    ("uuid", "uuid", ["'A0EEBC999C0B4EF8BB6D6BB9BD380A11'"]),
    ("smallint", "int2", ["-32768"]),
    ("integer", "int4", ["2147483647"]),
    ("bigint", "int8", ["9223372036854775807", "-9223372036854775808", "9007199254740993", "1000000000000000000"]),
    ("numeric", "numeric", ["1.10", "'NaN'", "1e300", "123456789012345678901234567890.123456789", "0.000000001"]),
    ("numeric(10,6)", "numeric", ["0.01", "9999.999999", "-1"]),
    ("real", "float4", ["0.1", "'1e-45'", "'3.4028235e38'", "16777216", "'NaN'", "'-Infinity'", "'-0'"]),
    ("double precision", "float8", ["0.1", "1e300", "'5e-324'", "123456789.123456789", "'Infinity'", "'-0'"]),
    ("boolean", "bool", ["true", "false"]),
    ("mood", "mood", ["'calm'", "'Research & Development'"]),
    ("date", "date", ["'2024-02-29'", "'infinity'", "'0044-03-15 BC'", "'12024-01-01'"]),
    (
        "timestamp with time zone",
        "timestamptz",
        [
            "'2024-05-06 07:08:09.1+02'",
            "'2024-05-06'",
            "'-infinity'",
            "'0044-03-15 BC'",
            "'9999-12-31 23:59:59.999999+00'",
            "'12024-01-01'",
            "'1883-01-01 12:00+00'",
        ],
    ),
    (
        "timestamp without time zone",
        "timestamp",
        ["'2024-05-06 07:08:09.123456'", "'infinity'", "'0044-03-15 BC'"],
    ),
    ("time without time zone", "time", ["'07:08:09.5'", "'24:00'", "'00:00'"]),
    ("interval", "interval", ["'1 day 2 hours'", "'-1 mons'"]),
    ("inet", "inet", ["'10.0.0.1/8'", "'::1'"]),
    ("bit(3)", "bit", ["B'101'"]),
    (
        "jsonb",
        "jsonb",
        ["""'{"b": 1.10, "a": [1e2, -0, 12345678901234567890.5], "aa": "x\\"y"}'""", "'null'", "'\"s\"'"],
    ),
    ("json", "json", ["""'{"b": 1.10,   "a": 1, "a": 2}'""", "'[]'"]),
    (
        "text[]",
        "text",
        ["'{}'", "array['a', NULL, '', 'NULL', 'x,y', '\"\\']", "array[array['a','b'],array['c','d']]"],
    ),
    ("integer[]", "int4", ["array[1, NULL, 3]", "'[2:3]={4,5}'"]),
    ("bigint[]", "int8", ["array[9223372036854775807]"]),
    ("numeric[]", "numeric", ["array[1.50, NULL, 12345678901234567890.5]"]),
    ("double precision[]", "float8", ["array[0.1, 'NaN']"]),
    ("jsonb[]", "jsonb", ["""array['{"a": 1.10}'::jsonb, NULL]"""]),
    ("mood[]", "mood", ["array['calm','in a hurry']::mood[]"]),
    ("boolean[]", "bool", ["array[true, NULL]"]),
    ("date[]", "date", ["array['2024-02-29', 'infinity']::date[]"]),
    ("timestamp with time zone[]", "timestamptz", ["array['2024-05-06 07:08:09+02']::timestamptz[]"]),
    ("uuid[]", "uuid", ["array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[]"]),
]


def described(type_: str, base: str) -> Column:
    is_array = type_.endswith("[]")
    precise = {"precision": 10, "scale": 6} if type_ == "numeric(10,6)" else {}
    labels: dict[str, Any] = {}
    if base == "mood":
        labels = {"is_enum": True, "enum_labels": ("calm", "in a hurry", "Research & Development")}
    return Column(name="v", number=1, type=type_, base=base, is_array=is_array, **precise, **labels)


def image_of(column: Column) -> str:
    return "to_jsonb(v::text)" if column.base in AS_TEXT else "to_jsonb(v)"


@pytest.mark.every_postgres
@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_every_type_is_read_and_written_back_exactly(empty_database: Database, zone: str) -> None:
    with empty_database.connect(autocommit=True) as connection:
        connection.execute(PREPARE)
        connection.execute(f"SET timezone = '{zone}'")
        for number, (type_, base, values) in enumerate(VALUES):
            column, table = described(type_, base), f"t{number}"
            connection.execute(f"CREATE TABLE {table} (n int, v {type_})")
            for n, value in enumerate([*values, "NULL"]):
                connection.execute(f"INSERT INTO {table} SELECT {n}, ({value})::{type_}")
            read = f"SELECT n, {image_of(column)}::text, v::text FROM {table} ORDER BY n"
            for n, image, text in connection.execute(read).fetchall():
                check(connection, table, column, n, None if image is None else json.loads(image), text)


def check(connection: Any, table: str, column: Column, n: int, image: Any, text: str | None) -> None:
    codec = codec_for(column, "rich_text")
    value = codec.from_postgres(image)
    literal = codec.to_postgres(value)
    statement = (
        f"UPDATE {table} SET v = %s::text::{column.type} WHERE n = %s RETURNING {image_of(column)}::text, v::text"
    )
    again, now = connection.execute(statement, [literal, n]).fetchone()
    now_image = None if again is None else json.loads(again)
    assert codec.from_postgres(now_image) == value, (column.type, value, literal)
    if column.base not in ("numeric", "float4", "float8", "json", "jsonb", "interval") and "[2:3]" not in (
        text or ""
    ):
        assert now == text, (column.type, value, literal)
    if column.base not in ("json", "bpchar", "interval"):
        assert codec.from_postgres(stored(column, literal)) == value, f"the model of {column.type} is wrong"
    for kind in types_for(column):
        shown = codec_for(column, kind)
        assert shown.from_notion(answered(shown.to_notion(value))) == shown.weaken(value), (column.type, kind)
