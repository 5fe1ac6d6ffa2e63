"""The guarantees page names files that are there, and each kept guarantee has a test that bears its number."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
LINES = dict(re.findall(r"^\| (G\d+) \|.*\| (.+) \|$", PAGE, re.MULTILINE))
NAMES = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text())
}


def test_every_guarantee_has_its_line() -> None:
    assert list(LINES) == [f"G{number}" for number in range(1, 15)]


def test_every_file_that_the_page_names_is_there() -> None:
    missing = [path for path in re.findall(r"`(tests/[\w./]+)`", PAGE) if not (ROOT / path).exists()]
    assert missing == []


def test_every_guarantee_that_the_page_calls_kept_has_a_test_with_its_number() -> None:
    kept = [number for number, held in LINES.items() if not held.startswith("not yet")]
    untested = [number for number in kept if not any(name.startswith(f"test_{number}_") for name in NAMES)]
    assert untested == []
