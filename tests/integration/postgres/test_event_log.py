"""The event log: ticks, pages, appends, backfill chunks, searches; staged, not raced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.ordering import visible_in
from sync_engine.domain.times import Interval
from sync_engine.errors import DatabaseError
from sync_engine.ports.event_log import EventFilter, NewEvent
from tests.support.captured import CaptureLab

pytestmark = pytest.mark.every_postgres

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def noticed(key: str, minute: int = 0, **more: Any) -> NewEvent:
    """A change of a page, as a poll sees it."""
    at = NOON + timedelta(minutes=minute)
    given = {
        "source": Side.NOTION,
        "mapping": 1,
        "key": key,
        "op": Op.UPDATE,
        "before": {"name": "a"},
        "after": {"name": "b"},
        "occurred": Interval(at, at + timedelta(seconds=60)),
        "actor": {"id": "u-1", "name": "Ada"},
        "page_id": f"page of {key}",
    }
    return NewEvent(**given | more)


@pytest.fixture
def things(lab: CaptureLab) -> CaptureLab:
    lab.sql("CREATE TABLE things (id int PRIMARY KEY, name text, n int)")
    lab.capture(lab.mapping("things"))
    return lab


def names(events: list[ChangeEvent]) -> list[Any]:
    return [(event.after or {}).get("name") for event in events]


# --- ticks


def test_the_first_tick_is_everything_and_the_next_what_is_new(things: CaptureLab) -> None:
    things.sql("INSERT INTO things VALUES (1, 'a'), (2, 'b')")
    assert names(things.read()) == ["a", "b"]
    assert things.read() == []
    things.sql("INSERT INTO things VALUES (3, 'c')")
    assert names(things.read()) == ["c"]
    assert names(things.read("another reader")) == ["a", "b", "c"]


def test_a_tick_that_is_rolled_back_is_repeated(things: CaptureLab) -> None:
    things.sql("INSERT INTO things VALUES (1, 'a')")
    with pytest.raises(RuntimeError), things.log() as log:
        tick = log.tick("test")
        assert len(log.read(tick, 0, 10)) == 1
        log.advance("test", tick)
        raise RuntimeError
    assert names(things.read()) == ["a"]


def test_a_large_tick_is_read_in_pages_that_later_commits_do_not_disturb(things: CaptureLab) -> None:
    things.sql("INSERT INTO things SELECT i, i::text FROM generate_series(1, 250) i")
    with things.log() as log:
        tick = log.tick("test")
        read: list[ChangeEvent] = []
        while page := log.read(tick, read[-1].seq if read else 0, 100):
            read += page
            things.sql("INSERT INTO things VALUES (%s, 'late')", 1000 + len(read))
        log.advance("test", tick)
    assert names(read) == [str(i) for i in range(1, 251)]
    assert names(things.read()) == ["late"] * 3


def test_what_commits_late_is_read_late_and_not_lost(things: CaptureLab) -> None:
    """Staged: a transaction draws its number first and commits last."""
    with psycopg.connect(things.url) as slow:
        slow.execute("INSERT INTO things VALUES (1, 'slow')")
        for i in range(2, 5):
            things.sql("INSERT INTO things VALUES (%s, 'quick')", i)
            assert names(things.read()) == ["quick"]
        slow.commit()
        assert names(things.read()) == ["slow"]
        assert things.read() == []


def test_a_transaction_that_ran_before_the_first_tick_and_through_many(things: CaptureLab) -> None:
    """Alone in the cluster it is above every snapshot's xmax, so no snapshot lists it."""
    with psycopg.connect(things.url) as slow:
        slow.execute("INSERT INTO things VALUES (1, 'slow')")
        for _ in range(3):
            assert things.read() == []
        slow.execute("INSERT INTO things VALUES (2, 'slow')")
        slow.commit()
    assert names(things.read()) == ["slow", "slow"]


def test_a_reader_that_has_written_already_reads_the_same(things: CaptureLab) -> None:
    """Its transaction id is older than numbers drawn since, so this tick must not become a bound."""
    with things.log() as log:
        log.append([noticed("1")])
        with psycopg.connect(things.url) as slow:
            slow.execute("INSERT INTO things VALUES (1, 'slow')")
            log.advance("test", log.tick("test"))
            slow.commit()
    assert names(things.read()) == ["slow"]


def test_a_reader_in_repeatable_read_reads_the_same(things: CaptureLab) -> None:
    with psycopg.connect(things.url) as slow:
        slow.execute("INSERT INTO things VALUES (1, 'slow')")
        with things.log() as log:
            log._driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            log._driver.execute("SELECT 1")
            things.sql("INSERT INTO things VALUES (2, 'unseen')")
            tick = log.tick("test")
            assert log.read(tick, 0, 10) == []
            log.advance("test", tick)
        slow.commit()
    assert names(things.read()) == ["slow", "unseen"]


def test_two_processes_cannot_move_one_reader(things: CaptureLab) -> None:
    with things.log() as log:
        late = log.tick("test")
        things.read()
        with pytest.raises(DatabaseError, match="'test'"):
            log.advance("test", late)


def test_notions_own_events_are_not_read_back(things: CaptureLab) -> None:
    with things.log() as log:
        log.append([noticed("1")])
    things.sql("INSERT INTO things VALUES (1, 'row')")
    assert names(things.read()) == ["row"]


@pytest.mark.parametrize(
    "rewind",
    [
        "UPDATE sync_engine.sync_cursors SET snapshot = '4000000000:4000000000:'",
        "SELECT setval('sync_engine.sync_events_seq_seq', 1, false)",
    ],
    ids=["transaction ids", "numbers"],
)
def test_a_database_that_was_restored_is_noticed(things: CaptureLab, rewind: str) -> None:
    things.sql("INSERT INTO things VALUES (1, 'a')")
    things.read()
    things.read()
    things.sql(rewind)
    with pytest.raises(DatabaseError, match="restored from a backup"), things.log() as log:
        log.tick("test")


# --- appending


def test_appended_events_come_back_as_they_were(things: CaptureLab) -> None:
    made = [
        noticed(
            "1", op=Op.INSERT, before=None, after={"n": 9007199254740993, "t": "😀\n", "x": None, "l": [1, {}]}
        ),
        noticed("", minute=1, page_id="p-1", origin="run:7"),
        noticed("2", op=Op.DELETE, after=None, occurred=Interval.instant(NOON), actor={}, page_id=""),
    ]
    with things.log() as log:
        numbers = log.append(made)
        assert log.append([]) == []
    events = things.events()
    assert [event.seq for event in events] == list(numbers) == sorted(numbers)
    for event, new in zip(events, made, strict=True):
        for name in (
            "source",
            "mapping",
            "key",
            "op",
            "before",
            "after",
            "occurred",
            "actor",
            "origin",
            "page_id",
        ):
            assert getattr(event, name) == getattr(new, name), name
        assert event.recorded_at > NOON
        assert event.txid == events[0].txid


def test_many_are_appended_in_order(things: CaptureLab) -> None:
    with things.log() as log:
        numbers = log.append([noticed(str(i)) for i in range(2500)])
    assert list(numbers) == sorted(numbers)
    assert [event.key for event in things.events()] == [str(i) for i in range(2500)]


# --- backfill


def test_chunks_cover_the_table_in_key_order(lab: CaptureLab) -> None:
    lab.sql("CREATE TABLE t (a text, b int, v numeric, PRIMARY KEY (b, a))")
    lab.sql("INSERT INTO t SELECT 'k,' || i % 7, i / 7, i / 3.0 FROM generate_series(1, 50) i")
    mapping = lab.mapping("t")
    with lab.log() as log:
        after: tuple[str, ...] | None = None
        counts = []
        while count := log.snapshot_chunk(mapping, after, 20):
            counts.append(count)
            after = log.last_snapshot_key()
    assert counts == [20, 20, 10]
    rows = lab.sql("SELECT b || ',\"' || a || '\"', v::text FROM t ORDER BY b, a")
    events = lab.events()
    assert [(event.key, (event.after or {})["v"]) for event in events] == rows
    assert {event.op for event in events} == {Op.SNAPSHOT}


def test_a_chunk_says_under_which_snapshot_its_rows_were_read(things: CaptureLab) -> None:
    """Also in REPEATABLE READ: what the chunk shows is exactly what its snapshot sees."""
    mapping = things.mapping("things")
    things.sql("INSERT INTO things VALUES (1, 'before')")
    for isolation in ("READ COMMITTED", "REPEATABLE READ"):
        with psycopg.connect(things.url) as slow, things.log() as log:
            slow.execute("UPDATE things SET name = 'open' WHERE id = 1")
            log._driver.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            log._driver.execute("SELECT 1")
            things.sql("INSERT INTO things VALUES (%s, 'meanwhile')", 10 + len(isolation))
            log.snapshot_chunk(mapping, None, 100)
            slow.commit()
        events = things.events()
        shown = {event.key: event.snapshot for event in events if event.op is Op.SNAPSHOT}
        snapshot = max(shown.values(), key=lambda text: int(text.split(":")[1]))
        seen = {event.key for event in events if event.op is Op.INSERT and visible_in(event.txid, snapshot)}
        assert {key for key, under in shown.items() if under == snapshot} == seen
        [updated] = [event for event in events if event.op is Op.UPDATE and event.after == {"name": "open"}][-1:]
        assert not visible_in(updated.txid, snapshot)
        things.sql("UPDATE things SET name = 'before' WHERE id = 1")


# --- searching


@pytest.fixture
def history(things: CaptureLab) -> CaptureLab:
    """Events of both sides, some before and some after the reader indexed the log."""
    things.sql("INSERT INTO things VALUES (1, 'a', 1), (2, 'b', 2)")
    with things.log() as log:
        log.append([noticed("1", 0), noticed("", 1, page_id="p-9", after={"n": 5}, before={"n": 4})])
    things.read()
    things.read()
    things.sql("UPDATE things SET n = 10 WHERE id = 1")
    things.sql("UPDATE things SET id = 11 WHERE id = 1")
    with things.user.transaction():
        things.sql("SET LOCAL sync_engine.origin = 'rollback:3'")
        things.sql("DELETE FROM things WHERE id = 2")
    with things.log() as log:
        log.append([noticed("11", 2, actor={"id": "u-2", "name": "Grace Hopper"}, origin="run:5", mapping=2)])
    return things


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"newest_first": True, "limit": 3}, [8, 7, 6]),
        ({"after_seq": 6}, [7, 8]),
        ({"mapping": 2}, [8]),
        ({"key": "1"}, [1, 3, 5, 6]),
        ({"key": "1", "mapping": 1}, [1, 3, 5, 6]),
        ({"key": "11"}, [6, 8]),
        ({"key": "11", "mapping": 1}, [6]),
        ({"key": "none"}, []),
        ({"key": "1", "newest_first": True, "limit": 1}, [6]),
        ({"page_id": "page of 1"}, [3]),
        ({"page_id": "p-9", "unkeyed": True}, [4]),
        ({"page_id": "page of 1", "unkeyed": True}, []),
        ({"unkeyed": True}, [4]),
        ({"source": Side.NOTION}, [3, 4, 8]),
        ({"source": Side.POSTGRES, "key": "1"}, [1, 5, 6]),
        ({"origin": "rollback:"}, [7]),
        ({"origin": "run:5"}, [8]),
        ({"field": "n", "source": Side.NOTION}, [4]),
        ({"field": "n", "key": "1"}, [1, 5]),
        ({"actor": "hopper"}, [8]),
        ({"actor": "role"}, []),
        ({"since": NOON + timedelta(minutes=2), "until": NOON + timedelta(minutes=2)}, [4, 8]),
        ({"until": NOON}, [3]),
    ],
)
def test_events_are_found(history: CaptureLab, wanted: dict[str, Any], found: list[int]) -> None:
    numbers = {event.seq: place for place, event in enumerate(history.events(), 1)}
    assert [numbers[event.seq] for event in history.events(**wanted)] == found


def test_a_search_is_the_same_before_and_after_the_log_is_indexed(history: CaptureLab) -> None:
    before = [history.events(key=key) for key in ("1", "2", "11")]
    history.read()
    history.read()
    assert [history.events(key=key) for key in ("1", "2", "11")] == before


def test_a_search_sees_what_its_own_transaction_wrote(things: CaptureLab) -> None:
    with things.log() as log:
        log.append([noticed("1")])
        log.advance("test", log.tick("test"))
        log.append([noticed("1")])
        assert len(list(log.find(EventFilter(key="1")))) == 2


def test_a_key_too_long_for_an_index_is_found_all_the_same(lab: CaptureLab) -> None:
    lab.sql("CREATE TABLE t (id text PRIMARY KEY)")
    lab.capture(lab.mapping("t"))
    for last in "ab":
        lab.sql("INSERT INTO t VALUES (repeat('k', 60000) || %s)", last)
    lab.read()
    lab.read()
    assert [event.key[-2:] for event in lab.events(key="k" * 60000 + "b")] == ["kb"]


def test_searches_can_be_read_side_by_side(history: CaptureLab) -> None:
    numbers = [event.seq for event in history.events()]
    with history.log() as log:
        first, second = log.find(EventFilter()), log.find(EventFilter(newest_first=True))
        assert [next(first).seq, next(second).seq, next(first).seq] == [numbers[0], numbers[-1], numbers[1]]


def test_the_position_of_a_mark(things: CaptureLab) -> None:
    with things.log() as log:
        assert log.position()[0] == 0
    things.sql("INSERT INTO things VALUES (1, 'a')")
    with things.log() as log:
        seq, snapshot = log.position()
    [event] = things.events()
    assert seq == event.seq
    assert visible_in(event.txid, snapshot)
