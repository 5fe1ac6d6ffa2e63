"""What every store keeps of mappings, held records, runs and marks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_engine.domain.events import Side
from sync_engine.domain.record import Record
from sync_engine.errors import DatabaseError, UsageError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.marks import Mark
from sync_engine.ports.registrations import Registration
from sync_engine.ports.runs import Run

AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
REGISTRATION = Registration(id=0, name="agents", schema="public", table="agents", oid=2**32 - 1)


class TestRegistrations:
    def test_every_field_comes_back(self, unit: UnitOfWork) -> None:
        full = replace(
            REGISTRATION,
            database_id="d",
            data_source_id="s",
            key_property_id="%3A",
            fields={"name": {"number": 1, "column": "n", "property_id": "", "type": "title"}},
            backfilled=True,
            polled_until=AT,
            last_full_scan=AT,
            last_sync=AT,
        )
        saved = unit.registrations.save(full)
        other = unit.registrations.save(replace(REGISTRATION, name="b"))
        assert unit.registrations.all() == [saved, other]
        assert saved == replace(full, id=saved.id) and saved.id < other.id

    def test_update(self, unit: UnitOfWork) -> None:
        saved = unit.registrations.save(REGISTRATION)
        changed = replace(saved, backfilled=True, polled_until=AT, table="renamed")
        assert unit.registrations.save(changed) == changed
        assert unit.registrations.all() == [changed]
        with pytest.raises(DatabaseError):
            unit.registrations.save(replace(saved, id=999))


class TestHeld:
    @pytest.fixture
    def ids(self, unit: UnitOfWork) -> list[int]:
        return [item.id for item in unit.records.save([Record(0, 1, "a"), Record(0, 2, "b")])]

    def test_hold_twice_counts(self, unit: UnitOfWork, ids: list[int]) -> None:
        first = HeldRecord(ids[0], 1, "a", Side.POSTGRES, "update", "no", constraint="c", waiting_for="x")
        unit.held.hold(first)
        (held,) = unit.held.find()
        assert held == replace(first, id=held.id, since=held.since) and held.since is not None
        unit.held.hold(replace(first, side=Side.NOTION, reason="still no", constraint="", waiting_for=""))
        (again,) = unit.held.find()
        assert again == replace(
            held, side=Side.NOTION, reason="still no", constraint="", waiting_for="", attempts=2
        )

    def test_release(self, unit: UnitOfWork, ids: list[int]) -> None:
        for mapping, identity in enumerate(ids, 1):
            unit.held.hold(HeldRecord(identity, mapping, "", Side.NOTION, "create", "no"))
        assert [item.record_id for item in unit.held.find(2)] == ids[1:]
        assert [item.record_id for item in unit.held.of([12345, ids[1]])] == ids[1:] and unit.held.of([]) == []
        unit.held.release([ids[0], 12345])
        unit.held.release([])
        many = range(10**9, 10**9 + 70_000)  # more than a statement has parameters
        unit.held.release(many)
        assert list(unit.held.of(many)) == [] and not unit.records.by_id(many)
        assert [item.record_id for item in unit.held.find()] == ids[1:]


class TestRuns:
    def test_start_and_finish(self, unit: UnitOfWork) -> None:
        run = Run("01-ab", "sync", AT, {"dry_run": False})
        unit.runs.start(run)
        assert unit.runs.get("01-ab") == run
        ended = replace(run, finished_at=AT, status="done", summary={"pages": 3})
        unit.runs.finish(ended)
        assert unit.runs.get("01-ab") == ended
        with pytest.raises(DatabaseError):
            unit.runs.finish(replace(run, run_id="none"))

    def test_get_by_prefix(self, unit: UnitOfWork) -> None:
        for name in ("01-ab", "01-abc", "02", "0%"):
            unit.runs.start(Run(name, "sync", AT, {}))
        found = {prefix: unit.runs.get(prefix) for prefix in ("01-abc", "01-ab", "02", "0%", "x", "", "_2")}
        names = {prefix: run.run_id if run else None for prefix, run in found.items()}
        assert names == {
            "01-abc": "01-abc",
            "01-ab": "01-ab",
            "02": "02",
            "0%": "0%",
            "x": None,
            "": None,
            "_2": None,
        }
        with pytest.raises(UsageError):
            unit.runs.get("01")

    def test_recent(self, unit: UnitOfWork) -> None:
        for n in range(3):
            unit.runs.start(Run(str(n), "sync", AT + timedelta(hours=n), {}))
        assert [run.run_id for run in unit.runs.recent(2)] == ["2", "1"]

    def test_running(self, unit: UnitOfWork) -> None:
        runs = [Run(str(n), "sync", AT - timedelta(hours=n), {}) for n in range(3)]
        for run in runs:
            unit.runs.start(run)
        unit.runs.finish(replace(runs[1], finished_at=AT, status="done"))
        assert unit.runs.running() == [runs[2], runs[0]]


class TestMarks:
    MARK = Mark("before import", AT, 7, "3:9:4,5", 12)

    def test_create_and_get(self, unit: UnitOfWork) -> None:
        unit.marks.create(self.MARK)
        assert unit.marks.get("before import") == self.MARK
        assert unit.marks.get("none") is None
        with pytest.raises(UsageError):
            unit.marks.create(self.MARK)

    def test_all_by_time(self, unit: UnitOfWork) -> None:
        earlier = replace(self.MARK, name="z", at=AT - timedelta(days=1), protected=True)
        unit.marks.create(self.MARK)
        unit.marks.create(earlier)
        assert unit.marks.all() == [earlier, self.MARK]

    def test_delete(self, unit: UnitOfWork) -> None:
        unit.marks.create(self.MARK)
        unit.marks.create(replace(self.MARK, name="kept", protected=True))
        unit.marks.delete("before import")
        for name in ("before import", "kept"):
            with pytest.raises(UsageError):
                unit.marks.delete(name)
        assert [mark.name for mark in unit.marks.all()] == ["kept"]
