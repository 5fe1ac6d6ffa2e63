"""The laws of version times: an interval has the true time in it, whatever the clocks; order is never guessed."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from sync_engine.domain.times import Interval, Order, iso, notion_interval
from tests.support.things import EPOCH

seconds = st.integers(0, 400)
skews = st.integers(0, 120)


def at(offset: float) -> datetime:
    return EPOCH + timedelta(seconds=offset)


def span(since: float, until: float) -> Interval:
    return Interval(at(since), at(until))


@given(seconds, seconds, seconds, st.integers(-120, 120), skews)
def test_the_true_time_of_an_edit_is_in_its_interval(
    edited: int, looked: int, length: int, off: int, bound: int
) -> None:
    """Notion's clock is `off` by no more than the bound; we looked before the edit, and again after it."""
    assume(abs(off) <= bound)
    before, after = edited - looked, edited + length
    by_notion = at(edited + off)
    floored = by_notion.replace(second=0, microsecond=0)
    for known in (None, at(before)):
        found = notion_interval(floored, at(after), known, timedelta(seconds=bound))
        assert found.since <= at(edited) <= found.until
        assert found.until <= at(after)
        assert known is None or found.since >= known


@given(seconds, seconds, st.integers(-400, 400), st.integers(0, 30))
def test_with_a_clock_worse_than_its_bound_the_observations_alone_count(
    looked: int, length: int, off: int, bound: int
) -> None:
    last_edited = at(looked + off)
    found = notion_interval(last_edited, at(looked + length), at(looked), timedelta(seconds=bound))
    assert found.since <= found.until
    within = span(looked, looked + length)
    claimed = Interval(last_edited - timedelta(seconds=bound), last_edited + timedelta(seconds=60 + bound))
    if claimed.until < within.since or within.until < claimed.since:
        assert found == within
    else:
        assert found == Interval(max(within.since, claimed.since), min(within.until, claimed.until))


def test_a_page_first_seen_that_says_it_was_edited_in_the_future_was_edited_before_it_was_seen() -> None:
    assert notion_interval(at(900), at(300), None, timedelta(0)) == span(300, 300)
    assert notion_interval(at(0), at(300), None, timedelta(seconds=5)) == span(-5, 65)
    assert notion_interval(at(0), at(300), at(400), timedelta(0)) == span(300, 300)


@given(seconds, seconds, seconds, seconds)
def test_an_order_is_told_only_when_every_moment_of_one_lies_before_the_other(
    a: int, b: int, c: int, d: int
) -> None:
    one, other = span(min(a, b), max(a, b)), span(min(c, d), max(c, d))
    if max(a, b) < min(c, d):
        expected = Order.BEFORE
    elif max(c, d) < min(a, b):
        expected = Order.AFTER
    else:
        expected = Order.UNKNOWN
    assert one.compared_to(other) is expected
    mirrored = {Order.BEFORE: Order.AFTER, Order.AFTER: Order.BEFORE, Order.UNKNOWN: Order.UNKNOWN}
    assert other.compared_to(one) is mirrored[expected]


@given(seconds, seconds)
def test_of_instants_only_the_same_one_is_of_unknown_order(one: int, other: int) -> None:
    assert Interval.instant(at(one)) == span(one, one)
    unknown = Interval.instant(at(one)).compared_to(Interval.instant(at(other))) is Order.UNKNOWN
    assert unknown is (one == other)


@given(seconds, seconds, skews, st.integers(0, 60))
def test_a_wider_bound_of_the_clocks_never_narrows_an_interval(
    edited: int, length: int, bound: int, more: int
) -> None:
    """So that a clock that is known less well makes fewer decisions, and no others."""
    floored = at(edited).replace(second=0)
    narrow = notion_interval(floored, at(edited + length), None, timedelta(seconds=bound))
    wide = notion_interval(floored, at(edited + length), None, timedelta(seconds=bound + more))
    assert wide.since <= narrow.since and wide.until >= narrow.until


def test_times_are_written_with_a_z() -> None:
    assert iso(at(1.5)) == "2026-01-01T00:00:01.500000Z"
