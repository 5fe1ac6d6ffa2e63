"""A rollback of many rows in Postgres, against the set-based UPDATE from the log that one would write by hand.

    python -m benchmarks --only rollback

Both are logged by the capture trigger. By hand nothing is guarded, journalled or compared, and the values of one
known column are put back for keys of one known type. The rollback is all of it: both sides read, each record
guarded, rows written with compare-and-set, the journal, the records. What matters is the ratio (target: 0.5) and
whether memory grows with the number of rows (target: it does not).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.carry import SCHEMA, SERVE, _opened
from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.bootstrap import App
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.record import Presence, Record
from sync_engine.engine.configure.setup import setup
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback

BY_HAND = """
UPDATE bench b SET name = o.before ->> 'name'
  FROM (SELECT DISTINCT ON (key) key, before FROM sync_engine.sync_events
         WHERE seq > %s AND source = 'p' AND op = 'u' ORDER BY key, seq) o
 WHERE b.id = o.key::uuid
"""


def main(*, quick: bool) -> None:
    """Print rows a second of both, their ratio, and the peak of memory."""
    notion = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(notion.stdout.readline()) if notion.stdout else {}
        for rows in (500, 1_000) if quick else (10_000, 100_000):
            with EmbeddedServer.ephemeral() as server, tempfile.TemporaryDirectory() as folder:
                server.create_database("bench")
                url = server.url("bench")
                with psycopg.connect(url, autocommit=True) as connection:
                    # as many rows as there are, and yet no score beyond its precision
                    schema = SCHEMA.replace("n / 7.0", "n % 7000 / 7.0")
                    connection.execute(schema.replace("%s", str(rows)).encode())
                    with _opened(url, ready, Path(folder)) as app:
                        _measure(app, connection, rows)
    finally:
        notion.terminate()


def _measure(app: App, connection: psycopg.Connection[Any], rows: int) -> None:
    setup(app.installation)
    app.remapped()
    _as_if_synced(app)

    def undo_by_hand(seq: int) -> None:
        connection.execute(BY_HAND, [seq])

    by_hand = _timed(connection, undo_by_hand)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, selection in (("mark", Selection(to="mark")), ("transaction", Selection(txid=1))):
        create_mark(app.context, "mark") if name == "mark" else None

        def take_back(_seq: int, selection: Selection = selection) -> None:
            [(txid,)] = connection.execute("SELECT max(txid)::text FROM sync_engine.sync_events").fetchall()
            chosen = replace(selection, txid=int(txid)) if selection.txid else selection
            done = rollback(app.context, chosen)
            if done.undone != rows:
                raise SystemExit(f"{done.undone} of {rows} rows were taken back, {done.blocked} blocked")

        seconds = _timed(connection, take_back)
        ratio = by_hand / seconds
        print(f"{rows:>9,} rows, by {name:<12} {rows / seconds:>9,.0f} rows/s, {ratio:.2f} of by hand", end="")
        print(f" ({rows / by_hand:,.0f})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{rows:>9,} rows: memory at most {peak / 1024:,.0f} MiB, {before / 1024:,.0f} before the first")


def _timed(connection: psycopg.Connection[Any], undo: Callable[[int], None]) -> float:
    """Seconds to undo a bulk UPDATE; checks that it is undone."""
    [(seq,)] = connection.execute("SELECT coalesce(max(seq), 0) FROM sync_engine.sync_events").fetchall()
    digest = "SELECT md5(string_agg(md5(b::text), '' ORDER BY id)) FROM bench b"
    wanted = connection.execute(digest).fetchone()
    connection.execute("UPDATE bench SET name = name || '!'")
    begun = time.perf_counter()
    undo(seq)
    seconds = time.perf_counter() - begun
    if connection.execute(digest).fetchone() != wanted:
        raise SystemExit("the rows are not what they were")
    return seconds


def _as_if_synced(app: App) -> None:
    """Records as a pass leaves them, without the hours that it takes to make so many pages."""
    context = app.context
    gather(context, context.mappings, "bench", full=False, dry_run=False)
    [mapping] = context.mappings
    with context.database.transaction() as uow:
        records = uow.records.scan(mapping.id)
        while batch := list(islice(records, 1000)):
            uow.records.save([_synced(record, context.by_id[record.mapping]) for record in batch])


def _synced(record: Record, mapping: Any) -> Record:
    return replace(
        record,
        page_id=f"page-{record.key}",
        base={item.name: postgres_value(record, item) for item in mapping.fields if item.name in record.postgres},
        postgres={},
        notion_presence=Presence.PRESENT,
        key_on_page=True,
    )
