"""A rollback of many rows in Postgres, against the set-based UPDATE from the log that one would write by hand.

    python -m benchmarks --only rollback
    ROLLBACK_ROWS=2000,20000 python -m benchmarks --only rollback     (10,000 and 100,000 if nothing is said)

Both are logged by the capture trigger. By hand nothing is guarded, journalled or compared, and the values of one
known column are put back for keys of one known type. The rollback is all of it: both sides read, each record
guarded, rows written with compare-and-set, the journal, the records. `log read` leaves out folding the edits
themselves, which the continuous run has done by the time that somebody rolls them back. What matters is the ratio
to what was done by hand right before it (target: 0.5), and whether memory grows with the rows (target: no).
"""

from __future__ import annotations

import json
import os
import re
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
from sync_engine.engine.passes.capture import capture
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
    """Print rows a second, the ratio to by hand, and the peak of memory."""
    notion = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(notion.stdout.readline()) if notion.stdout else {}
        asked = os.environ.get("ROLLBACK_ROWS") or ("500,1000" if quick else "10000,100000")
        for rows in map(int, asked.split(",")):
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
    for name, selection in (
        ("mark", Selection(to="mark")),
        ("mark, log read", Selection(to="mark")),
        ("transaction", Selection(txid=1)),
    ):
        by_hand = _timed(connection, lambda seq: connection.execute(BY_HAND, [seq]))
        capture(app.context.database, app.context.by_id)
        if selection.to:
            with app.context.database.transaction() as uow:
                uow.marks.delete("mark") if uow.marks.get("mark") else None
            create_mark(app.context, "mark")

        def take_back(_seq: int, selection: Selection = selection) -> None:
            [(txid,)] = connection.execute("SELECT max(txid)::text FROM sync_engine.sync_events").fetchall()
            chosen = replace(selection, txid=int(txid)) if selection.txid else selection
            done = rollback(app.context, chosen)
            if done.undone != rows:
                raise SystemExit(f"{done.undone} of {rows} rows were taken back, {done.blocked} blocked")

        def read_log(name: str = name) -> None:
            capture(app.context.database, app.context.by_id) if "log read" in name else None

        _forget_peak()
        before = _peak()
        seconds = _timed(connection, take_back, read_log)
        ratio = by_hand / seconds
        print(f"{rows:>9,} rows, by {name:<15} {rows / seconds:>9,.0f} rows/s, {ratio:.3f} of by hand", end="")
        print(f" ({rows / by_hand:,.0f}); memory {before:,.0f} MiB before, at most {_peak():,.0f}", flush=True)


def _forget_peak() -> None:
    """Let the system count the peak of memory anew."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """The most memory that this process had since then, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _timed(
    connection: psycopg.Connection[Any], undo: Callable[[int], object], prepare: Callable[[], None] = lambda: None
) -> float:
    """Seconds to undo a bulk UPDATE, without those of `prepare`; checks that it is undone."""
    [(seq,)] = connection.execute("SELECT coalesce(max(seq), 0) FROM sync_engine.sync_events").fetchall()
    digest = "SELECT md5(string_agg(md5(b::text), '' ORDER BY id)) FROM bench b"
    wanted = connection.execute(digest).fetchone()
    connection.execute("UPDATE bench SET name = name || '!'")
    prepare()
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
