"""The law of plain codecs: SQL may take the text of a canonical value for its literal."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.codecs.plain import is_plain
from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.schema import Column
from sync_engine.domain.values import Value

wholes = st.integers(-(2**63), 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def text_in_json(value: Value) -> str | None:
    """What the operator ->> of Postgres gives for it."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def column(base: str, kind: str) -> Column:
    return Column(name="c", number=1, type=kind, base=base)


@given(st.one_of(st.none(), texts))
def test_texts(image: str | None) -> None:
    for notion in ("title", "rich_text"):
        codec = codec_for(column("text", "text"), notion)
        assert is_plain(codec)
        value = codec.from_postgres(image)
        assert text_in_json(value) == codec.to_postgres(value)


@given(st.one_of(st.none(), wholes))
def test_whole_numbers(image: int | None) -> None:
    codec = codec_for(column("int8", "bigint"), "number")
    assert is_plain(codec)
    value = codec.from_postgres(image)
    assert text_in_json(value) == codec.to_postgres(value)


@given(st.sampled_from([True, False, None]))
def test_booleans(image: bool | None) -> None:
    codec = codec_for(column("bool", "boolean"), "checkbox")
    assert is_plain(codec)
    value = codec.from_postgres(image)
    assert text_in_json(value) == codec.to_postgres(value)


def test_what_a_cast_would_change_without_a_word_is_not_plain() -> None:
    assert not is_plain(codec_for(column("varchar", "character varying(5)"), "rich_text"))
    assert not is_plain(codec_for(column("timestamptz", "timestamp with time zone"), "date"))
    assert not is_plain(codec_for(column("jsonb", "jsonb"), "rich_text"))
