"""What the console makes of texts: differences, excerpts, filled-in forms."""

from __future__ import annotations

import json

import pytest

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.mapping import FieldMapping
from sync_engine.domain.schema import Column
from sync_engine.domain.values import JsonObject
from sync_engine.errors import UsageError
from sync_engine.web.cells import editor_of, literal_of
from sync_engine.web.difference import pieces
from sync_engine.web.forms import Fields, local_address
from sync_engine.web.shown import effects, is_long, span


def field(column_type: str, kind: str = "rich_text", *, base: str = "", not_null: bool = False) -> FieldMapping:
    is_array = column_type.endswith("[]")
    column = Column("c", 1, column_type, base or column_type.removesuffix("[]"), is_array=is_array)
    return FieldMapping("c", "c", 1, column_type, "C", kind, codec_for(column, kind), not_null=not_null)


def filled(expected: object, **fields: str) -> Fields:
    return Fields({"expected": [json.dumps(expected)], **{name: [value] for name, value in fields.items()}})


def test_a_difference_gives_back_both_texts() -> None:
    left, right = "the quick fox " * 30 + "jumps", "the quick fox " * 30 + "sleeps"
    both = pieces(left, right)
    assert ["".join(piece.text for piece in told) for told in both] == [left, right]
    assert [piece.kind for piece in both[0]] == ["gap", "same", "other"]
    assert both[1][-1].text == "sleeps"


def test_texts_too_long_to_compare_are_shown_as_they_are() -> None:
    left, right = pieces("a" * 30_000, "b")
    assert len(left) == len(right) == 1


def test_a_null_text_that_is_typed_into_is_a_text() -> None:
    assert literal_of(field("text"), filled(None, value="typed", null="yes")) == "typed"
    assert literal_of(field("text"), filled(None, value="", null="yes")) is None
    assert literal_of(field("text"), filled("was", value="was", null="yes")) is None
    assert literal_of(field("text"), filled("was", value="")) == ""


def test_line_ends_stay_as_they_were() -> None:
    assert literal_of(field("text"), filled("a\rb", value="a\r\nb")) == "a\rb"
    assert literal_of(field("text"), filled("a\r\nb", value="a\r\nb\r\nc")) == "a\r\nb\r\nc"
    assert literal_of(field("text"), filled("a\nb", value="a\r\nb\r\nc")) == "a\nb\nc"


def test_lists_are_lines_where_that_is_exact_and_json_elsewhere() -> None:
    texts, numbers = field("text[]", "multi_select"), field("integer[]", base="int4")
    assert (editor_of(texts, "k", ["a", "b c"], ()).kind, editor_of(texts, "k", ["a\nb"], ()).kind) == (
        "list",
        "plain-list",
    )
    assert editor_of(numbers, "k", [1, 2], ()).text == "[1, 2]"
    assert literal_of(numbers, filled("{1}", value="[1, null, 3]", form="plain-list")) == "{1,NULL,3}"
    with pytest.raises(FieldError, match="not a list"):
        literal_of(numbers, filled("{1}", value="1, 2", form="plain-list"))


def test_a_form_made_by_hand_is_told() -> None:
    with pytest.raises(UsageError, match="what the cell held"):
        literal_of(field("text"), Fields({"expected": ["{"], "value": ["x"]}))


def test_an_address_of_a_form_stays_here() -> None:
    assert local_address("/tables/a?q=%2F") == "/tables/a?q=%2F"
    for foreign in ("//x", "https://x", "/\\x", "", "x", "/\nx"):
        assert local_address(foreign) == "/"


def test_words_for_runs_and_times() -> None:
    assert effects({}) == "nothing to do"
    summary: JsonObject = {"applied": {"notion": {"create": 1200}}, "conflicts": {"new": 1}}
    summary["brake"] = {"agents": 30}
    assert effects(summary) == "1,200 created in Notion, 1 new conflict, 30 deletes in agents stopped by the brake"
    summary["braked"] = [{"table": "agents", "op": "update", "count": 250}]
    assert effects(summary).endswith("1 new conflict, 250 updates in agents stopped by the brake")
    assert span(["2026-01-01T10:00:00+00:00", "2026-01-01T10:01:00+00:00"]) == "2026-01-01 10:00:00 – 10:01:00 UTC"
    assert not is_long("short") and is_long("a\nb\nc\nd\ne")
