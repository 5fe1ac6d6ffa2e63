"""The laws of combining: both edits are in the third value, whichever side they came from, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.codecs.numbers import as_decimal, canonical_number
from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.combine import Combined, Combining, combine, merge_both
from sync_engine.domain.lines import MOST_LINES, merge_lines
from sync_engine.domain.mapping import ConflictPolicy, FieldMapping
from sync_engine.domain.schema import Column
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


ORDERED: tuple[Value, ...] = ("-Infinity", -5, "-0.5", 0, "2.25", 7, "Infinity", "NaN")
MOMENTS: tuple[Value, ...] = ("-infinity", "0001-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "infinity")


@pytest.mark.parametrize("ordered", [ORDERED, MOMENTS])
def test_bounds_order_infinities_and_no_numbers_as_postgres_does(ordered: tuple[Value, ...]) -> None:
    for place, less in enumerate(ordered):
        for more in ordered[place:]:
            for one, other in ((less, more), (more, less)):
                assert value("min", None, one, other) == less
                assert value("max", None, one, other) == more


def test_of_two_equal_values_the_one_of_postgres_is_kept() -> None:
    for policy in ("min", "max"):
        assert value(policy, None, "1.50", "1.5") == "1.50"
        assert value(policy, None, "1.5", "1.50") == "1.5"


def test_bounds_of_what_has_no_order_are_none() -> None:
    for policy in ("min", "max"):
        assert combine(policy, None, "word", 1) is None
        assert combine(policy, None, 1, "word") is None
        assert combine(policy, None, 1, "2026-01-01T00:00:00Z") is None
        assert combine(policy, None, ["a"], ["b"]) is None


def test_elements_that_are_objects_are_the_same_whatever_the_order_of_their_keys() -> None:
    one: Json = {"a": 1, "b": 2}
    same: Json = {"b": 2, "a": 1}
    assert value("union", [one], [one], [same]) == [one]
    assert value("union", [], [one], [same]) == [one]


def test_a_text_too_long_to_compare_is_not_merged() -> None:
    longest = "".join(f"{number}\n" for number in range(MOST_LINES))
    one_more = longest + "more\n"
    changed = longest.replace("1\n", "one\n", 1)
    assert merge_lines(longest, changed, longest) == changed
    for texts in ((one_more, "a\n", "b\n"), ("a\n", one_more, "a\n"), ("a\n", "a\n", one_more)):
        assert merge_lines(*texts) is None


def field(kind: str, policy: ConflictPolicy = "newest") -> FieldMapping:
    column = Column(name="c", number=1, type="text", base="text")
    return FieldMapping("c", "c", 1, "text", "c", kind, codec_for(column, "rich_text"), conflict=policy)


@pytest.mark.parametrize(
    ("kind", "base", "postgres", "notion", "both", "how"),
    [
        ("multi_select", ["a"], ["a", "b"], ["c"], ["b", "c"], "elements added and removed on either side"),
        ("multi_select", ["a"], None, ["a", "c"], ["c"], "elements added and removed on either side"),
        ("multi_select", ["a"], ["a", "c"], None, ["c"], "elements added and removed on either side"),
        ("number", 1, 3, 5, 7, "both changes are added to the last common value"),
        ("rich_text", "a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n", "the two changed different lines"),
        ("title", "a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n", "the two changed different lines"),
        ("rich_text", "a", "p", "n", "p\nn", "both texts, one after the other"),
        ("title", "a", "p", "n", "p n", "both texts, one after the other"),
    ],
)
def test_both_edits_in_one_value_as_the_type_has_it(
    kind: str, base: Value, postgres: Value, notion: Value, both: Value, how: str
) -> None:
    assert merge_both(field(kind), base, postgres, notion) == Combined(both, how)


@pytest.mark.parametrize(
    ("kind", "postgres", "notion"),
    [
        ("select", "p", "n"),
        ("url", "p", "n"),
        ("date", "2026-01-01", "2026-01-02"),
        ("rich_text", None, "n"),
        ("rich_text", "p", None),
        ("title", "p", 5),
        ("checkbox", True, False),
        ("number", "NaN", 1),
        ("multi_select", ["p"], "n"),
    ],
)
def test_where_the_type_has_no_such_value_a_person_chooses(kind: str, postgres: Value, notion: Value) -> None:
    assert merge_both(field(kind), None if kind != "number" else 0, postgres, notion) is None


def test_the_policy_of_the_field_comes_first_and_the_type_where_it_fails() -> None:
    assert merge_both(field("number", "max"), 1, 3, 5) == Combined(5, "the greater of the two")
    summed = Combined(7, "both changes are added to the last common value")
    assert merge_both(field("rich_text", "delta"), 1, 3, 5) == summed
    failing = merge_both(field("rich_text", "max"), "a", "p", "n")
    assert failing == Combined("p\nn", "both texts, one after the other")
