"""What every journal keeps: intent before the effect, result after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sync_engine.domain.events import Side
from sync_engine.errors import DatabaseError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry, JournalFilter


def entry(**changes: object) -> JournalEntry:
    plain = JournalEntry(
        run_id="r1",
        side=Side.POSTGRES,
        mapping=1,
        record_id=5,
        key="k",
        page_id="p",
        op=ChangeOp.UPDATE,
        before={"name": "old"},
        after={"name": "new"},
    )
    return replace(plain, **changes)


def found(unit: UnitOfWork, **wanted: object) -> list[int]:
    return [item.id for item in unit.journal.find(JournalFilter(**wanted))]


def test_intend_gives_ids_and_times_in_order(unit: UnitOfWork) -> None:
    written = unit.journal.intend([entry(key="b"), entry(key="a")])
    assert [item.key for item in written] == ["b", "a"]
    assert 0 < written[0].id < written[1].id
    assert all(item.at and item.at.tzinfo for item in written)


def test_every_field_comes_back(unit: UnitOfWork) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
    full = entry(
        side=Side.NOTION,
        op=ChangeOp.CREATE,
        before=None,
        after={"a": None, "b": [1, "x"], "c": "ü"},
        cause="snapshot",
        seqs=(3, 2**40),
        status=ChangeStatus.FAILED,
        error="no",
        at=at,
    )
    bare = entry(key="", page_id="", before={}, after=None)
    written = list(unit.journal.intend([full, bare]))
    assert list(unit.journal.find(JournalFilter())) == written
    assert written == [replace(full, id=written[0].id), replace(bare, id=written[1].id, at=written[1].at)]


def test_finish_stores_the_result(unit: UnitOfWork) -> None:
    first, other = unit.journal.intend([entry(page_id="", key="", record_id=0), entry()])
    done = replace(
        first,
        status=ChangeStatus.DONE,
        after={"name": "as stored"},
        page_id="p9",
        key="k9",
        record_id=9,
        error="-",
    )
    unit.journal.finish([done])
    assert list(unit.journal.find(JournalFilter())) == [done, other]


def test_finish_refuses_an_unknown_entry(unit: UnitOfWork) -> None:
    with pytest.raises(DatabaseError):
        unit.journal.finish([entry(id=77)])


def test_find_filters(unit: UnitOfWork) -> None:
    one, two, three = unit.journal.intend(
        [entry(), entry(run_id="r2", key="other", record_id=6), entry(mapping=2, status=ChangeStatus.DONE)]
    )
    assert found(unit) == [one.id, two.id, three.id]
    assert found(unit, run_id="r1") == [one.id, three.id]
    assert found(unit, mapping=1, key="k") == [one.id]
    assert found(unit, record_id=6) == [two.id]
    assert found(unit, status=ChangeStatus.DONE) == [three.id]
    assert found(unit, after_id=one.id) == [two.id, three.id]
    assert found(unit, run_id="r3") == []


def test_many_entries_are_streamed_whole(unit: UnitOfWork) -> None:
    written = unit.journal.intend([entry(key=str(n)) for n in range(4_000)])
    assert found(unit) == [item.id for item in written]


def test_position(unit: UnitOfWork) -> None:
    assert unit.journal.position() == 0
    (written,) = unit.journal.intend([entry()])
    assert unit.journal.position() == written.id
    assert unit.journal.intend([]) == []
