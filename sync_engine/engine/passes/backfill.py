"""Backfill: log the rows that were there before capture began, so that the log alone tells the whole story."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_row_event
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Record
from sync_engine.domain.times import Interval
from sync_engine.engine.context import Context
from sync_engine.engine.passes.row_filters import ask_of_all
from sync_engine.ports.registrations import Registration

CHUNK = 5000


def backfill(context: Context, mapping: TableMapping, registration: Registration) -> int:
    """Write every row of the table as a snapshot event, once; returns how many.

    All chunks and the flag that says so commit together: a crash starts the table anew and leaves no half of it
    in the log. Changes made meanwhile are captured by the trigger; a snapshot event never overwrites a newer
    one, because it carries the snapshot under which it was read (`domain/fold.py`). Where the table was read
    before, rows that went away while their changes were not captured are logged as deleted. Of a table with a row
    filter only the rows that fit are told, as entering.
    """
    total = 0
    with context.database.transaction() as uow:
        after: tuple[str, ...] | None = None
        if mapping.row_filter:
            total = ask_of_all(uow, mapping, context.database.now(), told_again=True)
        while not mapping.row_filter:
            logged = uow.events.snapshot_chunk(mapping, after, CHUNK)
            total += logged
            context.progress(f"reading {mapping.name}", total, 0)
            after = uow.events.last_snapshot_key()
            if logged < CHUNK or after is None:
                break
        uow.events.log_absences(mapping)
        uow.registrations.save(replace(registration, backfilled=True))
    return total


def rehearse_backfill(context: Context, mapping: TableMapping) -> None:
    """What `backfill` and the first capture would make of the table, inside a dry run.

    Events written in the rehearsal's own transaction are not yet visible to a tick, so the rows are folded
    directly.
    """
    now = context.database.now()
    with context.database.transaction() as uow:
        if mapping.row_filter:
            ask_of_all(uow, mapping, now, told_again=True)
            return
        rows = list(uow.rows.scan(mapping))
        known = uow.records.by_key(mapping.id, [key for key, _ in rows])
        folded = []
        for key, image in rows:
            event = ChangeEvent(
                seq=0,
                txid=0,
                source=Side.POSTGRES,
                mapping=mapping.id,
                key=key,
                op=Op.SNAPSHOT,
                before=None,
                after=image,
                occurred=Interval.instant(now),
                recorded_at=now,
                snapshot="1:1:",
            )
            folded.append(fold_row_event(known.get(key) or Record(0, mapping.id, key), event, mapping))
        uow.records.save(folded)
