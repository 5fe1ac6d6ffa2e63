"""Small rules that others rest on: markers of values that are none, marks of soft deletes, policies by column."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain import unresolved
from sync_engine.domain.brake import Mass, allowance, exceeds, update_allowance
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import Brake, ConflictPolicy, Group
from sync_engine.domain.policies import POLICIES, rules_of, suits
from sync_engine.domain.schema import Column
from sync_engine.domain.soft import deleted_mark, deletion_told, living_mark
from sync_engine.domain.values import Value
from tests.support.things import field, mapping

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
values: st.SearchStrategy[Value] = st.none() | st.booleans() | st.integers() | st.text(max_size=3)


# --- markers


@given(values, values)
def test_a_marker_is_told_from_every_value_and_from_the_other_markers(value: Value, other: Value) -> None:
    markers: dict[str, Value] = {
        "page": unresolved.linked_page("q"),
        "refused": unresolved.refused(str(value), "why"),
        "normalised": unresolved.normalised(value),
        "flipping": unresolved.flipping(value, other),
    }
    for name, marker in markers.items():
        assert unresolved.is_unresolved(marker)
        assert unresolved.is_normalised(marker) is (name == "normalised")
        assert unresolved.is_flipping_marker(marker) is (name == "flipping")
        assert unresolved.waiting_page(marker) == ("q" if name == "page" else "")
        assert bool(unresolved.refusal(marker)) is (name != "page")
        assert unresolved.seen_as(marker) == (value if name in ("normalised", "flipping") else marker)
    assert not unresolved.is_unresolved(value) and not unresolved.is_normalised(value)
    assert not unresolved.is_flipping_marker(value)
    assert (unresolved.waiting_page(value), unresolved.refusal(value)) == ("", "")
    assert unresolved.seen_as(value) == value


def test_a_marker_tells_a_person_why() -> None:
    assert unresolved.refusal(unresolved.refused("x", "too long")) == "too long"
    assert unresolved.refused("x", "too long")["invalid"] == "x"
    told = "Notion stored something else than was sent; Postgres keeps its value"
    assert unresolved.refusal(unresolved.normalised("n")) == told
    told = (
        "flips between 'n' in Notion and 'p' in Postgres: each side changes back what the other wrote;"
        " stop the automation or trigger that does it, then `held retry`"
    )
    marker = unresolved.flipping("n", "p")
    assert (unresolved.refusal(marker), marker["shown"], marker["flips"]) == (told, "n", "p")


# --- soft deletes


def soft(kind: str) -> Any:
    return replace(mapping(), soft_column="gone", soft_type=kind)


@pytest.mark.parametrize(
    ("kind", "deleted", "living"),
    [
        ("bool", "true", "false"),
        ("date", "2026-03-04", None),
        ("timestamptz", "2026-03-04T05:06:07+00:00", None),
    ],
)
def test_the_marks_of_a_soft_delete(kind: str, deleted: str, living: str | None) -> None:
    assert deleted_mark(soft(kind), AT) == {"gone": deleted}
    assert living_mark(soft(kind)) == {"gone": living}
    assert deletion_told(soft(kind), {"gone": deleted}) is True
    assert deletion_told(soft(kind), {"gone": None}) is False
    assert deletion_told(soft(kind), {"gone": False}) is False
    assert deletion_told(soft(kind), {"gone": True}) is True
    assert deletion_told(soft(kind), {"title": "t"}) is None
    assert deletion_told(soft(kind), None) is None
    assert deletion_told(mapping(), {"gone": "x", "": "x"}) is None


# --- policies


def column(base: str, *, array: bool = False) -> Column:
    return Column(name="c", number=1, type=base, base=base, is_array=array)


@pytest.mark.parametrize("base", ["int2", "int4", "int8", "numeric", "float4", "float8"])
def test_numbers_have_bounds_and_sums(base: str) -> None:
    fitting = {policy for policy in POLICIES if suits(POLICIES[policy], column(base))}
    assert set(POLICIES) - fitting == {"union", "lines"}


@pytest.mark.parametrize("base", ["date", "timestamptz", "timestamp"])
def test_times_have_bounds(base: str) -> None:
    fitting = {policy for policy in POLICIES if suits(POLICIES[policy], column(base))}
    assert set(POLICIES) - fitting == {"union", "delta", "lines"}


@pytest.mark.parametrize("base", ["text", "varchar", "citext"])
def test_texts_have_lines(base: str) -> None:
    fitting = {policy for policy in POLICIES if suits(POLICIES[policy], column(base))}
    assert set(POLICIES) - fitting == {"union", "min", "max", "delta"}


@pytest.mark.parametrize("base", ["int4", "date", "text", "uuid"])
def test_lists_have_unions_only(base: str) -> None:
    fitting = {policy for policy in POLICIES if suits(POLICIES[policy], column(base, array=True))}
    assert set(POLICIES) - fitting == {"min", "max", "delta", "lines"}


def test_policies_go_by_the_names_of_the_configuration() -> None:
    assert list(POLICIES) == list(get_args(ConflictPolicy)) == list(POLICIES.values())


def test_whatever_decides_a_conflict_is_part_of_the_rules() -> None:
    plain = mapping()
    told = rules_of(plain, "notion")
    assert told == {
        "ambiguous": "notion",
        "direction": "both",
        "fields": {"title": "newest", "flag": "newest", "day": "newest", "note": "newest"},
        "one_way": {},
        "groups": [],
    }
    others = [
        rules_of(plain, "manual"),
        rules_of(replace(plain, direction="to-notion"), "notion"),
        rules_of(mapping("manual"), "notion"),
        rules_of(replace(plain, groups=(Group(("title", "note"), "postgres"),)), "notion"),
        rules_of(replace(plain, fields=(replace(field("title"), direction="to-notion"),)), "notion"),
        rules_of(
            replace(plain, fields=(replace(field("title"), conflict="custom", resolver="sql:s.f"),)), "notion"
        ),
    ]
    assert others[-1]["fields"] == {"title": "sql:s.f"}
    assert others[-2]["one_way"] == {"title": "to-notion"}
    assert others[-3]["groups"] == [{"fields": ["title", "note"], "conflict": "postgres"}]
    assert all(rules != told for rules in others)
    assert rules_of(replace(plain, icon="x", brake=Brake(share=1)), "notion") == told


# --- the brake


@pytest.mark.parametrize(
    ("share", "least", "records", "allowed"), [(0.1, 20, 100, 20), (0.1, 20, 1000, 100), (0, 3, 9, 3)]
)
def test_the_share_counts_and_always_the_minimum(share: float, least: int, records: int, allowed: int) -> None:
    assert allowance(Brake(share, least), records) == allowed
    assert update_allowance(Brake(share, least), records) == allowed
    assert update_allowance(Brake(0.9, least, share), records) == allowed


def test_deletes_count_what_is_left_of_the_table_with_what_goes() -> None:
    brake = Brake(0.5, 0)
    assert not exceeds(Mass(Side.NOTION, "delete", 50), brake, 50)
    assert exceeds(Mass(Side.NOTION, "delete", 51), brake, 49)


@pytest.mark.parametrize(
    ("side", "continuous", "largest", "stops"),
    [
        (Side.NOTION, True, 10, False),
        (Side.NOTION, True, 11, True),
        (Side.NOTION, False, 0, True),
        (Side.POSTGRES, True, 0, True),
        (Side.POSTGRES, False, 0, True),
    ],
)
def test_in_a_run_the_pages_that_wait_are_a_mass_when_one_transaction_made_it(
    side: Side, continuous: bool, largest: int, stops: bool
) -> None:
    mass = Mass(side, "update", 30, stopped=4, largest=largest)
    assert exceeds(mass, Brake(0.1, 10), 100, continuous=continuous) is stops
    once = Mass(Side.NOTION, "update", 30, largest=0)
    assert exceeds(once, Brake(0.1, 10), 100)
