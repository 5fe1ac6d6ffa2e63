"""What the log tells of rows and pages at a time."""

from __future__ import annotations

from typing import Any

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.timeline import lineage, told
from tests.support.things import row_event


def seen(seq: int, op: Op, after: dict[str, Any] | None, **more: Any) -> ChangeEvent:
    return row_event(seq, op, after, **{"source": Side.NOTION, "page_id": "p", **more})


def test_a_row_is_inserted_changed_and_deleted() -> None:
    story = [row_event(1, Op.INSERT, {"a": 1, "b": 2}), row_event(2, Op.UPDATE, {"b": 3}), row_event(3, Op.DELETE)]
    assert (told(story[:2]).rows["k"].image, told(story[:2]).rows["k"].exists) == ({"a": 1, "b": 3}, True)
    assert not told(story).rows["k"].exists


def test_a_backfilled_row_lies_beneath_a_change_that_it_does_not_see() -> None:
    late = row_event(9, Op.SNAPSHOT, {"a": "old", "b": 2}, snapshot="100:105:")
    assert told([row_event(5, Op.UPDATE, {"a": "new"}), late]).rows["k"].image == {"a": "new", "b": 2}
    assert not told([row_event(5, Op.DELETE), late]).rows["k"].exists
    seen_by_it = late._replace(snapshot="100:106:")
    assert told([row_event(5, Op.UPDATE, {"a": "new"}), seen_by_it]).rows["k"].image == {"a": "old", "b": 2}


def test_a_table_emptied_at_once() -> None:
    emptied = row_event(2, Op.TRUNCATE, key="")
    after = told([row_event(1, Op.INSERT, {"a": 1}), emptied, row_event(3, Op.INSERT, {"a": 2}, key="later")])
    assert [key for key, row in after.rows.items() if row.exists] == ["later"]


def test_a_record_keeps_its_page_when_its_key_changes() -> None:
    story = [
        row_event(1, Op.INSERT, {"a": 1}),
        seen(2, Op.INSERT, {"a": 1}),
        row_event(3, Op.UPDATE, {"a": 2}, key="k2", old_key="k"),
    ]
    after = told(story)
    assert (after.rows["k2"].image, after.rows["k"].exists) == ({"a": 2}, False)
    page = after.page_of("k2")
    assert page is not None and page.page_id == "p"
    assert after.names() == ["k", "k2"]


def test_a_page_has_no_key_before_its_row_exists() -> None:
    story = [seen(1, Op.INSERT, {"a": 1}, key=""), seen(2, Op.UPDATE, {}, key="k")]
    assert [page.page_id for page in told(story[:1]).unkeyed()] == ["p"]
    assert told(story).unkeyed() == []
    trashed = told([*story, seen(3, Op.DELETE, None, before={"a": 5})]).page_of("k")
    assert trashed is not None and (trashed.exists, trashed.values) == (False, {"a": 5})


def test_the_events_of_a_record_are_those_under_all_its_keys_and_of_nobody_else() -> None:
    mine = [
        row_event(2, Op.INSERT, {"a": 1}, key="old"),
        row_event(5, Op.UPDATE, {"a": 2}, key="k", old_key="old"),
        seen(6, Op.UPDATE, {"a": 3}, key="old"),
        row_event(8, Op.UPDATE, {"a": 4}),
    ]
    others = [
        row_event(1, Op.INSERT, {"a": 9}),
        row_event(3, Op.DELETE),
        row_event(7, Op.INSERT, {"a": 9}, key="old"),
        seen(9, Op.UPDATE, {"a": 9}, page_id="another"),
    ]
    assert list(lineage([*mine, *others], "k", ["p"])) == mine
