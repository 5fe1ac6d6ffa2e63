"""What every store of conflicts keeps: both values, and by which rules they were decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject
from sync_engine.errors import DatabaseError
from sync_engine.ports.conflicts import ConflictRow, SideValue
from sync_engine.ports.database import UnitOfWork

AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)


def conflict(**changes: object) -> ConflictRow:
    plain = ConflictRow(
        mapping=1,
        record_id=5,
        key="k",
        field="name",
        type="update_differing",
        status="open",
        base="old",
        postgres=SideValue("pg", Interval.instant(AT), {"role": "app"}, 3),
        notion=SideValue(None, Interval(AT, AT + timedelta(minutes=1)), {"person": "p"}, 4),
        winner="",
        reason="both edited",
        policy="manual",
        run_id="r1",
    )
    return replace(plain, **changes)


def test_every_field_comes_back(unit: UnitOfWork) -> None:
    full = conflict(
        status="swapped",
        base=None,
        postgres=SideValue(["a", None], None, {}),
        winner="notion",
        policy_version=3,
        occurrences=4,
        detected_at=AT,
        resolved_at=AT,
        resolved_by="ada",
    )
    (stored,) = unit.conflicts.add([full])
    assert stored == replace(full, id=stored.id)
    assert unit.conflicts.get(stored.id) == stored
    assert unit.conflicts.get(stored.id + 1) is None


def test_a_repeat_updates_the_open_conflict(unit: UnitOfWork) -> None:
    (first,) = unit.conflicts.add([conflict()])
    newer = SideValue("pg 2", Interval.instant(AT), {"role": "other"}, 9)
    (second,) = unit.conflicts.add([conflict(postgres=newer, reason="again", run_id="r2")])
    assert (second.id, second.occurrences, second.detected_at) == (first.id, 2, first.detected_at)
    assert unit.conflicts.get(first.id) == second
    assert second.postgres == newer and second.run_id == "r2"


def test_a_repeat_in_one_call(unit: UnitOfWork) -> None:
    one, other, again = unit.conflicts.add([conflict(), conflict(field="b"), conflict(reason="again")])
    assert again.id == one.id != other.id
    assert again.occurrences == 2 and unit.conflicts.get(one.id) == again


def test_closed_conflicts_are_not_updated(unit: UnitOfWork) -> None:
    first, second = unit.conflicts.add([conflict(status="auto"), conflict(status="auto")])
    (third,) = unit.conflicts.add([conflict()])
    assert len({first.id, second.id, third.id}) == 3


def test_update_closes(unit: UnitOfWork) -> None:
    (first,) = unit.conflicts.add([conflict()])
    closed = replace(
        first, status="resolved", winner="postgres", reason="chosen", resolved_at=AT, resolved_by="ada"
    )
    unit.conflicts.update(closed)
    assert unit.conflicts.get(first.id) == closed
    with pytest.raises(DatabaseError):
        unit.conflicts.update(replace(closed, id=999))


def test_find_and_count(unit: UnitOfWork) -> None:
    a, b, c = unit.conflicts.add([conflict(), conflict(field="b", status="auto"), conflict(field="c", mapping=2)])
    assert unit.conflicts.find(["open"]) == [a, c]
    assert unit.conflicts.find(["open", "auto"], mapping=1) == [a, b]
    assert unit.conflicts.find([]) == []
    assert (unit.conflicts.count_open(), unit.conflicts.count_open(2), unit.conflicts.count_open(3)) == (2, 1, 0)


def test_only_closed_ones_are_forgotten_when_their_time_is_over(unit: UnitOfWork) -> None:
    kept = unit.conflicts.add(
        [
            conflict(detected_at=AT),
            conflict(field="b", status="resolved", detected_at=AT, resolved_at=datetime.now(UTC)),
            conflict(field="c", status="auto"),
        ]
    )
    unit.conflicts.add(
        [
            conflict(field="d", status="auto", detected_at=AT),
            conflict(field="e", status="swapped", detected_at=AT, resolved_at=AT),
        ]
    )
    assert unit.conflicts.forget(timedelta(hours=1)) == 2
    assert unit.conflicts.find(["open", "auto", "resolved", "swapped"]) == kept
    assert unit.conflicts.forget(timedelta(hours=1)) == 0


def test_one_record(unit: UnitOfWork) -> None:
    one, _ = unit.conflicts.add([conflict(status="auto"), conflict(status="auto", record_id=6)])
    assert unit.conflicts.find(["auto"], record=5) == [one]


def test_rules_have_a_version_until_they_change(unit: UnitOfWork) -> None:
    rules: JsonObject = {"fields": {"name": "newest"}}
    other: JsonObject = {"fields": {"name": "manual"}}
    versions = [unit.conflicts.policy_version(1, told) for told in (rules, rules, other, rules)]
    assert versions == [1, 1, 2, 3]
    assert unit.conflicts.policy_version(2, other) == 1
    told = unit.conflicts.policy(1, 2)
    assert told is not None and (told.version, told.rules) == (2, other)
    assert unit.conflicts.policy(1, 4) is None
