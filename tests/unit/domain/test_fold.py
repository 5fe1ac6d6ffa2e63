"""Folding: order, snapshots, echoes, deletes and keys."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.domain.events import ChangeEvent, Op
from sync_engine.domain.fold import fold_page_values, fold_row_event, page_changes
from sync_engine.domain.ordering import visible_in
from sync_engine.domain.record import Presence, Record
from tests.support.things import change, mapping, row_event


def replace_snapshot(event: ChangeEvent) -> ChangeEvent:
    """The same rows, read before transaction 106 as well."""
    return event._replace(snapshot="100:106:105")


FRESH = Record(id=0, mapping=1, key="k")
LINKED = Record(
    id=1,
    mapping=1,
    key="k",
    page_id="p",
    base={"title": "a", "note": "x"},
    postgres_presence=Presence.PRESENT,
    notion_presence=Presence.PRESENT,
    key_on_page=True,
)


def test_an_inserted_row_is_pending_in_full() -> None:
    record = fold_row_event(FRESH, row_event(1, Op.INSERT, {"title": "a", "flag": None, "unmapped": 1}), mapping())
    assert record.postgres_presence is Presence.PRESENT
    assert {name: item.value for name, item in record.postgres.items()} == {"title": "a", "flag": None}


def test_the_engines_own_write_coming_back_leaves_nothing_pending() -> None:
    echo = row_event(5, Op.UPDATE, {"title": "a"}, origin="run:r")
    assert fold_row_event(LINKED, echo, mapping()).quiet


def test_a_value_set_back_is_no_change() -> None:
    there = fold_row_event(LINKED, row_event(5, Op.UPDATE, {"title": "b"}), mapping())
    assert there.postgres["title"].value == "b"
    assert fold_row_event(there, row_event(6, Op.UPDATE, {"title": "a"}), mapping()).quiet


def test_a_repeated_event_changes_nothing() -> None:
    change_event = row_event(5, Op.UPDATE, {"title": "b"})
    once = fold_row_event(LINKED, change_event, mapping())
    assert fold_row_event(once, change_event, mapping()) == once


def test_a_backfilled_row_never_overwrites_a_newer_change() -> None:
    """The change (txid 105) is not in the snapshot, so it is newer, whichever is delivered first."""
    snapshot = row_event(9, Op.SNAPSHOT, {"title": "old"}, snapshot="100:110:105")
    newer = row_event(5, Op.UPDATE, {"title": "new"}, txid=105)
    one_way = fold_row_event(fold_row_event(FRESH, newer, mapping()), snapshot, mapping())
    other_way = fold_row_event(fold_row_event(FRESH, snapshot, mapping()), newer, mapping())
    assert one_way.postgres["title"].value == "new"
    assert other_way.postgres["title"].value == "new"


def test_a_backfilled_row_tells_what_a_change_before_it_did_not() -> None:
    """An update that was under way while its row was backfilled has an earlier number and only its own columns."""
    newer = row_event(5, Op.UPDATE, {"title": "new"}, txid=105)
    snapshot = row_event(9, Op.SNAPSHOT, {"title": "old", "note": "n"}, snapshot="100:110:105")
    record = fold_row_event(fold_row_event(FRESH, newer, mapping()), snapshot, mapping())
    assert {name: item.value for name, item in record.postgres.items()} == {"title": "new", "note": "n"}
    agreed = replace(record, base={"title": "new", "note": "m"}, postgres={})
    assert fold_row_event(agreed, snapshot, mapping()) == agreed
    gone = fold_row_event(record, row_event(6, Op.DELETE, txid=106), mapping())
    assert fold_row_event(gone, replace_snapshot(snapshot), mapping()) == gone


def test_a_late_commit_of_an_old_transaction_counts_as_the_newest_event() -> None:
    """Transaction 101 wrote after 105 did (row locks order them) and is not in the snapshot."""
    first = fold_row_event(FRESH, row_event(5, Op.INSERT, {"title": "a"}, txid=105), mapping())
    second = fold_row_event(first, row_event(6, Op.UPDATE, {"title": "b"}, txid=101), mapping())
    snapshot = row_event(9, Op.SNAPSHOT, {"title": "a"}, snapshot="101:110:101")
    assert fold_row_event(second, snapshot, mapping()).postgres["title"].value == "b"


def test_a_deleted_row_is_gone_and_a_key_inserted_again_is_a_new_incarnation() -> None:
    gone = fold_row_event(LINKED, row_event(5, Op.DELETE), mapping())
    assert gone.postgres_presence is Presence.GONE
    both_gone = replace(gone, notion_presence=Presence.GONE)
    again = fold_row_event(both_gone, row_event(6, Op.INSERT, {"title": "c"}), mapping())
    assert (again.incarnation, again.page_id, again.base) == (2, "", {})


def test_a_row_deleted_and_inserted_again_while_its_page_lives_is_an_edit() -> None:
    gone = fold_row_event(LINKED, row_event(5, Op.DELETE), mapping())
    back = fold_row_event(gone, row_event(6, Op.INSERT, {"title": "a", "note": "y"}), mapping())
    assert (back.incarnation, back.page_id) == (1, "p")
    assert {name: item.value for name, item in back.postgres.items()} == {"note": "y"}


def test_a_changed_key_is_the_same_record_with_another_key_on_the_page() -> None:
    moved = fold_row_event(LINKED, row_event(5, Op.UPDATE, {"title": "a"}, key="k2", old_key="k"), mapping())
    assert (moved.key, moved.page_id, moved.key_on_page) == ("k2", "p", False)


def test_a_page_that_shows_the_weak_form_of_the_base_is_unchanged() -> None:
    base = {"flag": None, "day": "2026-01-01T10:00:30.250000Z", "note": ""}
    record = replace(LINKED, base=base)
    shown = {"flag": False, "day": mapping().by_name["day"].codec.weaken(base["day"]), "note": None}
    assert page_changes(record, shown, mapping()) == {}


def test_an_edit_of_the_page_is_pending_until_it_is_set_back() -> None:
    assert page_changes(LINKED, {"title": "b", "note": "x"}, mapping()) == {"title": "b"}
    edited = fold_page_values(LINKED, {"title": change("b")}, mapping())
    assert edited.notion["title"].value == "b"
    assert fold_page_values(edited, {"title": change("a")}, mapping()).quiet


def test_visibility_follows_postgres() -> None:
    assert visible_in(99, "100:110:105")
    assert not visible_in(105, "100:110:105")
    assert visible_in(104, "100:110:105")
    assert not visible_in(110, "100:110:105")
