"""The bound on the difference between Notion's clock and ours holds, whatever the latency."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.adapters.notion.skew import ClockSkew, header_time
from tests.support.notion import answering, page, play
from tests.support.staged import StagedClock

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@given(
    offset=st.floats(-200, 200),
    trips=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), min_size=1, max_size=30),
)
def test_the_true_difference_is_inside_the_bound(offset: float, trips: list[tuple[float, float]]) -> None:
    skew, at = ClockSkew(), NOW
    for there, back in trips:
        sent = at
        made = sent + timedelta(seconds=there)
        at = made + timedelta(seconds=back)
        notion = (made + timedelta(seconds=offset)).replace(microsecond=0)
        skew.observe(notion, sent, at)
    bound = skew.bound()
    assert bound is not None
    assert bound >= timedelta(seconds=abs(offset))


def test_a_clock_ninety_seconds_off_is_measured() -> None:
    clock = StagedClock()
    ahead = {"Date": "Fri, 20 Nov 2026 09:02:00 GMT"}
    workspace, _ = play(answering(httpx.Response(200, json=page("p"), headers=ahead)), clock=clock)
    workspace.page("p")
    assert timedelta(seconds=90) <= workspace.clock_skew() <= timedelta(seconds=92)


def test_before_the_first_answer_it_is_measured_not_guessed() -> None:
    workspace, notion = play(answering(httpx.Response(500)))
    assert workspace.clock_skew() == timedelta(seconds=1)
    assert len(notion.requests) == 1


def test_a_slow_answer_does_not_spoil_the_bound() -> None:
    skew = ClockSkew()
    skew.observe(NOW, NOW, NOW + timedelta(seconds=40))
    assert skew.bound() == timedelta(seconds=41)
    skew.observe(NOW, NOW, NOW)
    assert skew.bound() == timedelta(seconds=1)


def test_a_header_that_is_no_time_is_none() -> None:
    assert header_time("soon") is None
    assert header_time("") is None
    assert header_time("Fri, 20 Nov 2026 09:02:00 GMT") == datetime(2026, 11, 20, 9, 2, tzinfo=UTC)
