"""How fast decided changes reach Postgres: rows a second, and how many times faster than one statement a row.

    python -m benchmarks --only write_rows

The table has 18 columns, about 1 KB a row. "journalled" is what a
pass does in one transaction: rows with compare-and-set, journal, records. "captured" has the capture trigger on.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.adapters.postgres.connection import driver_of
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.adapters.postgres.unit_of_work import PostgresUnitOfWork
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.rows import RowOp, RowResult, RowWrite

TABLE = """
    DROP TABLE IF EXISTS public.bench;
    CREATE TABLE public.bench (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, prompt text, score numeric(10,6),
        active boolean, tags text[], meta jsonb, created_at timestamptz DEFAULT now(), updated_at timestamptz,
        a integer, b integer, c text, d text, e text, f date, g bigint, h text, i text);
    INSERT INTO public.bench (name, prompt, score, active, tags, meta, a, b, c, d, e, f, g, h, i)
    SELECT 'v0', repeat('x', 700), n / 7.0, true, '{a,"b,c"}', '{"a": 1}', n, n, 'c', 'd', 'e', current_date,
           n, 'h', 'i'
      FROM generate_series(1, %s) n"""

Work = Callable[[PostgresUnitOfWork, int], None]


class Bench:
    """One table of `rows` rows, its records, and the versions that its names go through."""

    def __init__(self, database: PostgresDatabase, rows: int) -> None:
        self.database = database
        with database.transaction() as unit:
            driver_of(unit._connection).execute(TABLE.replace("%s", str(rows)))
            self.table = next(table for table in unit.rows.tables(["public"]) if table.name == "bench")
        self.mapping = TableMapping(
            name="bench",
            schema="public",
            table="bench",
            key_columns=("id",),
            key_types=("uuid",),
            fields=(),
            title="name",
            id=9999,
            oid=self.table.oid,
            captured=tuple(column.name for column in self.table.columns),
        )
        with database.transaction() as unit:
            images = dict(unit.rows.scan(self.mapping))
            present = {"postgres_presence": Presence.PRESENT, "notion_presence": Presence.PRESENT}
            records = [Record(0, 9999, key, f"page-{key}", base=image, **present) for key, image in images.items()]
            self.records = unit.records.save(records)
        self.keys = list(images)

    def update(self, unit: PostgresUnitOfWork, version: int) -> None:
        """All rows in one call, each if it still has the name of the version before."""
        values, expected = {"name": f"v{version + 1}"}, {"name": f"v{version}"}
        outcomes = unit.rows.write(
            self.mapping, [RowWrite(RowOp.UPDATE, key, values, expected) for key in self.keys]
        )
        if any(outcome.result is not RowResult.DONE for outcome in outcomes):
            raise SystemExit("a row was not written")

    def update_one_by_one(self, unit: PostgresUnitOfWork, version: int) -> None:
        """The same by a statement a row, in one transaction and without images."""
        driver = driver_of(unit._connection)
        for key in self.keys:
            driver.execute(
                "UPDATE public.bench SET name = %s WHERE id = %s AND name IS NOT DISTINCT FROM %s",
                [f"v{version + 1}", key, f"v{version}"],
            )

    def update_journalled(self, unit: PostgresUnitOfWork, version: int) -> None:
        """The rows, the journal and the records."""
        self.update(unit, version)
        before, after = {"name": f"v{version}"}, {"name": f"v{version + 1}"}
        unit.journal.intend([_entry(record, before, after) for record in self.records])
        self.records = unit.records.save(
            [replace(record, base={**record.base, **after}) for record in self.records]
        )


def _entry(record: Record, before: dict[str, str], after: dict[str, str]) -> JournalEntry:
    return JournalEntry(
        run_id="bench",
        side=Side.POSTGRES,
        mapping=record.mapping,
        record_id=record.id,
        key=record.key,
        page_id=record.page_id,
        op=ChangeOp.UPDATE,
        before=dict(before),
        after=dict(after),
        status=ChangeStatus.DONE,
    )


def measure(database: PostgresDatabase, works: dict[str, Work], rounds: int, first: int) -> dict[str, float]:
    """Median seconds of each, taken in turn, so that a busy machine touches all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    version = first
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.perf_counter()
            with database.transaction("run:bench") as unit:
                work(unit, version)
            taken[name].append(time.perf_counter() - begun)
            version += 1
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main(*, quick: bool) -> None:
    """Print rows a second and the ratio to one statement a row."""
    rows, rounds = (1_000, 2) if quick else (10_000, 5)
    with EmbeddedServer.ephemeral() as server:
        database = PostgresDatabase(server.url())
        database.upgrade()
        bench = Bench(database, rows)
        works: dict[str, Work] = {
            "one statement a row": bench.update_one_by_one,
            "set-based": bench.update,
            "set-based, journalled": bench.update_journalled,
        }
        plain = measure(database, works, rounds, 0)
        with database.transaction() as unit:
            unit.capture.install(bench.mapping, bench.table)
        captured = measure(database, works, rounds, rounds * len(works))
        slow = plain["one statement a row"]
        for label, times in (("", plain), (", captured", captured)):
            for name, seconds in times.items():
                print(f"{name + label:<34}{rows / seconds:>9,.0f} rows/s  {slow / seconds:>5.1f}x")
        database.close()


if __name__ == "__main__":
    main(quick=False)
