"""Audit on a large log: history, blame and at of one record, `log --since`, and how fast old events leave it.

    python -m benchmarks --only audit

Builds a log of 5,000,000 events (200,000 records, 25 changes each), indexed and sealed by its reader. Then asks
for single records, counts the rows of the log that the questions touch (EXPLAIN ANALYZE), streams a fifth of the
log, and archives a tenth. Targets: a question touches no more rows than the record has events, whatever the size
of the log; memory of the stream is flat.
"""

from __future__ import annotations

import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg

from sync_engine.adapters.archive_files import ArchiveFolder
from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.event_search import Indexed, search
from sync_engine.adapters.system import SystemClock, SystemIds
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit import AuditQuery, log
from sync_engine.engine.inquiry.audit_record import blame, history, record_at
from sync_engine.engine.life.retain import retain
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.workspace import Workspace

BATCH = 250_000
EVENTS = """
INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, after, actor)
SELECT 1, 'p', CASE WHEN n <= %(records)s THEN 'i' ELSE 'u' END::"char", 'record-' || n %% %(records)s,
       CASE WHEN n > %(records)s THEN jsonb_build_object('c' || n %% 7, n) END,
       CASE WHEN n > %(records)s THEN jsonb_build_object('c' || n %% 7, n + 1)
            ELSE '{"c0": 0, "c1": 0, "c2": 0, "c3": 0, "c4": 0, "c5": 0, "c6": 0, "text": "as it was"}' END,
       '{"app": "app", "role": "app"}'
  FROM generate_series(%(first)s, %(last)s) n
"""


def build(database: PostgresDatabase, connection: psycopg.Connection[Any], events: int, records: int) -> None:
    """Fill the log, with a pass of its reader after each batch."""
    for first in range(1, events + 1, BATCH):
        last = min(first + BATCH - 1, events)
        connection.execute(EVENTS, {"records": records, "first": first, "last": last})
        with database.transaction() as uow:
            tick = uow.events.tick("sync")
            uow.events.advance("sync", tick)
    connection.execute("VACUUM ANALYZE sync_engine.sync_events, sync_engine.sync_history")


def context_of(database: PostgresDatabase, folder: Path) -> Context:
    """The engine over a table that nobody needs."""
    mapping = TableMapping(
        name="things",
        schema="public",
        table="things",
        key_columns=("id",),
        key_types=("text",),
        fields=(),
        title="",
        id=1,
        oid=0,
        captured=("id",),
    )
    return Context(
        database=database,
        workspace=cast(Workspace, None),
        clock=SystemClock(None),
        ids=SystemIds(),
        mappings=[mapping],
        archives=ArchiveFolder(folder),
    )


def touched(database: PostgresDatabase, connection: psycopg.Connection[Any], key: str) -> int:
    """Rows of the log that the searches for one record look at."""
    with database.transaction() as uow:
        snapshot, floor, _ = uow.events._cursor_of("history")
    total = 0
    for wanted in (EventFilter(mapping=1, key=key), EventFilter(mapping=1, emptied=True)):
        made = search(wanted, Indexed(snapshot, floor))
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {made.query.as_string()}".encode(), made.parameters)
            ((plans,),) = cursor.fetchall()
        total += _looked_at(plans[0]["Plan"])
    return total


def _looked_at(plan: dict[str, Any]) -> int:
    own = 0
    if plan.get("Relation Name") == "sync_events":
        own = int(plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)))
    return own + sum(_looked_at(child) for child in plan.get("Plans", []))


def timed(question: Callable[[str], object], keys: list[str]) -> str:
    """Median and worst milliseconds."""
    spent = []
    for key in keys:
        begun = time.perf_counter()
        question(key)
        spent.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(spent):>7.1f} ms median{max(spent):>8.1f} ms at worst"


def streamed(context: Context, since: datetime) -> tuple[int, float, list[int]]:
    """Events, seconds, and the peak memory in MB after each tenth of a million."""
    count, begun, peaks = 0, time.perf_counter(), []
    for _ in log(context, AuditQuery(since=since)):
        count += 1
        if count % 100_000 == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return count, time.perf_counter() - begun, peaks


def main(*, quick: bool) -> None:
    """Print a line a question."""
    events, records = (50_000, 2_000) if quick else (5_000_000, 200_000)
    with EmbeddedServer.ephemeral() as server, tempfile.TemporaryDirectory() as folder:
        database = PostgresDatabase(server.url())
        database.upgrade()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            begun = time.perf_counter()
            build(database, connection, events, records)
            print(
                f"{events:,} events of {records:,} records, made and sealed in {time.perf_counter() - begun:.0f} s"
            )
            context = context_of(database, Path(folder))
            keys = [f"record-{random.randrange(records)}" for _ in range(30)]
            now = datetime.now(UTC)
            print(f"history   {timed(lambda key: history(context, 'things', key), keys)}")
            print(f"blame     {timed(lambda key: blame(context, 'things', key), keys)}")
            print(f"at        {timed(lambda key: record_at(context, 'things', key, now), keys)}")
            rows = [touched(database, connection, key) for key in keys[:5]]
            print(f"rows of the log touched   {max(rows)} at most, of {events // records} that the record has")
            row = connection.execute(
                "SELECT occurred FROM sync_engine.sync_events WHERE seq = %s", [events - events // 5]
            ).fetchone()
            count, seconds, peaks = streamed(context, row[0] if row else now)
            memory = f"peak memory {peaks[0]:,} MB after 100,000, {peaks[-1]:,} MB at the end" if peaks else ""
            print(f"log --since   {count:,} events, {count / seconds:,.0f} a second   {memory}")
            _archived(context, connection, events)
        database.close()


def _archived(context: Context, connection: psycopg.Connection[Any], events: int) -> None:
    """The first tenth, up to a protected mark: it is the rate that counts."""
    connection.execute(
        "INSERT INTO sync_engine.sync_marks (name, at, seq, change_id, protected, snapshot)"
        " VALUES ('here', now(), %s, 0, true, pg_current_snapshot())",
        [events // 10],
    )
    begun = time.perf_counter()
    done = retain(context, timedelta(0))
    seconds = time.perf_counter() - begun
    print(
        f"archived      {done.events:,} events, {done.dropped:,} left the log,"
        f" {done.events / max(seconds, 0.001):,.0f} a second"
    )


if __name__ == "__main__":
    main(quick=False)
