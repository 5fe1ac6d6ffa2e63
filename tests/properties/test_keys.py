"""Record keys: every key has one text, never an empty one, and is read back from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.keys import decode_key, encode_key
from sync_engine.errors import UsageError

# Without NUL, which Postgres has no text with; CR and LF inside quotes are the csv module's own business.
TEXTS = st.one_of(st.text('",a '), st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"])))
KEYS = st.integers(1, 3).flatmap(lambda size: st.tuples(*[TEXTS] * size))


@given(KEYS)
def test_a_key_is_read_back(parts: tuple[str, ...]) -> None:
    text = encode_key(parts)
    assert text
    assert decode_key(text, len(parts)) == parts


@given(st.text('"', max_size=6), st.text('"', max_size=6))
def test_marks_alone_are_told_apart(one: str, other: str) -> None:
    assert (encode_key((one,)) == encode_key((other,))) == (one == other)


@given(TEXTS.filter(lambda text: text.strip('"')))
def test_any_other_single_key_is_its_text(text: str) -> None:
    assert encode_key((text,)) == text


def test_only_parts_that_need_it_are_quoted() -> None:
    assert encode_key(("a", "b,c", 'd"e', "X", "")) == 'a,"b,c","d""e",X,'
    assert decode_key('""x', 1) == ('""x',)
    assert (encode_key(("X",)), encode_key(('X"',)), encode_key(("",))) == ("X", 'X"', '""')
    assert (encode_key(('"',)), decode_key('"""', 1)) == ('"""', ('"',))


@pytest.mark.parametrize(("key", "parts"), [("a", 1), ("a,b,c", 3), ("", 0)])
def test_a_key_with_other_parts_than_the_table_has_says_so(key: str, parts: int) -> None:
    with pytest.raises(UsageError) as told:
        decode_key(key, 2)
    assert told.value.message == f"record key {key!r} has {parts} parts, the table's key has 2"
    assert (
        told.value.hint == "write the key values in key order, joined by commas; quote a value that holds a comma"
    )
