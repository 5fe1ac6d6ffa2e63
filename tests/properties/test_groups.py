"""The laws of groups: what a rule of the table ties together is decided as one, if both sides changed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sync_engine.domain.groups import bind_groups
from sync_engine.domain.mapping import ConflictPolicy, Group, TableMapping
from sync_engine.domain.merge import Outcome, Verdict
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.unresolved import refused
from sync_engine.domain.values import Value
from tests.support.things import change, mapping

FIELDS = ("title", "day")
EXACT = "2026-01-01T10:00:30.250000Z"
SHOWN = mapping().by_name["day"].codec.weaken(EXACT)


def rules(policy: ConflictPolicy = "newest", fields: tuple[str, ...] = FIELDS) -> TableMapping:
    return replace(mapping(), groups=(Group(fields, policy),))


def record(
    row: Mapping[str, PendingChange], page: Mapping[str, PendingChange], base: Mapping[str, Value] | None = None
) -> Record:
    agreed: Mapping[str, Value] = {"title": "t", "day": EXACT, "note": "n"} if base is None else base
    return Record(
        id=1,
        mapping=1,
        key="k",
        page_id="p",
        base=agreed,
        postgres=row,
        notion=page,
        postgres_presence=Presence.PRESENT,
        notion_presence=Presence.PRESENT,
        key_on_page=True,
    )


def test_different_fields_of_a_group_are_one_dispute_and_each_gets_the_other_sides_value() -> None:
    ours, theirs = change("x", 0, 0, 3), change("2026-05-05T00:00:00.000000Z", 300, 60, 4)
    bound = bind_groups(record({"title": ours}, {"day": theirs}), rules(), "notion")
    told = (
        "title, day win together: Postgres was edited at 2026-01-01T00:00:00+00:00, Notion between"
        " 2026-01-01T00:05:00+00:00 and 2026-01-01T00:06:00+00:00: the Notion edit is newer"
    )
    assert bound.verdicts == {
        "title": Verdict(Outcome.MERGED, "update_differing", told, "t"),
        "day": Verdict(Outcome.NOTION_CROSSES, "update_differing", told),
    }
    assert bound.record.postgres == {"title": ours, "day": replace(ours, value=EXACT)}
    assert bound.record.notion == {"day": theirs, "title": replace(theirs, value="t")}


def test_the_side_that_wins_keeps_its_own_field_and_takes_back_the_others() -> None:
    ours, theirs = change("x", 500, 0, 3), change("2026-05-05T00:00:00.000000Z", 0, 60, 4)
    bound = bind_groups(record({"title": ours}, {"day": theirs}), rules(), "notion")
    assert {name: item.outcome for name, item in bound.verdicts.items()} == dict.fromkeys(
        FIELDS, Outcome.POSTGRES_CROSSES
    )
    shown = bind_groups(record({"day": ours}, {"title": theirs}), rules(), "notion").record
    assert shown.notion["day"].value == SHOWN, "a page shows the weak form of the base"
    assert shown.postgres["title"].value == "t"


@pytest.mark.parametrize("side", ["row", "page"])
def test_an_edit_of_one_side_is_no_dispute(side: str) -> None:
    edits = {"title": change("x"), "day": change(None)}
    found = record(edits, {}) if side == "row" else record({}, edits)
    bound = bind_groups(found, rules("manual"), "notion")
    assert (bound.record, bound.verdicts) == (found, {})


def test_the_same_edit_on_both_sides_is_no_dispute_and_no_part_of_one() -> None:
    same = record({"title": change("x")}, {"title": change("x")})
    assert bind_groups(same, rules("manual"), "notion").verdicts == {}
    weak = record({"day": change("2026-05-05T00:00:31.000000Z")}, {"day": change("2026-05-05T00:00:00.000000Z")})
    assert bind_groups(weak, rules("manual"), "notion").verdicts == {}
    # The agreed title is the newest edit of Postgres, but what is in dispute is the day.
    agreed = change("x", 900)
    beside = record(
        {"title": agreed, "day": change(None, 0)}, {"title": agreed, "day": change(SHOWN_LATER, 300, 60)}
    )
    bound = bind_groups(beside, rules(), "notion")
    assert bound.verdicts["day"].outcome is Outcome.NOTION_CROSSES


SHOWN_LATER = "2026-06-06T00:00:00.000000Z"


def test_the_newest_edit_of_each_side_within_the_group_counts() -> None:
    row = {"title": change("x", 0), "day": change(None, 900)}
    page = {"title": change("y", 300, 60), "day": change(SHOWN_LATER, 200, 60)}
    bound = bind_groups(record(row, page), rules(), "notion")
    assert {item.outcome for item in bound.verdicts.values()} == {Outcome.POSTGRES_CROSSES}
    page["title"] = change("y", 1000, 60)
    bound = bind_groups(record(row, page), rules(), "notion")
    assert {item.outcome for item in bound.verdicts.values()} == {Outcome.NOTION_CROSSES}


def test_what_an_earlier_look_put_beside_an_edit_is_taken_away_before_the_next() -> None:
    """Else a group that is held would be in dispute with itself for ever."""
    ours, theirs = change("x", 0, 0, 3), change(SHOWN_LATER, 300, 60, 4)
    once = bind_groups(record({"title": ours}, {"day": theirs}), rules("manual"), "notion")
    again = bind_groups(once.record, rules("manual"), "notion")
    assert again == once
    taken_back = replace(once.record, postgres={**once.record.postgres, "title": change("t")})
    assert bind_groups(taken_back, rules("manual"), "notion").verdicts == {}
    assert bind_groups(taken_back, rules("manual"), "notion").record.postgres == {}
    other = replace(once.record, notion={**once.record.notion, "day": change(SHOWN)})
    assert bind_groups(other, rules("manual"), "notion").record.notion == {}


def test_without_a_base_of_all_its_fields_a_group_is_left_to_them() -> None:
    row, page = {"title": change("x")}, {"title": change("y")}
    for base in ({"title": "t"}, {"day": EXACT}, {}):
        found = record(row, page, base)
        assert bind_groups(found, rules(), "notion") == bind_groups(found, mapping(), "notion")
    late = record({"note": change("n")}, {}, {"note": "n"})
    assert bind_groups(late, rules(fields=("title", "note")), "notion").record.postgres == {}


def test_a_value_that_is_none_yet_leaves_the_group_to_its_fields() -> None:
    found = record({"title": change("x")}, {"day": change(refused("?", "no"))})
    assert bind_groups(found, rules(), "notion") == bind_groups(found, mapping(), "notion")


@pytest.mark.parametrize("policy", ["postgres", "notion", "manual"])
def test_a_group_has_its_own_policy(policy: ConflictPolicy) -> None:
    bound = bind_groups(record({"title": change("x")}, {"day": change(SHOWN_LATER)}), rules(policy), "notion")
    outcomes = {name: item.outcome for name, item in bound.verdicts.items()}
    assert (
        outcomes
        == {
            "postgres": dict.fromkeys(FIELDS, Outcome.POSTGRES_CROSSES),
            "notion": {"title": Outcome.MERGED, "day": Outcome.NOTION_CROSSES},
            "manual": dict.fromkeys(FIELDS, Outcome.HELD),
        }[policy]
    )


def test_fields_outside_of_a_group_are_not_touched() -> None:
    note = {"note": change("m")}
    bound = bind_groups(record({"title": change("x"), **note}, {"day": change(SHOWN_LATER)}), rules(), "notion")
    assert "note" not in bound.verdicts and "note" not in bound.record.notion
