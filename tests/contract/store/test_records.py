"""What every store of records keeps, finds and counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync_engine.domain.events import Side
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.errors import DatabaseError
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.records import RecordCounts

AT = datetime(2026, 3, 4, 5, 6, 7, 890_123, UTC)
MINUTE = Interval(AT, AT + timedelta(seconds=60))


def record(key: str = "a", page_id: str = "", **changes: object) -> Record:
    return replace(Record(id=0, mapping=1, key=key, page_id=page_id), **changes)


def linked(key: str, page_id: str, **changes: object) -> Record:
    present = {"postgres_presence": Presence.PRESENT, "notion_presence": Presence.PRESENT, "key_on_page": True}
    return record(key, page_id, **{**present, **changes})


FULL = Record(
    id=0,
    mapping=7,
    key='a,"b ,c"',
    page_id="1c2d",
    incarnation=3,
    base={
        "title": "Ünï 👋\n\"q\" \\ 'x'",
        "n": 1.5,
        "none": None,
        "tags": ["a,b", "c"],
        "big": "9" * 40,
        "ok": True,
    },
    postgres={
        "title": PendingChange("new", Interval.instant(AT), {"role": "app", "claims": {"sub": "u1"}}, 41),
        "n": PendingChange(None, Interval.instant(AT), {}, 42, "run:01"),
    },
    notion={"ok": PendingChange(False, MINUTE, {"person": "p"}, 43)},
    postgres_presence=Presence.PRESENT,
    notion_presence=Presence.GONE,
    postgres_seq=2**62,
    postgres_txid=2**63 + 5,
    notion_observed_at=AT,
    notion_edited_at=AT + timedelta(microseconds=1),
    key_on_page=True,
    detached=True,
)


class TestSave:
    def test_gives_ids_in_order(self, unit: UnitOfWork) -> None:
        saved = unit.records.save([record("b"), record("a"), record("c")])
        assert [item.key for item in saved] == ["b", "a", "c"]
        ids = [item.id for item in saved]
        assert ids == sorted(ids) and len(set(ids)) == 3 and 0 not in ids

    def test_keeps_every_field(self, unit: UnitOfWork) -> None:
        (saved,) = unit.records.save([FULL])
        (read,) = unit.records.scan(7)
        assert read == saved == replace(FULL, id=saved.id)

    def test_keeps_a_record_of_nothing_but_a_page(self, unit: UnitOfWork) -> None:
        (saved,) = unit.records.save([record(key="", page_id="p")])
        assert list(unit.records.scan(1)) == [saved]

    def test_updates_by_id_and_inserts_in_one_call(self, unit: UnitOfWork) -> None:
        (first,) = unit.records.save([record("a")])
        changed = replace(first, key="z", page_id="p", base={"x": 1}, postgres_seq=5)
        again = unit.records.save([record("n"), changed])
        assert again[1] == changed and again[0].id > first.id
        assert list(unit.records.scan(1)) == [changed, again[0]]

    def test_keys_can_be_swapped(self, unit: UnitOfWork) -> None:
        one, two = unit.records.save([record("a"), record("b")])
        swapped = [replace(one, key="b"), replace(two, key="a")]
        assert unit.records.save(swapped) == swapped
        assert list(unit.records.scan(1)) == swapped

    def test_of_nothing_does_nothing(self, unit: UnitOfWork) -> None:
        assert list(unit.records.save([])) == []

    def test_refuses_to_update_what_is_not_there(self, unit: UnitOfWork) -> None:
        with pytest.raises(DatabaseError):
            unit.records.save([replace(record(), id=999)])

    def test_of_many(self, unit: UnitOfWork) -> None:
        saved = unit.records.save([linked(f"k{n}", f"p{n}", base={"n": n}) for n in range(5_001)])
        assert [item.base["n"] for item in saved] == list(range(5_001))
        changed = [replace(item, base={"n": -item.base["n"]}) for item in saved]
        assert unit.records.save(changed) == changed
        assert list(unit.records.scan(1)) == changed

    def test_is_undone_with_its_transaction(self, store: Database) -> None:
        with pytest.raises(RuntimeError), store.transaction() as unit:
            unit.records.save([record()])
            raise RuntimeError
        with store.transaction() as unit:
            assert list(unit.records.scan(1)) == []


class TestByKey:
    def test_finds_the_newest_incarnation(self, unit: UnitOfWork) -> None:
        old = record("a", "p1", incarnation=1, notion_presence=Presence.GONE, postgres_presence=Presence.GONE)
        _, new = unit.records.save([old, record("a", incarnation=2)])
        assert unit.records.by_key(1, ["a", "a", "missing"]) == {"a": new}

    def test_keeps_mappings_apart(self, unit: UnitOfWork) -> None:
        unit.records.save([record("a", mapping=2)])
        assert unit.records.by_key(1, ["a"]) == {}

    def test_of_no_keys(self, unit: UnitOfWork) -> None:
        assert unit.records.by_key(1, []) == {}

    def test_takes_keys_of_any_spelling(self, unit: UnitOfWork) -> None:
        keys = ['a,"b"', "{x}", "%s", "$1", "é", "NULL", "\\"]
        unit.records.save([record(key) for key in keys])
        assert set(unit.records.by_key(1, keys)) == set(keys)


class TestPages:
    def test_by_page(self, unit: UnitOfWork) -> None:
        one, _ = unit.records.save([record("a", "p1"), record("b", "p2")])
        assert unit.records.by_page(1, ["p1", "p9"]) == {"p1": one}
        assert unit.records.by_page(2, ["p1"]) == {}

    def test_page_ids_only_of_pages_that_are_there(self, unit: UnitOfWork) -> None:
        unit.records.save(
            [
                linked("here", "p1"),
                linked("gone", "p2", notion_presence=Presence.GONE),
                record("absent"),
                linked("renewed", "p3"),
                record("renewed", incarnation=2),
            ]
        )
        assert unit.records.page_ids(1, ["here", "gone", "absent", "renewed", "none"]) == {"here": "p1"}

    def test_keys_of_pages_of_all_mappings(self, unit: UnitOfWork) -> None:
        unit.records.save([record("a", "p1"), record("b", "p2", mapping=2), record("", "p3")])
        assert unit.records.keys(["p1", "p2", "p3", "p4"]) == {"p1": (1, "a"), "p2": (2, "b")}


class TestOpen:
    def test_leaves_out_the_quiet(self, unit: UnitOfWork) -> None:
        edit = {"x": PendingChange(1, MINUTE, {}, 1)}
        saved = unit.records.save(
            [
                linked("quiet", "p1"),
                linked("edited", "p2", notion=edit),
                record("new", postgres_presence=Presence.PRESENT),
                linked("detached", "p3", notion=edit, detached=True),
                linked("no key on page", "p4", key_on_page=False),
            ]
        )
        assert [item.key for item in unit.records.open(1, 0, 10)] == ["edited", "new", "no key on page"]
        assert [item.key for item in unit.records.open(1, saved[1].id, 1)] == ["new"]
        assert unit.records.open(2, 0, 10) == []

    def test_a_record_becomes_quiet(self, unit: UnitOfWork) -> None:
        (edited,) = unit.records.save([linked("a", "p", notion={"x": PendingChange(1, MINUTE, {}, 1)})])
        unit.records.save([replace(edited, notion={}, base={"x": 1})])
        assert unit.records.open(1, 0, 10) == []

    @pytest.mark.parametrize(
        ("op", "waiting_for", "blocks"),
        [("update", "", True), ("field", "", False), ("create", "agents:7", False), ("field", "agents:7", False)],
    )
    def test_a_hold_of_a_whole_record_blocks(
        self, unit: UnitOfWork, op: str, waiting_for: str, blocks: bool
    ) -> None:
        (item,) = unit.records.save([record("a", postgres_presence=Presence.PRESENT)])
        unit.held.hold(HeldRecord(item.id, 1, "a", Side.NOTION, op, "why", waiting_for=waiting_for))
        assert list(unit.records.open(1, 0, 10)) == ([] if blocks else [item])


def test_counts(unit: UnitOfWork) -> None:
    assert unit.records.counts(1) == RecordCounts(0, 0)
    in_notion = record("d", "p3", notion_presence=Presence.PRESENT, detached=True)
    unit.records.save([linked("a", "p1"), linked("b", "p2", key_on_page=False), record("c", mapping=2), in_notion])
    assert unit.records.counts(1) == RecordCounts(linked=2, open=1, pages=3)
