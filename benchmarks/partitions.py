"""What range partitions of the log would cost each write: against a plain table, and one with inherited children.

    python -m benchmarks --only partitions

One small table with a trigger that inserts into a log, in three copies: the log a plain table, a table from which
twelve others inherit, and one partitioned by range of seq in twelve. Single-row transactions, commits not waited
for, slices of all three alternating in random order. "us" is the backend's own CPU a write (docs/adr/0003).
"""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.capture import backend_cpu, connect
from sync_engine.adapters.embedded import EmbeddedServer, find_binaries

PARTS, RANGE = 12, 1_000_000
SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")

LOG = """
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(), seq bigint NOT NULL DEFAULT nextval('numbers'),
    occurred timestamptz NOT NULL DEFAULT clock_timestamp(), mapping integer NOT NULL, source "char" NOT NULL,
    op "char" NOT NULL, key text NOT NULL, before jsonb, after jsonb, PRIMARY KEY (seq)
"""
TRIGGER = """
CREATE FUNCTION log_{name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.log_{name} (mapping, source, op, key, before, after)
    VALUES (1, 'p', 'u', NEW.id::text, jsonb_build_object('n', OLD.n), jsonb_build_object('n', NEW.n));
    RETURN NULL;
END $$;
CREATE TABLE work_{name} (id integer PRIMARY KEY, n integer) WITH (fillfactor = 50);
INSERT INTO work_{name} SELECT n, 0 FROM generate_series(1, 1000) n;
CREATE TRIGGER capture AFTER UPDATE ON work_{name} FOR EACH ROW EXECUTE FUNCTION log_{name}();
"""


def prepare(connection: psycopg.Connection[Any]) -> None:
    """The three logs, each with a table that writes to it."""
    connection.execute("CREATE SEQUENCE numbers")
    connection.execute(f"CREATE TABLE log_plain ({LOG})")
    connection.execute(f"CREATE TABLE log_inherited ({LOG})")
    connection.execute(f"CREATE TABLE log_partitioned ({LOG}) PARTITION BY RANGE (seq)")
    for part in range(PARTS):
        start, end = part * RANGE, (part + 1) * RANGE
        bounds = f"seq >= {start} AND seq < {end}"
        connection.execute(
            f"CREATE TABLE child_{part} (CHECK ({bounds}), PRIMARY KEY (seq)) INHERITS (log_inherited)"
        )
        connection.execute(
            f"CREATE TABLE part_{part} PARTITION OF log_partitioned FOR VALUES FROM ({start}) TO ({end})"
        )
    for name in ("plain", "inherited", "partitioned"):
        connection.execute(TRIGGER.format(name=name), prepare=False)


def slice_of(connection: psycopg.Connection[Any], name: str, writes: int) -> tuple[float, float]:
    """Wall and CPU microseconds a write."""
    cpu, begun = backend_cpu(connection), time.perf_counter()
    for number in range(writes):
        connection.execute(f"UPDATE work_{name} SET n = n + 1 WHERE id = %s", [number % 1000 + 1])
    return (time.perf_counter() - begun) / writes * 1e6, (backend_cpu(connection) - cpu) / writes * 1e6


def main(*, quick: bool) -> None:
    """Print a line a log, for each server of this machine."""
    writes, rounds = (200, 3) if quick else (2000, 25)
    for prefer in [None, *([SYSTEM_15] if SYSTEM_15.is_dir() else [])]:
        with (
            EmbeddedServer.ephemeral(binaries=find_binaries(prefer)) as server,
            connect(server.url(), durable=False) as connection,
        ):
            prepare(connection)
            names = ["plain", "inherited", "partitioned"]
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
            for name in names:
                slice_of(connection, name, 50)
            for _ in range(rounds):
                for name in random.sample(names, 3):
                    found[name].append(slice_of(connection, name, writes))
            for name in names:
                wall, cpu = (statistics.median(part) for part in zip(*found[name], strict=True))
                more = statistics.median(
                    mine[1] - plain[1] for mine, plain in zip(found[name], found["plain"], strict=True)
                )
                print(f"{server.version:<4}{name:<14}{wall:>8.1f} us wall{cpu:>8.1f} us CPU   {more:+.2f} us")


if __name__ == "__main__":
    main(quick=False)
