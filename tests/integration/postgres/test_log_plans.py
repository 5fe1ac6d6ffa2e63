"""Reading stays cheap on a large log: each query goes by its index and touches a bounded number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.event_search import Indexed, search
from sync_engine.adapters.postgres.statements import statement
from sync_engine.adapters.system import SystemClock, SystemIds
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit_record import blame, history, record_at
from sync_engine.ports.event_log import EventFilter
from tests.support.captured import CaptureLab, capture_lab
from tests.support.postgres import TestServer

EVENTS = 60_000
RECORDS = 1_000


@pytest.fixture(scope="module", params=["analysed", "never analysed"])
def large(request: pytest.FixtureRequest, postgres_servers: Any) -> Iterator[CaptureLab]:
    """A log of 60,000 events that two ticks have read, and 500 new ones.

    "never analysed" is a log that grew faster than autovacuum comes by; the first tick sees to it.
    """
    server: TestServer = postgres_servers("embedded-18")
    made = server.clone(server.migrated_template())
    with capture_lab(made) as lab:
        lab.sql("ALTER TABLE sync_engine.sync_events SET (autovacuum_enabled = false)")
        lab.sql("ALTER TABLE sync_engine.sync_history SET (autovacuum_enabled = false)")
        fill(lab, EVENTS)
        lab.read()
        lab.read()
        if request.param == "analysed":
            lab.sql("ANALYZE sync_engine.sync_events")
            lab.sql("ANALYZE sync_engine.sync_history")
        fill(lab, 500)
        yield lab
    server.server.drop_database(made.name)


def fill(lab: CaptureLab, events: int) -> None:
    lab.sql(
        "INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, after)"
        f" SELECT 1, 'p', 'u', 'record-' || n % {RECORDS}, '{{\"n\": 1}}', '{{\"n\": 2}}'"
        f" FROM generate_series(1, {events}) n"
    )


def explained(lab: CaptureLab, query: str | sql.Composed, parameters: list[Any]) -> list[dict[str, Any]]:
    """The nodes of the plan as it ran."""
    text = query if isinstance(query, str) else query.as_string()
    with psycopg.RawCursor(lab.user) as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}".encode(), parameters)
        ((plans,),) = cursor.fetchall()
    return list(nodes(plans[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def touched(plan: list[dict[str, Any]]) -> float:
    """Rows that the scans of the log looked at."""
    scans = [node for node in plan if node.get("Relation Name") == "sync_events"]
    looked_at: float = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans
    )
    return looked_at


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def test_a_tick_reads_what_is_new_and_nothing_else(large: CaptureLab) -> None:
    with large.log() as log:
        tick = log.tick("test")
        assert len(log.read(tick, 0, 1000)) == 500
    plan = explained(large, statement("events_read"), [tick.floor, tick.previous, tick.current, 1000])
    assert indexes(plan) == {"sync_events_pkey"}
    assert touched(plan) <= 600


@pytest.mark.parametrize("page", [0, 30, 55])
def test_a_page_costs_the_same_wherever_it_is(large: CaptureLab, page: int) -> None:
    with large.log() as log:
        tick = log.tick("a new reader")
        first = log.read(tick, 0, 1)[0].seq
    plan = explained(large, statement("events_read"), [first - 1 + page * 1000, tick.previous, tick.current, 1000])
    assert indexes(plan) == {"sync_events_pkey"}
    assert not any(node["Node Type"] == "Sort" for node in plan)
    assert touched(plan) == 1000


@pytest.mark.parametrize("wanted", [{"key": "record-7"}, {"page_id": "page-7"}, {"emptied": True}])
def test_what_is_asked_of_one_record_goes_by_its_index(large: CaptureLab, wanted: dict[str, Any]) -> None:
    """The searches that history, blame, at and explain are made of (`engine/inquiry/audit_record.py`)."""
    with large.log() as log:
        snapshot, floor, _ = log._cursor_of("history")
        tick = log.tick("history")
        unread = len(log.read(tick, 0, 10_000))
    made = search(EventFilter(mapping=1, **wanted), Indexed(snapshot, floor))
    plan = explained(large, made.query, made.parameters)
    assert {"sync_history_pkey", "sync_events_pkey"} <= indexes(plan)
    assert touched(plan) <= (EVENTS / RECORDS if "key" in wanted else 0) + unread + 100


def test_extending_the_history_looks_at_the_new_events_only(large: CaptureLab) -> None:
    with large.log() as log:
        tick = log.tick("history")
    plan = explained(large, statement("history_extend"), [tick.floor, tick.previous, tick.current])
    assert touched(plan) <= 600


def test_the_newest_events_come_without_reading_the_rest(large: CaptureLab) -> None:
    made = search(EventFilter(newest_first=True, limit=20), Indexed("1:1:", 0))
    plan = explained(large, made.query, made.parameters)
    assert touched(plan) <= 20


def test_history_blame_and_at_touch_the_events_of_the_record_only(large: CaptureLab) -> None:
    """The three questions as they are asked, whatever statements they are made of."""
    large.sql("CREATE TABLE IF NOT EXISTS asked (id text PRIMARY KEY)")
    mapping = large.mapping("asked")
    database = PostgresDatabase(large.url)
    nobody: Any = None
    context = Context(database, nobody, SystemClock(None), SystemIds(), [mapping])
    with database.transaction() as uow:
        tick = uow.events.tick("history")
        unread = len(uow.events.read(tick, 0, 10_000))
    for ask in (
        lambda: history(context, "asked", "record-7"),
        lambda: blame(context, "asked", "record-7"),
        lambda: record_at(context, "asked", "record-7", datetime.now(UTC)),
    ):
        before = rows_read(large)
        assert ask()
        database.close()  # a session's counts are complete when it has ended
        assert rows_read(large) - before <= 3 * (EVENTS / RECORDS + unread + 100)
    database.close()


def rows_read(lab: CaptureLab) -> int:
    """Rows of the log that were ever read, by index or without."""
    lab.sql("SELECT pg_stat_clear_snapshot()")
    [(rows,)] = lab.sql(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'sync_events'"
    )
    return int(rows)


def test_what_may_leave_the_log_is_found_by_the_index_of_each_record(large: CaptureLab) -> None:
    old = [seq for (seq,) in large.sql("SELECT seq FROM sync_engine.sync_events ORDER BY seq LIMIT 10")]
    found = explained(large, statement("archive_superseded"), [old, datetime.now(UTC), EVENTS])
    assert not any(node["Node Type"] == "Seq Scan" and node["Relation Name"] == "sync_events" for node in found)
    assert touched(found) <= len(old) * (2 * EVENTS / RECORDS + 20), "two looks at each record"
