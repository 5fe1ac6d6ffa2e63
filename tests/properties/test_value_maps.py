"""Laws of value maps: exact where every value has its own name, and stable where two share one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.registry import renamed_codec
from sync_engine.domain.codecs.valuemap import RenamedCodec
from sync_engine.domain.schema import Column
from tests.support.notion_values import answered

WORDS = st.text("abAB,1 ", min_size=1, max_size=3)
NAMES = st.text("abAB1", min_size=1, max_size=2)
NUMBERS = st.integers(-3, 3)
COLUMNS: dict[str, tuple[Column, st.SearchStrategy[Any], st.SearchStrategy[str]]] = {
    "text": (Column("c", 1, "text", "text"), WORDS, WORDS),
    "integer": (Column("c", 1, "integer", "int4"), NUMBERS, NUMBERS.map(str)),
    "list": (Column("c", 1, "text[]", "text", is_array=True), st.lists(WORDS, max_size=3), WORDS),
}
PAIRS = [("text", "select"), ("text", "rich_text"), ("integer", "select"), ("list", "multi_select")]


def made(column: Column, kind: str, names: dict[str, str]) -> RenamedCodec:
    try:
        return renamed_codec(column, kind, names)
    except FieldError:
        assume(False)
        raise


def test_a_list_as_text_shows_the_names() -> None:
    codec = made(COLUMNS["list"][0], "rich_text", {"1": "11", "11": "1"})
    assert codec.from_notion(answered(codec.to_notion(["1", None]))) == ["1", None]
    assert '["11", null]' in str(codec.to_notion(["1", None]))


@pytest.mark.parametrize(("name", "kind"), [*PAIRS, ("list", "rich_text")])
@given(data=st.data())
def test_what_notion_returns_is_the_weak_value(name: str, kind: str, data: st.DataObject) -> None:
    column, values, keys = COLUMNS[name]
    codec = made(column, kind, data.draw(st.dictionaries(keys, NAMES, min_size=1, max_size=4)))
    value: Any = codec.from_postgres(data.draw(st.one_of(st.none(), values)))
    weak = codec.weaken(value)
    assert codec.weaken(weak) == weak
    assert codec.from_notion(answered(codec.to_notion(value))) == weak
    if codec.problem(value):
        assert weak == codec.weaken(None)
    elif not codec.renamed.map.lossy and value not in (None, []):
        assert weak == value
