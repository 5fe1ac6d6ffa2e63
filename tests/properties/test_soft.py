"""The laws of soft deletes: a marked row is gone whatever happens to it, an unmarked one is all there again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_row_event, postgres_value
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject
from tests.support.things import EPOCH, mapping

RULES = replace(mapping(), soft_column="gone", soft_type="timestamptz")
MARKS = st.sampled_from([None, "2026-01-01T00:00:00Z"])
EDITS: st.SearchStrategy[JsonObject] = st.one_of(
    st.fixed_dictionaries({"note": st.text("xyz", max_size=2)}),
    st.fixed_dictionaries({"gone": MARKS}),
    st.fixed_dictionaries({"note": st.text("xyz", max_size=2), "gone": MARKS}),
    st.fixed_dictionaries({"title": st.text("abc", min_size=1, max_size=2)}),
)


def event(seq: int, op: Op, after: JsonObject) -> ChangeEvent:
    return ChangeEvent(seq, seq, Side.POSTGRES, 1, "k", op, None, after, Interval.instant(EPOCH), EPOCH)


@given(MARKS, st.lists(EDITS, max_size=8), st.booleans())
def test_the_mark_alone_says_whether_the_row_is_there(
    mark: str | None, edits: list[JsonObject], linked: bool
) -> None:
    row: JsonObject = {"title": "t", "note": "n", "gone": mark}
    record = fold_row_event(Record(0, 1, "k"), event(1, Op.INSERT, row), RULES)
    if linked:
        record = replace(
            record,
            base={name: change.value for name, change in record.postgres.items()},
            postgres={},
            page_id="p",
            notion_presence=Presence.PRESENT,
        )
    for seq, edit in enumerate(edits, 2):
        row = row | edit
        record = fold_row_event(record, event(seq, Op.UPDATE, edit), RULES)
        assert record.postgres_presence is (Presence.PRESENT if row["gone"] is None else Presence.GONE)
        assert record.page_id == ("p" if linked else "") and record.incarnation == 1
    for name in ("title", "note"):
        assert postgres_value(record, RULES.by_name[name]) == row[name]
