"""Record keys: every key has one text, never an empty one, and is read back from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.keys import decode_key, encode_key

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
