"""Every verdict of the merge, with its type and the sentence that a person reads."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.combine import Combined
from sync_engine.domain.mapping import ConflictPolicy
from sync_engine.domain.merge import AmbiguousPolicy, Outcome, Verdict, merge_field
from sync_engine.domain.values import Value
from tests.support.things import change

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-01-01T00:05:00+00:00"
MINUTE = "2026-01-01T00:05:00+00:00 and 2026-01-01T00:06:00+00:00"
FIRST = "2026-01-01T00:00:00+00:00 and 2026-01-01T00:01:00+00:00"


def verdict(
    policy: ConflictPolicy = "newest",
    *,
    postgres: Value = "p",
    notion: Value = "n",
    at: int = 0,
    seen: int = 300,
    ambiguous: AmbiguousPolicy = "notion",
    **more: Any,
) -> Verdict:
    """Postgres was edited `at` so many seconds, Notion in the minute that begins at `seen`."""
    return merge_field(
        change(postgres, at, 0, 1),
        change(notion, seen, 60, 2),
        weaken=lambda value: value,
        policy=policy,
        ambiguous=ambiguous,
        **more,
    )


@pytest.mark.parametrize(("has_base", "kind"), [(True, "update_differing"), (False, "insert_exists")])
def test_the_newer_of_two_edits_wins(has_base: bool, kind: Any) -> None:
    told = f"Postgres was edited at {EARLY}, Notion between {MINUTE}: the Notion edit is newer"
    assert verdict(has_base=has_base) == Verdict(Outcome.NOTION_CROSSES, kind, told)
    told = f"Postgres was edited at {LATE}, Notion between {FIRST}: the Postgres edit is newer"
    assert verdict(at=300, seen=0, has_base=has_base) == Verdict(Outcome.POSTGRES_CROSSES, kind, told)


@pytest.mark.parametrize(
    ("ambiguous", "outcome", "end"),
    [
        ("notion", Outcome.NOTION_CROSSES, "and ambiguous = notion"),
        ("postgres", Outcome.POSTGRES_CROSSES, "and ambiguous = postgres"),
        ("manual", Outcome.HELD, "and ambiguous = manual: a person decides"),
    ],
)
def test_an_order_that_cannot_be_known_is_said_to_be_so(
    ambiguous: AmbiguousPolicy, outcome: Outcome, end: str
) -> None:
    told = f"Postgres was edited at {LATE}, Notion between {MINUTE}: which is newer cannot be known (Notion keeps"
    found = verdict(at=300, seen=300, ambiguous=ambiguous)
    assert found == Verdict(outcome, "ambiguous_time", f"{told} minutes), {end}")


@pytest.mark.parametrize(("has_base", "kind"), [(True, "update_differing"), (False, "insert_exists")])
@pytest.mark.parametrize(
    ("policy", "outcome", "told"),
    [
        ("postgres", Outcome.POSTGRES_CROSSES, "the policy for this field is postgres"),
        ("notion", Outcome.NOTION_CROSSES, "the policy for this field is notion"),
        ("manual", Outcome.HELD, "the policy for this field is manual: a person decides"),
    ],
)
def test_a_policy_decides_whatever_the_times(
    policy: ConflictPolicy, outcome: Outcome, told: str, has_base: bool, kind: Any
) -> None:
    for at, seen in ((0, 300), (300, 0), (300, 300)):
        assert verdict(policy, at=at, seen=seen, has_base=has_base) == Verdict(outcome, kind, told)


@pytest.mark.parametrize(
    ("policy", "base", "postgres", "notion", "value", "told"),
    [
        ("union", ["a"], ["a", "b"], ["c"], ["b", "c"], "elements added and removed on either side"),
        ("min", 5, 7, 6, 6, "the smaller of the two"),
        ("max", 5, 7, 6, 7, "the greater of the two"),
        ("max", 5, None, 6, 6, "the greater of the two; the other is empty"),
        ("min", 5, 7, None, 7, "the smaller of the two; the other is empty"),
        ("delta", 5, 7, 6, 8, "both changes are added to the last common value"),
        ("lines", "a\nb\nc\n", "x\nb\nc\n", "a\nb\ny\n", "x\nb\ny\n", "the two changed different lines"),
    ],
)
def test_a_policy_that_combines_says_how(
    policy: ConflictPolicy, base: Value, postgres: Value, notion: Value, value: Value, told: str
) -> None:
    found = verdict(policy, base=base, postgres=postgres, notion=notion)
    reason = f"the policy for this field is {policy}: {told}"
    assert found == Verdict(Outcome.MERGED, "update_differing", reason, value)


@pytest.mark.parametrize("policy", get_args(ConflictPolicy))
def test_without_a_base_only_what_needs_none_is_combined(policy: ConflictPolicy) -> None:
    """A sum or a merge of lines of two values that never were one makes no sense; the newer wins instead."""
    values: dict[str, tuple[Value, Value]] = {"union": (["a"], ["b"]), "lines": ("a\n", "b\n")}
    postgres, notion = values.get(policy, (7, 6))
    found = verdict(policy, postgres=postgres, notion=notion, has_base=False, custom=lambda *_: None)
    assert found.conflict == "insert_exists"
    expected = {
        **dict.fromkeys(("union", "min", "max"), Outcome.MERGED),
        **dict.fromkeys(("manual", "custom"), Outcome.HELD),
        "postgres": Outcome.POSTGRES_CROSSES,
    }
    assert found.outcome is expected.get(policy, Outcome.NOTION_CROSSES)


@pytest.mark.parametrize(
    ("policy", "base", "postgres", "notion"),
    [
        ("union", ["a"], "no list", ["b"]),
        ("union", "no list", ["a"], ["b"]),
        ("union", ["a"], ["b"], "no list"),
        ("min", 1, "word", 2),
        ("max", 1, 2, "2026-01-01T00:00:00Z"),
        ("delta", None, 1, 2),
        ("delta", 1, "NaN", 2),
        ("delta", 1, 2, "Infinity"),
        ("lines", "a\n", "b\n", "c\n"),
        ("lines", "a\n", "b\n", 3),
    ],
)
def test_where_two_values_cannot_be_combined_the_newer_wins(
    policy: ConflictPolicy, base: Value, postgres: Value, notion: Value
) -> None:
    found = verdict(policy, base=base, postgres=postgres, notion=notion)
    assert (found.outcome, found.conflict) == (Outcome.NOTION_CROSSES, "update_differing")
    assert found.reason.endswith("the Notion edit is newer")


def test_a_resolver_gets_base_and_both_values_as_postgres_would_store_them() -> None:
    asked: list[tuple[Value, Value, Value]] = []

    def resolver(base: Value, postgres: Value, notion: Value) -> Combined:
        asked.append((base, postgres, notion))
        return Combined("x", "by a die")

    found = verdict("custom", base="b", lift=lambda value: f"lifted {value}", custom=resolver)
    assert asked == [("b", "p", "lifted n")]
    assert found == Verdict(Outcome.MERGED, "update_differing", "the resolver decided: by a die", "x")


def test_a_resolver_that_is_not_there_fails_or_declines_leaves_it_to_a_person() -> None:
    def failing(*_: Value) -> Combined:
        raise FieldError("it broke")

    declined = Verdict(Outcome.HELD, "update_differing", "the resolver leaves it to a person")
    assert verdict("custom", custom=lambda *_: None) == declined
    assert verdict("custom") == declined
    broken = Verdict(Outcome.HELD, "insert_exists", "it broke; a person decides")
    assert verdict("custom", custom=failing, has_base=False) == broken


def test_what_is_equal_in_the_weaker_form_is_no_conflict_under_any_policy() -> None:
    for policy in get_args(ConflictPolicy):
        found = merge_field(
            change("10:00:30"),
            change("10:00"),
            weaken=lambda value: str(value)[:5],
            policy=policy,
            ambiguous="manual",
        )
        assert found == Verdict(Outcome.CONVERGENT)


def test_one_side_alone_crosses_and_none_is_nothing() -> None:
    told: dict[str, Any] = {"weaken": lambda value: value, "policy": "manual", "ambiguous": "manual"}
    assert merge_field(change("p"), None, **told) == Verdict(Outcome.POSTGRES_CROSSES)
    assert merge_field(None, change("n"), **told) == Verdict(Outcome.NOTION_CROSSES)
    assert merge_field(None, None, **told) == Verdict(Outcome.UNCHANGED)
