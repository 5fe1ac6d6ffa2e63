"""Tables, JSON and streams as they leave the program."""

from __future__ import annotations

import json

import pytest

from cli.options import GlobalOptions
from cli.output import CELL, Output, cell


def made(**options: bool) -> Output:
    return Output(GlobalOptions(**options), {})


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output = made(json=True)
    output.text("not shown")
    output.heading("not shown")
    output.table(["a"], [["not shown"]])
    output.fields([("a", "not shown")])
    output.result({"ok": True}, lambda: output.text("not shown"))
    output.note("a remark")
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"ok": True}
    assert shown.err == "a remark\n"


def test_an_error_after_a_result_adds_no_second_document(capsys: pytest.CaptureFixture[str]) -> None:
    output = made(json=True)
    output.result({"in_sync": False}, lambda: None)
    output.error("differences found", {"code": "differences"})
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"in_sync": False}
    assert shown.err == "error: differences found\n"


def test_an_error_without_a_result_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    made(json=True).error("no", {"code": "x", "message": "no", "hint": ""})
    assert json.loads(capsys.readouterr().out) == {"error": {"code": "x", "message": "no", "hint": ""}}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_is_an_array(capsys: pytest.CaptureFixture[str], count: int) -> None:
    made(json=True).stream({"seq": number} for number in range(count))
    assert json.loads(capsys.readouterr().out) == [{"seq": number} for number in range(count)]


def test_a_table_in_a_pipe_is_aligned_and_never_cut_to_a_width(capsys: pytest.CaptureFixture[str]) -> None:
    key = "a" * 200
    made().table(["key", "field"], [["b", "x"], [key[:CELL], None]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["KEY", "FIELD"]
    assert lines[1].split() == ["b", "x"]
    assert lines[2].split() == [key[:CELL], "–"]
    assert len({line.index(word) for line, word in zip(lines, ["FIELD", "x", "–"], strict=True)}) == 1


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    made().table(["key"], [], empty="no conflicts")
    assert capsys.readouterr().out == "no conflicts\n"


def test_quiet_keeps_the_document_for_the_caller(capsys: pytest.CaptureFixture[str]) -> None:
    output = made(quiet=True)
    output.result([1], lambda: output.text("not shown"))
    output.note("not shown")
    assert output.document == [1]
    assert capsys.readouterr() == ("", "")


def test_cells_are_one_line() -> None:
    assert cell("two\nlines") == "two lines"
    assert cell("") == '""'
    assert cell(None) == "–"
    assert cell(["a", "b, c"]) == '["a","b, c"]'
    assert len(cell("x" * 500)) == CELL


def test_fields_show_values_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    made().fields([("a", "first\nsecond"), ("name", "x" * 500)])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["a     first", "      second", "name  " + "x" * 500]
