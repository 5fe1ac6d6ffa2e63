"""The values of a conflict next to one another: what is marked, what is left out, how wide it is."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.console import Console

from cli.views.beside import beside, differences
from cli.views.marks import AROUND, LONG, marked, visible
from sync_engine.domain.values import Json, JsonObject
from sync_engine.domain.words import COMPARED, Span


def conflict(base: Json, postgres: Json, notion: Json) -> JsonObject:
    return {
        "base": base,
        "postgres": {"value": postgres, "at": "2026-01-01T10:00:00Z", "actor": {"name": "ada"}},
        "notion": {"value": notion, "at": ["2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z"], "actor": None},
    }


def drawn(item: JsonObject, width: int) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        console.print(beside(item, differences(item), width))
    return captured.get().splitlines()


def test_words_put_in_are_marked_on_their_side_and_those_taken_out_in_the_base() -> None:
    found = marked("be very kind and brief", "be quite kind and brief", "be very kind")
    assert found.postgres == [Span("equal", "be "), Span("insert", "quite"), Span("equal", " kind and brief")]
    assert found.notion == [Span("equal", "be very kind")]
    gone = [span.text for span in found.base if span.op == "delete"]
    assert gone == ["very", " and brief"]
    assert "".join(span.text for span in found.base) == "be very kind and brief"


def test_without_a_base_the_sides_are_compared_with_one_another() -> None:
    found = marked(None, "a red car", "a blue car")
    assert [span.text for span in found.postgres if span.op == "insert"] == ["red"]
    assert [span.text for span in found.notion if span.op == "insert"] == ["blue"]
    assert found.base == [Span("equal", "–")]


@pytest.mark.parametrize(
    ("base", "postgres"),
    [("one", "two"), (1, 2), ("", "words"), (["a"], "a"), (True, False), ("a " * COMPARED, "a b")],
)
def test_values_that_share_nothing_are_not_marked(base: Json, postgres: Json) -> None:
    found = marked(base, postgres, base)
    assert [span.op for span in found.postgres] == ["equal"]


def test_lists_are_compared_element_by_element() -> None:
    found = marked(["a", "b"], ["a", "b", "c"], ["a"])
    assert "c" in "".join(span.text for span in found.postgres if span.op == "insert")
    assert "b" in "".join(span.text for span in found.base if span.op == "delete")


def test_what_is_far_from_a_difference_is_left_out_and_there_in_full() -> None:
    base = "same words again " * 100
    found = marked(base, f"{base}new", f"first {base}")
    short = found.shortened()
    assert sum(len(span.text) for span in short.postgres) < 3 * AROUND
    assert short.postgres[-1].text.strip() == "new"
    assert len(marked("x" * 9_000, "y", "z").shortened().base[0].text) < 1.1 * LONG
    assert found.shortened() != found
    short_texts = marked("a b", "a c", "a d")
    assert short_texts.shortened() == short_texts


@pytest.mark.parametrize("width", [200, 100, 80, 60, 59, 20])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    wide = "漢字かな交じり文 " * 30
    lines = drawn(conflict("short", wide, "word" * 100), width)
    assert max(cell_len(line) for line in lines) <= width
    assert "".join(" ".join(lines).split()).count("漢") == 30


def test_a_narrow_terminal_has_them_one_under_the_other() -> None:
    lines = drawn(conflict("base", "left", "right"), 59)
    names = [lines.index(name) for name in ("Postgres", "base", "Notion")]
    assert names == sorted(names)
    side_by_side = drawn(conflict("the base", "left", "right"), 60)
    assert any(line.split("│")[0].strip() == "left" and "right" in line for line in side_by_side)


def test_a_value_cannot_steer_the_terminal() -> None:
    assert visible("a\x1b[2J\r\x07\u202eb\n\tc") == "a\\x1b[2J\\r\\x07\\u202eb\n\tc"
    item = conflict("a", "\x1b]0;title\x07", {"key": "\u009b2J"})
    lines = "\n".join(drawn(item, 100))
    assert "\x1b" not in lines and "\x07" not in lines and "\u009b" not in lines
    assert "\\x1b]0;title\\x07" in lines
