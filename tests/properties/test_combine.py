"""The laws of combining: both edits are in the third value, whichever side they came from, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.codecs.numbers import as_decimal, canonical_number
from sync_engine.domain.combine import Combining, combine
from sync_engine.domain.lines import merge_lines
from sync_engine.domain.values import Json, Value

sets = st.lists(st.sampled_from("abcdef"), max_size=6, unique=True)
lists: st.SearchStrategy[Value] = st.none() | sets.map(list[Json])
numbers: st.SearchStrategy[Value] = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4
).map(canonical_number)
moments: st.SearchStrategy[Value] = st.datetimes().map(lambda at: at.isoformat() + "Z")
anything: st.SearchStrategy[Value] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | numbers
    | lists
    | moments
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "infinity", "-infinity", "2024-01-01 BC"])
)
policies = st.sampled_from(["union", "min", "max", "delta", "lines"])


def value(policy: Combining, base: Value, postgres: Value, notion: Value) -> Value:
    found = combine(policy, base, postgres, notion)
    assert found is not None
    return found.value


def elements(item: Value) -> set[str]:
    return {str(one) for one in item} if isinstance(item, list) else set()


@given(policies, anything, anything, anything)
def test_it_never_raises(policy: Combining, base: Value, postgres: Value, notion: Value) -> None:
    combine(policy, base, postgres, notion)


@given(lists, lists, lists)
def test_elements_are_added_and_removed_as_either_side_did(base: Value, one: Value, other: Value) -> None:
    old, ours, theirs = elements(base), elements(one), elements(other)
    merged = value("union", base, one, other)
    assert elements(merged) == (ours & theirs) | (ours - old) | (theirs - old)
    assert elements(value("union", base, other, one)) == elements(merged)
    assert isinstance(merged, list) and len(merged) == len(elements(merged))


@given(lists, lists)
def test_elements_that_one_side_changed_are_that_change(base: Value, edited: Value) -> None:
    assert elements(value("union", base, edited, base)) == elements(edited)
    assert elements(value("union", base, base, edited)) == elements(edited)


@given(numbers | moments, st.data())
def test_bounds_are_one_of_the_two_and_the_order_of_sides_is_all_the_same(one: Value, data: st.DataObject) -> None:
    other = data.draw(moments if isinstance(one, str) and "T" in one else numbers)
    for policy in ("min", "max"):
        found = value(policy, None, one, other)
        assert found in (one, other)
        assert value(policy, None, other, one) == found
    assert {str(value("min", None, one, other)), str(value("max", None, one, other))} == {str(one), str(other)}
    assert value("min", None, one, None) == one == value("max", None, None, one)


@given(numbers, numbers)
def test_min_is_not_above_max(one: Value, other: Value) -> None:
    assert as_decimal(value("min", 0, one, other)) <= as_decimal(value("max", 0, one, other))


@given(numbers, numbers, numbers)
def test_a_delta_adds_both_changes_exactly(base: Value, one: Value, other: Value) -> None:
    merged = as_decimal(value("delta", base, one, other))
    assert merged == as_decimal(one) + as_decimal(other) - as_decimal(base)
    assert as_decimal(value("delta", base, other, one)) == merged
    assert as_decimal(value("delta", base, one, base)) == as_decimal(one)


@given(st.sampled_from([None, "NaN", "Infinity", "x", True]), numbers)
def test_a_delta_of_what_is_no_number_is_none(odd: Value, number: Value) -> None:
    assert combine("delta", number, odd, number) is None
    assert combine("delta", odd, number, number) is None


def test_a_delta_is_exact_beyond_doubles() -> None:
    assert value("delta", "0.1", "9007199254740993", "0.3") == canonical_number(Decimal("9007199254740993.2"))


texts = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "", "d\r\n", "e"]), max_size=8).map("".join)


@given(texts, texts)
def test_lines_that_one_side_changed_are_that_change(base: str, edited: str) -> None:
    assert merge_lines(base, edited, base) == edited
    assert merge_lines(base, base, edited) == edited
    assert merge_lines(base, edited, edited) == edited


@given(texts, texts, texts)
def test_lines_merge_alike_from_either_side(base: str, one: str, other: str) -> None:
    assert merge_lines(base, one, other) == merge_lines(base, other, one)


@given(st.lists(st.text("xyz", max_size=3), min_size=3, max_size=9), st.data())
def test_changes_in_different_places_are_both_there(lines: list[str], data: st.DataObject) -> None:
    base = [f"{number} {line}\n" for number, line in enumerate(lines)]
    here = data.draw(st.integers(0, len(base) - 1))
    there = data.draw(st.integers(0, len(base) - 1).filter(lambda place: place != here))
    ours, theirs, both = list(base), list(base), list(base)
    ours[here] = both[here] = "ours\n"
    theirs[there] = both[there] = "theirs\n"
    assert merge_lines("".join(base), "".join(ours), "".join(theirs)) == "".join(both)


def test_changes_of_the_same_line_are_none() -> None:
    assert merge_lines("a\nb\n", "a\nx\n", "a\ny\n") is None
    assert merge_lines("a\n", "a\nx\n", "a\ny\n") is None
