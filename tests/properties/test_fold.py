"""The laws of folding: after any history a record knows what its row and page hold, since when, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.events import ChangeEvent, Op
from sync_engine.domain.fold import fold_among, fold_page_values, fold_row_event, page_changes, postgres_value
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import flipping, normalised
from sync_engine.domain.values import JsonObject, Value
from tests.support.things import EPOCH, change, mapping, row_event

ABSENT, PRESENT, GONE = Presence.ABSENT, Presence.PRESENT, Presence.GONE
RULES = mapping()
LINKED = Record(
    id=1,
    mapping=1,
    key="k",
    page_id="p",
    base={"title": "a", "note": "x"},
    postgres_presence=PRESENT,
    notion_presence=PRESENT,
    notion_observed_at=EPOCH,
    notion_edited_at=EPOCH,
    postgres_seq=10,
    postgres_txid=110,
    key_on_page=True,
)

titles, notes = st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y", None])
whole = st.fixed_dictionaries({"title": titles, "note": notes, "unmapped": st.just(1)})
partly: st.SearchStrategy[JsonObject] = st.one_of(
    st.fixed_dictionaries({"title": titles}), st.fixed_dictionaries({"note": notes})
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just(Op.UPDATE), partly),
        st.tuples(st.sampled_from([Op.DELETE, Op.TRUNCATE]), st.none()),
    ),
    max_size=10,
)


def told(seq: int, op: Op, after: JsonObject | None, **more: Any) -> ChangeEvent:
    """An event with a time, an actor and an origin of its own."""
    details: dict[str, Any] = {
        "occurred": Interval.instant(EPOCH + timedelta(seconds=seq)),
        "actor": {"name": f"person {seq}"},
        "origin": f"run:{seq}",
    }
    return row_event(seq, op, after, **{**details, **more})


def as_told(value: Value, event: ChangeEvent) -> PendingChange:
    return PendingChange(value, event.occurred, event.actor, event.seq, event.origin)


@dataclass
class Row:
    """The row as it is, and the event that last set each of its columns."""

    values: dict[str, Any] = field(default_factory=dict)
    set_by: dict[str, ChangeEvent] = field(default_factory=dict)
    exists: bool = True

    def take(self, event: ChangeEvent) -> None:
        if event.op in (Op.DELETE, Op.TRUNCATE):
            self.values, self.set_by, self.exists = {}, {}, False
            return
        self.exists = True
        for name, value in (event.after or {}).items():
            self.values[name] = value
            self.set_by[name] = event


def history(first: JsonObject, changes: list[tuple[Op, JsonObject | None]]) -> list[ChangeEvent]:
    """Inserts, updates and deletes as Postgres allows them: a row that is gone can only be inserted."""
    events, there = [told(11, Op.INSERT, first)], True
    for seq, (op, after) in enumerate(changes, 12):
        if there:
            events.append(told(seq, op, after))
            there = op is Op.UPDATE
        else:
            events.append(told(seq, Op.INSERT, {**first, **(after or {})}))
            there = True
    return events


@given(whole, steps)
def test_after_any_history_the_record_has_the_row_and_who_set_each_value_when(
    first: JsonObject, changes: list[tuple[Op, JsonObject | None]]
) -> None:
    record, row = Record(id=0, mapping=1, key="k"), Row()
    for event in history(first, changes):
        record = fold_row_event(record, event, RULES)
        row.take(event)
        assert (record.postgres_seq, record.postgres_txid) == (event.seq, event.txid)
        assert record.postgres_presence is (PRESENT if row.exists else GONE)
        expected = {name: as_told(row.values[name], row.set_by[name]) for name in ("title", "note") if row.exists}
        assert record.postgres == {name: item for name, item in expected.items() if name in row.values}


@given(whole, steps)
def test_folding_an_event_again_changes_nothing(
    first: JsonObject, changes: list[tuple[Op, JsonObject | None]]
) -> None:
    events = history(first, changes)
    record = Record(id=0, mapping=1, key="k")
    for number, event in enumerate(events):
        record = fold_row_event(record, event, RULES)
        for earlier in events[: number + 1]:
            assert fold_row_event(record, earlier, RULES) == record


@given(whole, steps)
def test_beside_a_base_only_what_differs_is_pending(
    first: JsonObject, changes: list[tuple[Op, JsonObject | None]]
) -> None:
    record, row = LINKED, Row(values=dict(LINKED.base))
    for event in history(first, changes):
        record = fold_row_event(record, event, RULES)
        row.take(event)
        if row.exists:
            for name in ("title", "note"):
                assert postgres_value(record, RULES.by_name[name]) == row.values[name]
                assert (name in record.postgres) is (row.values[name] != LINKED.base[name])


def test_an_event_that_is_not_newer_is_not_folded() -> None:
    for seq in (9, 10):
        assert fold_row_event(LINKED, told(seq, Op.UPDATE, {"title": "z"}), RULES) is LINKED
    assert fold_row_event(LINKED, told(11, Op.UPDATE, {"title": "z"}), RULES).postgres_seq == 11


def test_a_deleted_row_has_nothing_pending() -> None:
    edited = replace(LINKED, postgres={"note": change("y")}, notion={"title": change("b")})
    for op in (Op.DELETE, Op.TRUNCATE):
        gone = fold_row_event(edited, told(12, op, None), RULES)
        assert gone == replace(edited, postgres={}, postgres_presence=GONE, postgres_seq=12, postgres_txid=112)


def test_a_row_that_was_missed_before_it_was_inserted_is_there() -> None:
    """A look that found no row (its snapshot is older than the insert) says nothing about the row of today."""
    missed = told(12, Op.DELETE, None, snapshot="105:110:")
    assert fold_row_event(LINKED, missed, RULES) is LINKED
    seen = told(12, Op.DELETE, None, snapshot="105:111:")
    assert fold_row_event(LINKED, seen, RULES).postgres_presence is GONE
    unknown = replace(LINKED, postgres_txid=0)
    assert fold_row_event(unknown, missed, RULES).postgres_presence is GONE


def test_a_row_read_anew_moves_neither_the_place_in_the_log_nor_a_detached_record() -> None:
    snapshot = told(12, Op.SNAPSHOT, {"title": "b", "note": "x"}, snapshot="100:111:")
    left_alone = replace(LINKED, detached=True)
    folded = fold_row_event(left_alone, snapshot, RULES)
    assert (folded.postgres_seq, folded.postgres_txid, folded.detached) == (10, 110, True)
    assert folded.postgres == {"title": as_told("b", snapshot)}
    edited = fold_row_event(left_alone, told(12, Op.UPDATE, {"note": "y"}), RULES)
    assert not edited.detached
    first = fold_row_event(Record(id=0, mapping=1, key="k"), replace_txid(snapshot), RULES)
    assert (first.postgres_presence, first.postgres["title"].value) == (PRESENT, "b")


def replace_txid(event: ChangeEvent) -> ChangeEvent:
    return event._replace(snapshot="")


def test_what_a_row_told_since_lies_above_a_row_that_was_read_before() -> None:
    beneath = told(12, Op.SNAPSHOT, {"title": "old", "note": "old", "day": None}, snapshot="100:110:")
    newer = replace(LINKED, base={"title": "a"}, postgres={"note": change("n")})
    folded = fold_row_event(newer, beneath, RULES)
    assert folded == replace(newer, postgres={"note": change("n"), "day": as_told(None, beneath)})
    assert fold_row_event(folded, beneath, RULES) is folded
    for presence in (GONE, ABSENT):
        away = replace(newer, postgres_presence=presence)
        assert fold_row_event(away, beneath, RULES) is away


def test_a_key_inserted_again_after_both_sides_lost_it_knows_nothing_of_the_old_record() -> None:
    for notion in (GONE, ABSENT):
        lost = replace(
            LINKED,
            postgres={"note": change("y")},
            notion={"title": change("b")},
            postgres_presence=GONE,
            notion_presence=notion,
        )
        again = told(12, Op.INSERT, {"title": "c"})
        assert fold_row_event(lost, again, RULES) == Record(
            id=1,
            mapping=1,
            key="k",
            incarnation=2,
            postgres={"title": as_told("c", again)},
            postgres_presence=PRESENT,
            postgres_seq=12,
            postgres_txid=112,
        )


@pytest.mark.parametrize(
    ("op", "origin", "notion", "whole_again"),
    [
        (Op.INSERT, "rollback:r", GONE, True),
        (Op.INSERT, "replay:r", GONE, True),
        (Op.INSERT, "run:r", GONE, False),
        (Op.UPDATE, "rollback:r", GONE, False),
        (Op.INSERT, "rollback:r", PRESENT, False),
    ],
)
def test_a_row_that_a_rollback_made_again_tells_all_of_it_while_its_page_is_in_the_trash(
    op: Op, origin: str, notion: Presence, whole_again: bool
) -> None:
    record = replace(LINKED, notion_presence=notion)
    folded = fold_row_event(record, told(12, op, {"title": "a", "note": "x"}, origin=origin), RULES)
    assert set(folded.postgres) == ({"title", "note"} if whole_again else set())
    assert folded.base == LINKED.base


# --- keys


def test_a_row_that_changes_its_key_keeps_its_page_and_one_that_does_not_keeps_the_key_on_it() -> None:
    same = fold_row_event(LINKED, told(12, Op.UPDATE, {"note": "y"}, old_key="k"), RULES)
    assert (same.key, same.key_on_page) == ("k", True)
    moved = fold_row_event(LINKED, told(12, Op.UPDATE, {"note": "y"}, key="k2", old_key="k"), RULES)
    assert (moved.key, moved.key_on_page, moved.page_id) == ("k2", False, "p")
    without = fold_row_event(replace(LINKED, key_on_page=False), told(12, Op.UPDATE, {"note": "y"}), RULES)
    assert not without.key_on_page


def folded_among(owners: Mapping[str, list[Record]], event: ChangeEvent) -> dict[str, list[Record]]:
    found = {key: list(records) for key, records in owners.items()}
    fold_among(found, event, RULES)
    return found


def test_an_event_of_a_key_that_nobody_has_makes_a_record() -> None:
    found = folded_among({}, told(12, Op.INSERT, {"title": "c"}))
    [made] = found["k"]
    assert (made.id, made.mapping, made.key, made.incarnation) == (0, 1, "k", 1)


def test_the_newest_owner_of_a_key_takes_the_event() -> None:
    old = replace(LINKED, id=5, page_id="old", postgres_presence=GONE, notion_presence=GONE)
    newest = replace(LINKED, id=6, incarnation=2)
    found = folded_among({"k": [old, newest]}, told(12, Op.UPDATE, {"note": "y"}))
    assert [item.id for item in found["k"]] == [5, 6]
    assert found["k"][0] is old and found["k"][1].postgres["note"].value == "y"


def test_a_new_incarnation_is_a_record_beside_the_old_one_whose_page_others_point_to() -> None:
    gone = replace(LINKED, postgres_presence=GONE, notion_presence=GONE)
    found = folded_among({"k": [gone]}, told(12, Op.INSERT, {"title": "c"}))
    old, new = found["k"]
    assert old is gone
    assert (new.id, new.incarnation, new.page_id) == (0, 2, "")
    pageless = replace(gone, page_id="")
    [reused] = folded_among({"k": [pageless]}, told(12, Op.INSERT, {"title": "c"}))["k"]
    assert (reused.id, reused.incarnation) == (1, 2)


def test_a_row_that_takes_the_key_of_another_record_is_a_later_incarnation_of_that_key() -> None:
    there = replace(LINKED, id=9, key="k2", page_id="q", incarnation=3, postgres_presence=GONE)
    moving = told(12, Op.UPDATE, {"note": "y"}, key="k2", old_key="k")
    found = folded_among({"k": [LINKED], "k2": [there]}, moving)
    assert found["k"] == []
    assert [(item.id, item.key, item.incarnation) for item in found["k2"]] == [(9, "k2", 3), (1, "k2", 4)]
    for incarnation, then in ((3, 4), (4, 4), (7, 7)):
        mover = replace(LINKED, incarnation=incarnation)
        found = folded_among({"k": [mover], "k2": [there]}, moving)
        assert [item.incarnation for item in found["k2"]] == [3, then]


def test_a_row_whose_old_key_is_unknown_belongs_to_its_new_one() -> None:
    moved = told(12, Op.UPDATE, {"note": "y"}, key="k", old_key="before")
    [found] = folded_among({"k": [LINKED]}, moved)["k"]
    assert found.id == 1 and found.postgres["note"].value == "y"


# --- soft deletes

SOFT = replace(RULES, soft_column="gone", soft_type="timestamptz")


def test_a_row_whose_mark_was_taken_away_is_told_again_by_whoever_took_it() -> None:
    marked = replace(LINKED, postgres_presence=GONE, notion_presence=GONE)
    back = told(12, Op.UPDATE, {"gone": None})
    living = fold_row_event(marked, back, SOFT)
    assert (living.postgres_presence, living.incarnation, living.page_id) == (PRESENT, 1, "p")
    assert living.postgres == {"title": as_told("a", back)}
    edited = fold_row_event(marked, told(12, Op.UPDATE, {"gone": None, "title": "z"}), SOFT)
    assert edited.postgres["title"].value == "z"
    never_agreed = fold_row_event(replace(marked, base={}), back, SOFT)
    assert (never_agreed.postgres, never_agreed.postgres_presence) == ({}, PRESENT)


@pytest.mark.parametrize(
    ("before", "after", "presence"),
    [
        (PRESENT, {"gone": "2026-01-01"}, GONE),
        (GONE, {"gone": "2026-01-01"}, GONE),
        (GONE, {"note": "y"}, GONE),
        (PRESENT, {"note": "y"}, PRESENT),
        (PRESENT, {"gone": None}, PRESENT),
    ],
)
def test_the_mark_decides_and_silence_changes_nothing(
    before: Presence, after: JsonObject, presence: Presence
) -> None:
    folded = fold_row_event(replace(LINKED, postgres_presence=before), told(12, Op.UPDATE, after), SOFT)
    assert folded.postgres_presence is presence
    assert "title" not in folded.postgres


def test_a_marked_row_that_is_inserted_is_no_new_incarnation() -> None:
    lost = replace(LINKED, postgres_presence=GONE, notion_presence=GONE)
    marked = fold_row_event(lost, told(12, Op.INSERT, {"title": "c", "gone": "2026-01-01"}), SOFT)
    assert (marked.incarnation, marked.postgres_presence) == (1, GONE)
    living = fold_row_event(lost, told(12, Op.INSERT, {"title": "c", "gone": None}), SOFT)
    assert (living.incarnation, living.postgres_presence) == (2, PRESENT)
    assert living.postgres.keys() == {"title"}


# --- pages

shown = st.dictionaries(st.sampled_from(["title", "note"]), st.sampled_from(["a", "b", "x", "y", ""]), max_size=2)


@given(shown, shown)
def test_what_was_observed_is_no_change_any_more(first: dict[str, str], second: dict[str, str]) -> None:
    record = LINKED
    for values in (first, second):
        found = page_changes(record, values, RULES)
        record = fold_page_values(record, {name: change(value) for name, value in found.items()}, RULES)
        assert page_changes(record, values, RULES) == {}
        for name, value in values.items():
            weak = RULES.by_name[name].codec.weaken(LINKED.base[name])
            assert (name in record.notion) is (value != weak)


def test_a_page_that_shows_what_a_marker_says_is_unchanged() -> None:
    for marker in (normalised("n"), flipping("n", "p")):
        marked = replace(LINKED, notion={"note": change(marker)})
        assert page_changes(marked, {"note": "n", "title": "a"}, RULES) == {}
        assert page_changes(marked, {"note": "m"}, RULES) == {"note": "m"}


def test_a_value_that_never_was_pending_can_be_set_back() -> None:
    assert fold_page_values(LINKED, {"title": change("a")}, RULES) == LINKED
    unknown = replace(LINKED, base={})
    assert fold_page_values(unknown, {"title": change("a")}, RULES).notion == {"title": change("a")}
