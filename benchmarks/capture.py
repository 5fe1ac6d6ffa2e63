"""What a write costs with the log behind it: against no trigger, E-Maj's shape and an ordinary audit trigger.

    python -m benchmarks --only capture

Each variant has its own copy of one table (18 columns, about 1 KB a row; `rivals/`). Slices of all variants
alternate in random order, and figures are medians over rounds, so that a busy machine touches all alike. "x" is
the time of a statement as a multiple of the same without a trigger; "us" is what the backend itself burnt more
than without one, in microseconds of CPU a row, and in brackets that as a share of E-Maj's. Targets: one-column
UPDATE at most 2.0x with synchronous_commit off and 1.4x durable, its CPU at most 0.75 of E-Maj's row by row and
0.60 in bulk; INSERT and DELETE row by row a tie with E-Maj; at most 200 bytes of log and 300 of WAL for a
one-column UPDATE.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg

from sync_engine.adapters.embedded import Binaries, EmbeddedServer, find_binaries
from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.domain.mapping import TableMapping

WARM_UP = 10
"""Statements after which plans are made for good (Postgres decides after five)."""

VARIANTS = ("none", "ours", "emaj", "jsonb")
SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")
RIVALS = Path(__file__).parent / "rivals"

SINGLE = {
    "INSERT": "INSERT INTO {table} SELECT * FROM source WHERE id = %s",
    "UPDATE": "UPDATE {table} SET usage_count = usage_count + 1 WHERE id = %s",
    "DELETE": "DELETE FROM {table} WHERE id = %s",
}
BULK = {
    "UPDATE": "UPDATE {table} SET status = CASE status WHEN 'active' THEN 'draft'::mood ELSE 'active' END",
    "DELETE": "DELETE FROM {table}",
    "INSERT": "INSERT INTO {table} SELECT * FROM source",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done: rows of a table, statements of a slice, rounds of single rows and of bulk statements."""

    rows: int
    slice: int
    rounds: int
    bulk_rounds: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and backend CPU seconds a row."""

    seconds: float
    cpu: float


Costs = dict[tuple[str, str], list[Cost]]
"""By measurement and variant, one a round."""


def backend_cpu(connection: psycopg.Connection[Any]) -> float:
    """CPU seconds of the connection's server process so far; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text()
    except OSError:
        return 0.0
    return int(text.split()[0]) / 1e9


def connect(url: str, durable: bool) -> psycopg.Connection[Any]:
    """A client as applications have them: autocommit, prepared statements."""
    connection = psycopg.connect(url, autocommit=True, prepare_threshold=0, application_name="benchmark")
    connection.execute(f"SET synchronous_commit = {'on' if durable else 'off'}")
    return connection


def client(job: tuple[str, bool, str, Sequence[str]]) -> Cost:
    """One client's slice: the statement once a key, the first few to warm up. Runs in a process of its own."""
    url, durable, statement, keys = job
    with connect(url, durable) as connection:
        for key in keys[:WARM_UP]:
            connection.execute(statement.encode(), [key])
        _together.wait()
        cpu, begun = backend_cpu(connection), time.perf_counter()
        for key in keys[WARM_UP:]:
            connection.execute(statement.encode(), [key])
        seconds = time.perf_counter() - begun
        done = len(keys) - WARM_UP
        return Cost(seconds / done, (backend_cpu(connection) - cpu) / done)


_together: Barrier
"""Where the clients of one slice wait for each other; set in each of their processes."""


def meet_at(barrier: Barrier) -> None:
    """Tell this process where the clients meet."""
    global _together
    _together = barrier


class Bench:
    """One server with a copy of the table for each variant."""

    def __init__(self, url: str, sizes: Sizes) -> None:
        self.url, self.sizes = url, sizes
        self.admin = connect(url, durable=False)
        self.admin.execute("SET sync_engine.maintenance = 'the next round of a benchmark'")
        self.admin.execute("CREATE TYPE mood AS ENUM ('draft', 'active', 'retired')")
        self.admin.execute("CREATE SEQUENCE emaj_gid_seq")
        self.run_file("table", "source")
        self.run_file("rows", rows=str(sizes.rows))
        for variant in VARIANTS:
            self.run_file("table", f"t_{variant}")
            if (RIVALS / f"{variant}.sql").exists():
                self.run_file(variant, f"t_{variant}")
        self.install_ours()
        self.keys = [str(key) for (key,) in self.admin.execute("SELECT id FROM source ORDER BY id")]
        self.refill()

    def run_file(self, name: str, table: str = "", **values: str) -> None:
        text = (RIVALS / f"{name}.sql").read_text(encoding="utf-8").replace("{table}", table)
        for placeholder, value in values.items():
            text = text.replace("{" + placeholder + "}", value)
        self.admin.execute(text.encode(), prepare=False)

    def install_ours(self) -> None:
        database = PostgresDatabase(self.url)
        database.upgrade()
        with database.transaction() as unit:
            table = next(table for table in unit.rows.tables(["public"]) if table.name == "t_ours")
            captured = tuple(column.name for column in table.columns)
            mapping = TableMapping(
                "t_ours", "public", "t_ours", ("id",), ("uuid",), (), "", id=1, captured=captured
            )
            unit.capture.install(mapping, table)
        database.close()

    def log_of(self, variant: str) -> str:
        return {"none": "", "ours": "sync_engine.sync_events"}.get(variant, f"log_t_{variant}")

    def refill(self) -> None:
        """All rows back in each table, logs empty: every round begins alike."""
        for variant in VARIANTS:
            self.admin.execute(f"INSERT INTO t_{variant} SELECT * FROM source ON CONFLICT DO NOTHING".encode())
            self.admin.execute(f"VACUUM ANALYZE t_{variant}".encode(), prepare=False)
            if log := self.log_of(variant):
                self.admin.execute(f"TRUNCATE {log}".encode(), prepare=False)

    def shuffled(self, dice: random.Random) -> Iterator[str]:
        yield from dice.sample(VARIANTS, len(VARIANTS))

    def single_rows(self, durable: bool, clients: int) -> Costs:
        """INSERT, UPDATE and DELETE, one row a transaction."""
        costs: Costs = defaultdict(list)
        dice = random.Random(clients)
        processes = multiprocessing.get_context("fork")
        with processes.Pool(clients, meet_at, [processes.Barrier(clients)]) as pool:
            for _ in range(self.sizes.rounds):
                keys = dice.sample(self.keys, self.sizes.slice * clients)
                for operation in ("DELETE", "INSERT", "UPDATE"):
                    for variant in self.shuffled(dice):
                        statement = SINGLE[operation].replace("{table}", f"t_{variant}")
                        jobs = [(self.url, durable, statement, keys[n::clients]) for n in range(clients)]
                        done = pool.map(client, jobs, chunksize=1)
                        costs[operation, variant].append(average(done))
                self.refill()
        return costs

    def bulk(self) -> Costs:
        """Statements over the whole table."""
        costs: Costs = defaultdict(list)
        dice = random.Random(0)
        with connect(self.url, durable=False) as connection:
            for _ in range(self.sizes.bulk_rounds):
                for operation, statement in BULK.items():
                    for variant in self.shuffled(dice):
                        query = statement.replace("{table}", f"t_{variant}").encode()
                        cpu, begun = backend_cpu(connection), time.perf_counter()
                        connection.execute(query, prepare=False)
                        seconds, cpu = time.perf_counter() - begun, backend_cpu(connection) - cpu
                        costs[operation, variant].append(Cost(seconds / self.sizes.rows, cpu / self.sizes.rows))
                self.refill()
        return costs

    def bytes_of_an_update(self, variant: str) -> tuple[float, float]:
        """Log and WAL bytes of a one-column update, full-page images aside."""
        self.refill()
        update = BULK["UPDATE"].replace("{table}", f"t_{variant}").encode()
        self.admin.execute(update, prepare=False)
        before = self.position(variant)
        self.admin.execute(update, prepare=False)
        after = self.position(variant)
        return (after[0] - before[0]) / self.sizes.rows, (after[1] - before[1]) / self.sizes.rows

    def position(self, variant: str) -> tuple[int, int]:
        log = self.log_of(variant)
        size = f"pg_relation_size('{log}')" if log else "0"
        row = self.admin.execute(f"SELECT {size}, pg_current_wal_insert_lsn() - '0/0'::pg_lsn".encode()).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)


def average(costs: Sequence[Cost]) -> Cost:
    """Of clients that ran side by side."""
    return Cost(statistics.fmean(cost.seconds for cost in costs), statistics.fmean(cost.cpu for cost in costs))


def median_of(costs: Costs, operation: str, variant: str, figure: Callable[[Cost, Cost], float]) -> float:
    """Median over rounds of a figure made from the variant's cost and the one without a trigger."""
    pairs = zip(costs[operation, variant], costs[operation, "none"], strict=True)
    return statistics.median(figure(cost, none) for cost, none in pairs)


def report(title: str, costs: Costs) -> None:
    """One line an operation."""
    operations = dict.fromkeys(operation for operation, _ in costs)
    for operation in operations:
        cells = []
        rival = median_of(costs, operation, "emaj", lambda cost, none: cost.cpu - none.cpu)
        for variant in VARIANTS[1:]:
            slower = median_of(costs, operation, variant, lambda cost, none: cost.seconds / none.seconds)
            cpu = median_of(costs, operation, variant, lambda cost, none: cost.cpu - none.cpu)
            share = f"{cpu / rival:4.2f}" if rival > 0 else "   -"
            cells.append(f"{variant:>6} {slower:5.2f}x  +{cpu * 1e6:5.1f} us ({share})")
        print(f"{title:<20}{operation:<7}" + " ".join(cells))


@contextmanager
def server(binaries: Binaries) -> Iterator[EmbeddedServer]:
    """On disk and with fsync, unlike a test's server."""
    with tempfile.TemporaryDirectory(prefix="sync-engine-bench-") as folder:
        Path(folder).chmod(0o755)  # the server runs as nobody when this runs as root
        running = EmbeddedServer.persistent(Path(folder) / "data", binaries=binaries)
        with running:
            yield running


def measure(binaries: Binaries, sizes: Sizes) -> None:
    """All measurements on one version of Postgres."""
    print(f"Postgres {binaries.version}; share of E-Maj's CPU in brackets")
    with server(binaries) as running:
        running.create_database("bench")
        bench = Bench(running.url("bench"), sizes)
        for durable in (False, True):
            for clients in (1, 4):
                title = f"{'durable' if durable else 'async'}, {clients} client{'s' * (clients > 1)}"
                report(title, bench.single_rows(durable, clients))
        report(f"{sizes.rows:,} rows at once", bench.bulk())
        plain = bench.bytes_of_an_update("none")[1]
        for variant in VARIANTS[1:]:
            log, wal = bench.bytes_of_an_update(variant)
            print(f"one-column UPDATE, {variant:<6}{log:6.0f} bytes of log  +{wal - plain:5.0f} bytes of WAL")
        bench.admin.close()


def main(*, quick: bool) -> None:
    """Measure on the embedded server, and on the system's 15 where it is installed."""
    if sys.platform != "linux":
        print("backend CPU is read from /proc, which this system does not have: CPU shows as 0")
    sizes = Sizes(500, 20, 2, 2) if quick else Sizes(10_000, 250, 15, 9)
    measure(find_binaries("embedded"), sizes)
    if SYSTEM_15.is_dir() and not quick:
        measure(find_binaries(SYSTEM_15), sizes)


if __name__ == "__main__":
    main(quick=False)
