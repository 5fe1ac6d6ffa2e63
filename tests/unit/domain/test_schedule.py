"""Intervals follow the activity of a table, and never leave their bounds; pauses double up to their cap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.schedule import Backoff, PollRule, polling_floor

SECONDS = st.floats(1, 3600)


def test_it_speeds_up_after_an_edit_and_slows_down_in_silence() -> None:
    rule = PollRule(usual=10, fastest=3, slowest=60)
    assert rule.first() == 10
    assert rule.after(10, edited=True) == 3
    intervals = [3.0]
    while intervals[-1] < 60:
        intervals.append(rule.after(intervals[-1], edited=False))
    assert intervals == sorted(intervals) and len(intervals) < 12
    assert rule.after(60, edited=False) == 60


def test_the_budget_sets_a_floor() -> None:
    assert polling_floor(14, 180) == 14.0
    assert polling_floor(14, None) == 0.0
    rule = PollRule(10, 3, 60, floor=14)
    assert (rule.first(), rule.after(14, edited=True)) == (14, 14)


@given(fastest=SECONDS, more=SECONDS, interval=SECONDS, edited=st.booleans())
def test_it_stays_in_its_bounds(fastest: float, more: float, interval: float, edited: bool) -> None:
    rule = PollRule(fastest, fastest, fastest + more)
    assert fastest <= rule.after(interval, edited=edited) <= fastest + more


def test_pauses_double_up_to_the_cap() -> None:
    backoff = Backoff(2, 300)
    assert [backoff.pause(number) for number in (1, 2, 3, 8, 9, 10_000)] == [2, 4, 8, 256, 300, 300]
