"""The laws of the ping-pong alarm: only writes to both sides in turn, each its own value, raise it."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.events import Side
from sync_engine.domain.pingpong import FLIPS, flips, is_flipping

values = st.integers(0, 3)
histories = st.lists(st.tuples(st.sampled_from(Side), values), max_size=20)


@given(st.sampled_from(Side), st.lists(values, max_size=30), values)
def test_one_side_alone_never_raises_it(side: Side, written: list[int], following: int) -> None:
    assert not is_flipping([(side, value) for value in written], following)


@given(histories, values, st.integers(0, 10), values, values)
def test_turns_raise_it_whatever_was_before(
    before: list[tuple[Side, int]], following: int, more: int, one: int, other: int
) -> None:
    turns = [(Side.POSTGRES, one), (Side.NOTION, other)] * (FLIPS // 2 + more)
    flipping = is_flipping([*before, *turns], following)
    assert flipping == (one != other and following == one)


@given(histories, values)
def test_it_is_raised_only_by_turns_between_two_values(writes: list[tuple[Side, int]], following: int) -> None:
    if is_flipping(writes, following):
        last = writes[-FLIPS:]
        assert {side for side, _ in last[0::2]} == {Side.POSTGRES} and {side for side, _ in last[1::2]} == {
            Side.NOTION
        }
        assert {value for _, value in last[0::2]} == {following}
        assert len({value for _, value in last[1::2]}) == 1


@given(histories)
def test_the_count_is_that_of_a_tail(writes: list[tuple[Side, int]]) -> None:
    count = flips(writes)
    assert 0 <= count <= len(writes)
    tail = writes[len(writes) - count :]
    assert all(one[0] is not two[0] for one, two in itertools.pairwise(tail))
