"""What capture sees of a change, and that the user's session settings cannot blur it."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.domain.events import Op
from tests.support.captured import CaptureLab

pytestmark = pytest.mark.every_postgres

SETTINGS = {
    "DateStyle": "German, DMY",
    "TimeZone": "Asia/Kolkata",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "lc_monetary": "C",
    "xmloption": "document",
    "standard_conforming_strings": "on",
    "transform_null_equals": "on",
    "array_nulls": "on",
    "row_security": "off",
    "plpgsql.variable_conflict": "error",
    "plpgsql.extra_errors": "all",
}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("numeric", "1.0", "1.00"),
        ("numeric[]", "'{1.0}'", "'{1.00}'"),
        ("float8", "0", "'-0'"),
        ("float4", "0", "'-0'"),
        ("float8", "0.1", "0.1000000000000001"),
        ("interval", "'1 day'", "'24 hours'"),
        ("char(3)", "'a'", "'b'"),
        ("bpchar", "'a'", "'a  '"),
        ("json", """'{"a": 1}'""", """'{"a":1}'"""),
        ("jsonb", """'{"a": 1.0}'""", """'{"a": 1.00}'"""),
        ("jsonb", "'null'", "NULL"),
        ("xml", "'<a/>'", "'<a />'"),
        ("point", "'(1,2)'", "'(1,3)'"),
        ("text", "''", "NULL"),
        ("text", "'Straße'", "'STRASSE'"),
        ("text[]", "'{a}'", "'[2:2]={a}'"),
        ("text[]", "'{a}'", "'{a,NULL}'"),
        ("timestamptz", "'2024-01-01 00:00+00'", "'2024-01-01 00:00:00.000001+00'"),
        ("timetz", "'10:00+00'", "'11:00+01'"),
        ("tstzrange", "'[2024-01-01,2024-01-02)'", "'[2024-01-01,2024-01-02]'"),
        ("bytea", r"'\x00'", r"'\x0000'"),
        ("money", "'1.00'", "'1.01'"),
        ("bit varying", "'0'", "'00'"),
        ("int4range", "'empty'", "NULL"),
        ("pair", "(1,1.0)", "(1,1.00)"),
        ("pair[]", "ARRAY[(1,1.0)::pair]", "ARRAY[(1,1.00)::pair]"),
    ],
)
def test_a_change_that_equality_hides_is_one(lab: CaptureLab, kind: str, before: str, after: str) -> None:
    if kind == "xml" and lab.without("xml"):
        return
    lab.sql("CREATE TYPE pair AS (a int, b numeric)")
    lab.sql(f"CREATE TABLE t (id int PRIMARY KEY, v {kind})")
    lab.capture(lab.mapping("t"))
    lab.sql(f"INSERT INTO t VALUES (1, {before}::{kind})")
    lab.sql(f"UPDATE t SET v = {after}::{kind}")
    lab.sql("UPDATE t SET v = v")
    assert [event.op for event in lab.events()] == [Op.INSERT, Op.UPDATE]


def test_a_collation_that_ignores_case_hides_no_change(lab: CaptureLab) -> None:
    if lab.without("icu"):
        return
    lab.sql("""
        CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE t (id int PRIMARY KEY, v text COLLATE loose, vs text[] COLLATE loose)""")
    lab.capture(lab.mapping("t"))
    lab.sql("INSERT INTO t VALUES (1, 'ada', '{ada}')")
    lab.sql("UPDATE t SET v = 'Ada'")
    lab.sql("UPDATE t SET vs = '{Ada}'")
    lab.sql("UPDATE t SET v = 'Ada', vs = '{Ada}'")
    assert [event.after for event in lab.events()][1:] == [{"v": "Ada"}, {"vs": ["Ada"]}]


TYPES: dict[str, tuple[str, Any]] = {
    "n": ("numeric", "12345678901234567890.10"),
    "f4": ("float4", "0.1"),
    "f8": ("float8", "0.1234567890123456"),
    "fs": ("float8[]", "{0.1234567890123456,NaN}"),
    "iv": ("interval", "1 mon -2 days +03:04:05.6"),
    "b": ("bytea", "\\xdead00"),
    "d": ("date", "2024-12-31"),
    "ds": ("date[]", ["2024-12-31", None]),
    "ts": ("timestamp", "2024-12-31T23:59:58.5"),
    "r": ("daterange", "[2024-12-30,2025-01-01)"),
    "rt": ("tsrange", '["2024-12-31 00:00:00",)'),
    "p": ("point", "(0.1234567890123456,2)"),
    "m": ("money", "$1,234.50"),
    "pr": ("pair", "(2024-12-31,0.1234567890123456)"),
}
LITERALS = {"m": "1234.50", "ds": "{2024-12-31,NULL}"}


def test_session_settings_do_not_change_what_is_stored(lab: CaptureLab) -> None:
    """Written under one extreme of each setting, the same as under the defaults."""
    lab.sql("CREATE TYPE pair AS (a date, b float8)")
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in TYPES.items())
    lab.sql(f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
    lab.capture(lab.mapping("t"))
    for name, value in SETTINGS.items():
        lab.sql("SELECT set_config(%s, %s, false)", name, value)
    values = {name: LITERALS.get(name, image) for name, (_, image) in TYPES.items()}
    marks = ", ".join(f"%s::{kind}" for kind, _ in TYPES.values())
    lab.sql("SET DateStyle = 'ISO'")
    lab.sql(f"INSERT INTO t VALUES (1, {marks})", *values.values())
    lab.sql("SET DateStyle = 'German, DMY'")
    lab.sql("UPDATE t SET id = 2, f8 = f8 / 2, d = d + 1, iv = iv * 2")
    lab.sql("DELETE FROM t")
    inserted, updated, deleted = lab.events()
    assert inserted.after == {"id": 1} | {name: image for name, (_, image) in TYPES.items()}
    assert updated.after == {
        "id": 2,
        "f8": "0.0617283945061728",
        "d": "2025-01-01",
        "iv": "2 mons -4 days +06:08:11.2",
    }
    assert deleted.before == (inserted.after or {}) | (updated.after or {})


@pytest.mark.parametrize(
    ("kind", "literal", "key"),
    [
        ("timestamptz", "2024-12-31 12:00:00+00", "2024-12-31 12:00:00+00"),
        ("timestamp", "2024-12-31 12:00:00", "2024-12-31 12:00:00"),
        ("date", "2024-12-31", "2024-12-31"),
        ("float8", "0.1234567890123456", "0.1234567890123456"),
        ("bytea", "\\xdead00", "\\xdead00"),
        ("interval", "1 day 02:00", "1 day 02:00:00"),
        ("tstzrange", "[2024-12-31 12:00+00,)", '["2024-12-31 12:00:00+00",)'),
        ("text", 'a,"b"\n', 'a,"b"\n'),
    ],
)
def test_a_key_is_the_same_whatever_the_session(lab: CaptureLab, kind: str, literal: str, key: str) -> None:
    lab.sql(f"CREATE TABLE t (id {kind} PRIMARY KEY, n int)")
    mapping = lab.capture(lab.mapping("t"))
    lab.sql("INSERT INTO t VALUES (%s, 1)", literal)
    for name, value in SETTINGS.items():
        lab.sql("SELECT set_config(%s, %s, false)", name, value)
    lab.sql("UPDATE t SET n = 2")
    with lab.log() as log:
        assert log.snapshot_chunk(mapping, None, 10) == 1
        assert log.last_snapshot_key() == (key,)
    lab.sql("TRUNCATE t")
    assert [event.key for event in lab.events()] == [key] * 4


def test_the_parts_of_a_long_key_are_quoted_like_csv(lab: CaptureLab) -> None:
    lab.sql("CREATE TYPE mood AS ENUM ('so, so')")
    lab.sql("CREATE TABLE t (a text, b int, c mood, d text, PRIMARY KEY (c, a, b))")
    mapping = lab.capture(lab.mapping("t"))
    for name in ('x"y', "a,b", "line\nbreak", "", "plain", "cr\r"):
        lab.sql("INSERT INTO t VALUES (%s, 1, 'so, so')", name)
    with lab.log() as log:
        log.snapshot_chunk(mapping, None, 100)
    assert {event.key for event in lab.events() if event.op is Op.INSERT} == {
        '"so, so","x""y",1',
        '"so, so","a,b",1',
        '"so, so","line\nbreak",1',
        '"so, so",,1',
        '"so, so",plain,1',
        '"so, so","cr\r",1',
    }
    assert {event.key for event in lab.events(after_seq=6)} == {event.key for event in lab.events()}


def test_generated_columns(lab: CaptureLab) -> None:
    """A stored one is captured; a virtual one (18) has no value in a trigger, and none in the log."""
    virtual = lab.sql("SHOW server_version_num") >= [("180000",)]
    lab.sql(f"""
        CREATE TABLE t (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED
        {", thrice int GENERATED ALWAYS AS (n * 3) VIRTUAL" if virtual else ""})""")
    mapping = lab.capture(lab.mapping("t"))
    lab.sql("INSERT INTO t (id, n) VALUES (1, 2)")
    lab.sql("UPDATE t SET n = 3")
    with lab.log() as log:
        log.snapshot_chunk(mapping, None, 10)
    assert [event.after for event in lab.events()] == [
        {"id": 1, "n": 2, "twice": 4},
        {"n": 3, "twice": 6},
        {"id": 1, "n": 3, "twice": 6},
    ]


def test_columns_of_one_type_are_told_apart(lab: CaptureLab) -> None:
    """They are compared all at once first; domains, enums and NULLs among them."""
    lab.sql("""
        CREATE DOMAIN label AS text CHECK (value <> 'bad'); CREATE DOMAIN amount AS int;
        CREATE TYPE mood AS ENUM ('a', 'b');
        CREATE TABLE t (id int PRIMARY KEY, l1 label, l2 label, a1 amount, a2 amount, m1 mood, m2 mood, n1 numeric,
                        n2 numeric, j json, t1 text[], t2 text[], b1 bit(2), b2 bit(2))""")
    lab.capture(lab.mapping("t"))
    lab.sql("INSERT INTO t (id, l1, a2, m1, n1, j, t1, t2) VALUES (1, 'x', 5, 'a', 1.0, '{}', '{a}', '{a,b}')")
    changes: dict[str, Any] = {
        "l2": "y",
        "a1": 6,
        "m2": "b",
        "n2": "2.50",
        "t2": ["c"],
        "b1": "10",
        "l1": None,
        "n1": "1.00",
    }
    for name, value in changes.items():
        literal = "{c}" if name == "t2" else value
        lab.sql(f"UPDATE t SET {name} = %s", literal)
    assert [event.after for event in lab.events()][1:] == [{name: value} for name, value in changes.items()]
