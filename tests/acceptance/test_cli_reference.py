"""The reference page says what the commands say."""

from __future__ import annotations

from pathlib import Path

from cli.reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_is_up_to_date() -> None:
    again = "python -m cli.reference > docs/reference/cli.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), f"run: {again}"
