"""Times on input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.times import parse_position, parse_time
from sync_engine.domain.times import iso
from sync_engine.errors import UsageError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T10:15:00Z", datetime(2026, 11, 22, 10, 15, tzinfo=UTC)),
        ("2026-11-22T10:15:00+02:00", datetime(2026, 11, 22, 8, 15, tzinfo=UTC)),
        ("2026-11-22 10:15", datetime(2026, 11, 22, 10, 15, tzinfo=UTC)),
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("now", NOW),
        ("yesterday", NOW - timedelta(days=1)),
        ("2 hours ago", NOW - timedelta(hours=2)),
        ("  2   Hours AGO ", NOW - timedelta(hours=2)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("90m ago", NOW - timedelta(minutes=90)),
        ("1.5 days ago", NOW - timedelta(hours=36)),
        ("30 seconds ago", NOW - timedelta(seconds=30)),
        ("5 s ago", NOW - timedelta(seconds=5)),
        ("3 weeks ago", NOW - timedelta(weeks=3)),
    ],
)
def test_a_time(text: str, expected: datetime) -> None:
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "before-import", "2 parsecs ago", "ago", "2026-13-01", "9999999999999 days ago"]
)
def test_no_time(text: str) -> None:
    assert parse_time(text, NOW) is None


def test_a_position_may_be_a_mark() -> None:
    marks = {"before-import": NOW - timedelta(days=3)}
    assert parse_position("before-import", NOW, marks.get, "--since") == marks["before-import"]
    assert parse_position("now", NOW, marks.get, "--since") == NOW


def test_what_is_neither_is_refused_with_both_ways_out() -> None:
    with pytest.raises(UsageError, match=r"--since: 'lately' is neither a time nor a mark") as caught:
        parse_position("lately", NOW, lambda _name: None, "--since")
    assert "2 hours ago" in caught.value.hint
    assert "mark list" in caught.value.hint


def test_output_is_utc() -> None:
    assert iso(datetime.fromisoformat("2026-11-22T10:15:00+02:00")) == "2026-11-22T08:15:00Z"
