"""Settling what is no meeting of two edits: own writes, weaker forms, one-way fields, markers, third values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sync_engine.domain.combine import Combined
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import ConflictPolicy, Direction, FieldMapping, TableMapping
from sync_engine.domain.reconcile import Conflict, Settled, present_on_both, settle
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.unresolved import normalised, refused
from sync_engine.domain.values import Value
from tests.support.things import change, field, mapping

ABSENT, PRESENT, GONE = Presence.ABSENT, Presence.PRESENT, Presence.GONE
EXACT, SECONDS = "2026-01-01T10:00:30.250000Z", "2026-01-01T10:00:59.000000Z"
SHOWN = field("day").codec.weaken(EXACT)
BASE: dict[str, Value] = {"title": "t", "flag": True, "day": EXACT, "note": "n"}


def record(
    row: Mapping[str, PendingChange] | None = None,
    page: Mapping[str, PendingChange] | None = None,
    *,
    postgres: Presence = PRESENT,
    notion: Presence = PRESENT,
    base: Mapping[str, Value] = BASE,
) -> Record:
    return Record(
        id=1,
        mapping=1,
        key="k",
        page_id="p",
        base=base,
        postgres=row or {},
        notion=page or {},
        postgres_presence=postgres,
        notion_presence=notion,
        key_on_page=True,
    )


def settled(found: Record, rules: TableMapping | None = None, **more: Any) -> Settled:
    return settle(found, rules or mapping(), ambiguous="notion", **more)


def with_field(name: str, **changes: Any) -> TableMapping:
    plain = mapping()
    return replace(
        plain, fields=tuple(replace(item, **changes) if item.name == name else item for item in plain.fields)
    )


# --- values that are none


def test_a_field_that_is_mapped_no_more_or_has_no_value_yet_is_held() -> None:
    found = record({"dropped": change("x")}, {"note": change(refused("?", "no"))})
    done = settled(found)
    assert (done.record, done.held, done.conflicts) == (found, frozenset({"dropped", "note"}), ())


def test_what_notion_stored_otherwise_gives_way_to_the_next_edit_of_the_row() -> None:
    shown = {"note": change(normalised("N"))}
    waiting = settled(record({}, shown))
    assert (waiting.record, waiting.held) == (record({}, shown), frozenset({"note"}))
    edited = settled(record({"note": change("m")}, shown))
    assert (edited.record, edited.held) == (record({"note": change("m")}), frozenset())


# --- own writes of a run that was interrupted


def own(value: Value) -> PendingChange:
    return replace(change(value, 300, 60, 9), origin="run:r")


def test_a_value_that_a_killed_run_of_ours_left_is_nobodys_edit() -> None:
    later = settled(record({"note": change("later", seq=5)}, {"note": own("sent")}))
    assert later.conflicts == ()
    assert later.record == record({"note": change("later", seq=5)}, base={**BASE, "note": "sent"})
    arrived = settled(record({"note": change("sent")}, {"note": own("sent")}))
    assert (arrived.conflicts, arrived.agreed) == ((), ("note",))
    assert arrived.record == record(base={**BASE, "note": "sent"})
    weaker = settled(record({"day": change(SECONDS)}, {"day": own(field("day").codec.weaken(SECONDS))}))
    assert weaker.record == record(base={**BASE, "day": SECONDS})


def test_and_gives_way_to_the_base_where_the_row_was_set_back() -> None:
    done = settled(record({}, {"note": own("sent")}))
    back = replace(own("sent"), value="n", seq=0)
    assert (done.record, done.conflicts) == (record({"note": back}, base={**BASE, "note": "sent"}), ())


def test_without_a_base_it_is_what_the_page_brings() -> None:
    found = record({}, {"note": own("sent")}, base={})
    assert settled(found).record == found


def test_a_persons_edit_is_no_own_write() -> None:
    done = settled(record({"note": change("p", 0)}, {"note": change("n!", 300, 60)}))
    assert [item.type for item in done.conflicts] == ["update_differing"]


# --- weaker forms


def test_a_change_that_the_page_shows_already_needs_no_write() -> None:
    done = settled(record({"day": change(SECONDS)}))
    assert done.record == record(base={**BASE, "day": SECONDS})
    other = record({"day": change("2026-05-05T00:00:00.000000Z")})
    assert settled(other).record == other


def test_unless_the_page_is_gone_shows_something_else_or_nothing_was_agreed() -> None:
    gone = record({"day": change(SECONDS)}, notion=GONE)
    assert settled(gone).record == gone
    new = record({"day": change(SECONDS)}, base={}, notion=ABSENT)
    assert settled(new).record == new
    edited = record({"day": change(SECONDS, 500)}, {"day": change("2026-05-05T00:00:00.000000Z", 0, 60)})
    assert [item.winner for item in settled(edited).conflicts] == [Side.POSTGRES]


# --- one-way fields

OTHER = "2026-05-05T00:00:00.000000Z"


@pytest.mark.parametrize("where", ["field", "table"])
def test_an_edit_against_the_direction_is_undone_by_the_leaders_value(where: str) -> None:
    def one_way(direction: Direction) -> TableMapping:
        if where == "table":
            return replace(mapping(), direction=direction)
        return with_field("day", direction=direction)

    typed = change(OTHER, 300, 60, 4)
    to_notion = settled(record({}, {"day": typed}), one_way("to-notion"))
    assert to_notion.conflicts == ()
    assert to_notion.record == record({"day": replace(typed, value=EXACT)}, base={**BASE, "day": OTHER})
    stored = change(OTHER, 0, 0, 4)
    from_notion = settled(record({"day": stored}), one_way("from-notion"))
    assert from_notion.conflicts == ()
    assert from_notion.record == record({}, {"day": replace(stored, value=SHOWN)}, base={**BASE, "day": OTHER})


def test_the_leaders_own_edit_beats_any_other_without_a_conflict() -> None:
    row, page = change("p", 0), change("n!", 300, 60)
    led = settled(record({"note": row}, {"note": page}), with_field("note", direction="to-notion"))
    assert (led.record, led.conflicts) == (record({"note": row}, base={**BASE, "note": "n!"}), ())
    led = settled(record({"note": row}, {"note": page}), with_field("note", direction="from-notion"))
    assert (led.record, led.conflicts) == (record({}, {"note": page}, base={**BASE, "note": "p"}), ())


def test_the_leaders_edit_alone_crosses() -> None:
    row, page = record({"note": change("p")}), record({}, {"note": change("n!")})
    assert settled(row, with_field("note", direction="to-notion")).record == row
    assert settled(page, with_field("note", direction="from-notion")).record == page


def test_a_first_value_may_come_from_the_follower_only_where_notion_leads() -> None:
    """A row that Notion knows nothing of brings its value; a page shows its own until it has a row."""
    new_row = record({"note": change("p")}, base={}, notion=ABSENT)
    assert settled(new_row, with_field("note", direction="from-notion")).record == new_row
    new_page = record({}, {"note": change("n!")}, base={}, postgres=ABSENT)
    taken = settled(new_page, with_field("note", direction="to-notion"))
    assert taken.record == replace(new_page, base={"note": "n!"}, notion={})


def test_a_page_brings_the_key_of_its_row_until_it_has_one() -> None:
    rules = with_field("note", direction="to-notion", gives_key=True)
    new_page = record({}, {"note": change("9")}, base={}, postgres=ABSENT)
    assert settled(new_page, rules).record == new_page
    later = settled(record({}, {"note": change("9")}), rules)
    assert later.record.postgres["note"].value == "n" and not later.record.notion


# --- third values

COMBINING: ConflictPolicy = "max"


@pytest.mark.parametrize(
    ("postgres", "notion", "writable", "merged"),
    [
        (PRESENT, PRESENT, True, True),
        (PRESENT, PRESENT, False, False),
        (PRESENT, GONE, True, False),
        (ABSENT, PRESENT, True, False),
    ],
)
def test_a_third_value_needs_a_page_and_a_row_that_takes_it(
    postgres: Presence, notion: Presence, writable: bool, merged: bool
) -> None:
    rules = with_field("note", conflict=COMBINING, writable=writable)
    found = record({"note": change(3, 0)}, {"note": change(5, 300, 60)}, postgres=postgres, notion=notion)
    assert present_on_both(found) is (postgres is PRESENT and notion is PRESENT)
    done = settled(found, rules)
    [conflict] = done.conflicts
    assert conflict.merged is merged and conflict.policy == COMBINING
    assert dict(done.merged) == ({"note": 5} if merged else {})
    assert conflict.winner is (None if merged else Side.NOTION)
    assert done.held == (frozenset({"note"}) if merged else frozenset())


def test_a_resolver_is_asked_for_its_own_fields_only_and_named_as_the_policy() -> None:
    asked: list[str] = []

    def resolver_of(item: FieldMapping) -> Any:
        asked.append(item.name)
        return lambda base, postgres, notion: Combined([base, postgres, notion], "so")

    rules = with_field("note", conflict="custom", resolver="sql:s.f")
    both = record({"note": change("p"), "title": change("x", 0)}, {"note": change("m"), "title": change("y", 300)})
    done = settled(both, rules, resolver_of=resolver_of)
    assert asked == ["note"]
    assert done.merged == {"note": ["n", "p", "m"]}
    assert {item.field: item.policy for item in done.conflicts} == {"note": "sql:s.f", "title": "newest"}
    [alone] = [item for item in settled(both, rules).conflicts if item.field == "note"]
    assert (alone.winner, alone.merged) == (None, False)


def test_a_conflict_has_all_that_there_is_to_know() -> None:
    row, page = change("p", 0, 0, 3), change("m", 300, 60, 4)
    [told] = settled(record({"note": row}, {"note": page}), with_field("note", conflict="manual")).conflicts
    assert told == Conflict(
        field="note",
        type="update_differing",
        base="n",
        postgres=row,
        notion=page,
        winner=None,
        reason="the policy for this field is manual: a person decides",
        policy="manual",
        merged=False,
    )
    [first] = settled(record({"note": row}, {"note": page}, base={})).conflicts
    assert (first.type, first.base, first.winner) == ("insert_exists", None, Side.NOTION)


def test_what_waits_for_a_person_is_not_told_twice_and_ends_when_both_agree() -> None:
    rules = with_field("note", conflict="manual")
    both = record({"note": change("p")}, {"note": change("m")})
    again = settled(both, rules, already_open=["note"])
    assert (again.conflicts, again.held, again.record) == ((), frozenset({"note"}), both)
    newest = settled(both, already_open=["note"])
    assert (newest.conflicts, newest.held, newest.record) == ((), frozenset({"note"}), both)
    later = {"title": change("x", 0)}, {"title": change("y", 300, 60)}
    beside = record({**both.postgres, **later[0]}, {**both.notion, **later[1]})
    assert [item.field for item in settled(beside, rules, already_open=["note"]).conflicts] == ["title"]
    agreed = settled(record({"note": change("same")}, {"note": change("same")}), rules, already_open=["note"])
    assert (agreed.agreed, agreed.record) == (("note",), record(base={**BASE, "note": "same"}))
