"""Edits folded where the records are: the same as one by one in `domain/fold.py`, or left to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_among, told_by_edit
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.values import Value
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.records import RowEdit
from tests.support.things import EPOCH, change, mapping, row_event

RULES = mapping()

texts = st.sampled_from(["a", "b", "", "ä👋", "a,b", '"', None])
flags = st.sampled_from([True, False, None])
values = st.fixed_dictionaries({}, optional={"title": texts, "note": texts, "flag": flags})


def pending(told: Mapping[str, Value]) -> Mapping[str, PendingChange]:
    return {name: change(value, length=60) for name, value in told.items()}


records = st.builds(
    Record,
    id=st.just(0),
    mapping=st.just(RULES.id),
    key=st.just("k"),
    page_id=st.just("page"),
    incarnation=st.sampled_from([1, 2]),
    base=values,
    postgres=values.map(pending),
    notion=st.one_of(st.just({}), values.map(pending)),
    postgres_presence=st.sampled_from(Presence),
    notion_presence=st.sampled_from(Presence),
    postgres_seq=st.sampled_from([0, 9, 10, 11]),
    postgres_txid=st.sampled_from([0, 100]),
    key_on_page=st.booleans(),
    detached=st.booleans(),
)
images = st.fixed_dictionaries({}, optional={"title": texts, "note": texts, "flag": flags, "unmapped": texts})


def edit(after: Mapping[str, Value], seq: int = 10) -> ChangeEvent:
    occurred = Interval.instant(EPOCH + timedelta(microseconds=seq))
    actor, origin = {"role": "app"}, "rollback:1" if seq % 2 else ""
    return row_event(seq, Op.UPDATE, dict(after), occurred=occurred, actor=actor, origin=origin)


def folded_in_store(uow: UnitOfWork, event: ChangeEvent) -> bool:
    changes = told_by_edit(event, RULES)
    assert changes is not None
    keys = uow.records.fold(RULES.id, [RowEdit(event.key, event.seq, event.txid, changes)])
    assert set(keys) <= {event.key}
    return bool(keys)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=records, after=images, seq=st.sampled_from([10, 13]))
def test_fold_agrees_with_the_rules(store: Database, record: Record, after: dict[str, Value], seq: int) -> None:
    event = edit(after, seq)
    with store.transaction() as uow:
        old = replace(record, page_id="", incarnation=0, postgres_presence=Presence.GONE)
        before = uow.records.save([old, record])
        owners = {"k": list(before)}
        fold_among(owners, event, RULES)
        done = folded_in_store(uow, event)
        after_it = uow.records.by_id([item.id for item in before])
        assert after_it[before[0].id] == before[0]
        assert after_it[before[1].id] == (owners["k"][-1] if done else before[1])
        unquiet = uow.records.unquiet([item.id for item in before])
        assert unquiet.keys() == {item.id for item in after_it.values() if not item.quiet}
        ahead = record.postgres_seq >= seq
        assert done == (record.postgres_presence is Presence.PRESENT and not ahead)
        uow.records.remove([item.id for item in before])


def test_a_held_record_is_left_to_the_rules(unit: UnitOfWork) -> None:
    linked = Record(0, RULES.id, "k", base={"title": "a"}, postgres_presence=Presence.PRESENT)
    [saved] = unit.records.save([linked])
    unit.held.hold(HeldRecord(saved.id, RULES.id, "k", Side.NOTION, "update", "no"))
    assert not folded_in_store(unit, edit({"title": "b"}))
    assert unit.records.by_id([saved.id])[saved.id] == saved


def test_an_unknown_key_is_left_to_the_rules(unit: UnitOfWork) -> None:
    assert not folded_in_store(unit, edit({"title": "b"}))


@pytest.mark.parametrize(
    "event",
    [
        row_event(10, Op.INSERT, {"title": "a"}),
        row_event(10, Op.DELETE),
        row_event(10, Op.UPDATE, {"title": "a"}, old_key="before"),
        row_event(10, Op.UPDATE, {"title": "a"}, snapshot="1:1:"),
    ],
)
def test_more_than_an_edit_is_left_to_the_rules(event: ChangeEvent) -> None:
    assert told_by_edit(event, RULES) is None


@pytest.mark.parametrize(
    "rules", [replace(RULES, row_filter="true"), replace(RULES, soft_column="deleted_at")], ids=["filter", "soft"]
)
def test_what_a_table_decides_itself_is_left_to_the_rules(rules: TableMapping) -> None:
    assert told_by_edit(edit({"title": "b"}), rules) is None
