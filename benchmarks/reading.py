"""Reading the log: events a second at 100,000 and 1,000,000 events, as a ratio to raw psycopg and orjson.

    python -m benchmarks --only reading

The baseline runs the same statement (with its visibility rule: without one a reader loses events) page by page
on a bare psycopg cursor, parses the images with orjson, and makes nothing of them. Targets: at least 0.80 of that,
and page time flat from the first page to the last.
"""

from __future__ import annotations

import resource
import statistics
import time

import orjson
import psycopg

from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.statements import statement

PAGE = 2000
UPDATES = """
INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, after, actor)
SELECT 1, 'p', 'u', 'f2d164ca-4f81-462a-8924-' || lpad((n % 20000)::text, 12, '0'),
       jsonb_build_object('a', n), jsonb_build_object('a', n + 1), '{"app": "app", "role": "app"}'
  FROM generate_series(1, %s) n
"""
IMAGES = """
INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, actor)
SELECT 2, 'p', 'i', 'f2d164ca-4f81-462a-8924-' || lpad(n::text, 12, '0'),
       jsonb_build_object('name', 'row ' || n, 'prompt', repeat(md5(n::text), 90), 'a', n, 'b', true, 'c', 'd'),
       '{"app": "app", "role": "app"}'
  FROM generate_series(1, %s) n
"""


def through_the_log(database: PostgresDatabase, first: int) -> tuple[int, list[float]]:
    """Read everything above `first` as a pass does; how many events, and the seconds of each page."""
    pages: list[float] = []
    count, after = 0, first
    with database.transaction() as unit:
        tick = unit.events.tick("bench")
        while True:
            begun = time.perf_counter()
            page = unit.events.read(tick, after, PAGE)
            pages.append(time.perf_counter() - begun)
            if not page:
                return count, pages[:-1]
            count += len(page)
            after = page[-1].seq


def raw(database: PostgresDatabase, first: int) -> int:
    """The baseline."""
    count, after = 0, first
    with database.transaction() as unit, psycopg.RawCursor(driver_of(unit._connection)) as cursor:
        tick = unit.events.tick("bench")
        query = statement("events_read")
        while rows := cursor.execute(query.encode(), [after, tick.previous, tick.current, PAGE]).fetchall():
            for row in rows:
                for image in (row[5], row[6]):
                    if image is not None:
                        orjson.loads(image)
            count += len(rows)
            after = rows[-1][0]
    return count


def compare(title: str, database: PostgresDatabase, first: int, rounds: int) -> None:
    """Both ways in turn; print events a second, the ratio and how page time develops."""
    ours: list[float] = []
    base: list[float] = []
    flat: list[float] = []
    count = 0
    for _ in range(rounds):
        begun = time.perf_counter()
        raw(database, first)
        middle = time.perf_counter()
        count, pages = through_the_log(database, first)
        base.append(middle - begun)
        ours.append(time.perf_counter() - middle)
        third = max(1, len(pages) // 3)
        flat.append(statistics.median(pages[-third:]) / statistics.median(pages[:third]))
    ratio = statistics.median(mine / other for mine, other in zip(base, ours, strict=True))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{title:<34}{count / statistics.median(ours):>9,.0f} events/s   {ratio:.2f} of raw (target 0.80)   "
        f"last pages {statistics.median(flat):.2f}x the first   peak memory {memory:,.0f} MB"
    )


def main(*, quick: bool) -> None:
    """Print a line a size."""
    small, large, rounds = (5_000, 20_000, 2) if quick else (100_000, 1_000_000, 3)
    with EmbeddedServer.ephemeral() as server:
        database = PostgresDatabase(server.url())
        database.upgrade()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            last = 0
            for title, statement, size in (
                (f"{small:,} one-column updates", UPDATES, small),
                (f"{large:,} more of them", UPDATES, large),
                (f"{small // 4:,} rows of 3 KB", IMAGES, small // 4),
            ):
                connection.execute(statement.replace("%s", str(size)).encode())
                connection.execute("VACUUM ANALYZE sync_engine.sync_events")
                compare(title, database, last, rounds)
                row = connection.execute("SELECT max(seq) FROM sync_engine.sync_events").fetchone()
                last = int(row[0]) if row else 0
        database.close()


if __name__ == "__main__":
    main(quick=False)
