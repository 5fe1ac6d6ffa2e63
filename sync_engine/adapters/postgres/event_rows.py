"""Rows of the log as change events, and back; the hot path of reading, so written for speed."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from psycopg.sql import SQL, Composed

from sync_engine.adapters.postgres.statements import statement
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.redaction import without_redacted
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject
from sync_engine.ports.event_log import NewEvent

OPS: Mapping[str, Op] = {
    "i": Op.INSERT,
    "u": Op.UPDATE,
    "d": Op.DELETE,
    "t": Op.TRUNCATE,
    "s": Op.SNAPSHOT,
    "r": Op.RESTORE,
    "e": Op.ENTER,
    "l": Op.LEAVE,
}
SIDES: Mapping[str, Side] = {"p": Side.POSTGRES, "n": Side.NOTION}
OP_CODES = {op: code for code, op in OPS.items()}
SIDE_CODES = {side: code for code, side in SIDES.items()}

_NOBODY: JsonObject = {}

Row = tuple[Any, ...]


def columns() -> SQL:
    """The select list that `change_events` expects, of the table alias `e`.

    JSON travels as text: orjson reads it faster than the driver's loader would call it.
    """
    return SQL(statement("events_columns").rstrip())


def with_columns(name: str) -> Composed:
    """The statement of that name, its `{columns}` filled in."""
    return SQL(statement(name)).format(columns=columns())


def captured_events(rows: Sequence[Row]) -> list[ChangeEvent]:
    """The events of a page of `sql/events_read.sql`: the hot path, at 100,000 events a second and more.

    The garbage collector pauses meanwhile: events hold no cycles and all of them live on, and looking through them
    again and again cost as much as making them. `tuple.__new__` is what a named tuple's constructor calls.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        new, loads, postgres = tuple.__new__, orjson.loads, Side.POSTGRES
        return [
            new(
                ChangeEvent,
                (
                    seq,
                    int(txid),
                    postgres,
                    mapping,
                    key,
                    OPS[op],
                    None if before is None else loads(before),
                    None if after is None else loads(after),
                    new(Interval, (at, at)),
                    at,
                    _NOBODY if actor is None else _actor(actor),
                    origin or "",
                    old_key or "",
                    "",
                    snapshot or "",
                    version,
                    (),
                ),
            )
            for (
                seq,
                txid,
                mapping,
                key,
                op,
                before,
                after,
                at,
                actor,
                origin,
                old_key,
                snapshot,
                version,
            ) in rows
        ]
    finally:
        if collecting:
            gc.enable()


def change_event(row: Row) -> ChangeEvent:
    """One row as an event. Times are UTC, because every transaction of the engine sets its session so."""
    (seq, txid, source, mapping, key, op, before, after, since, until, recorded, actor, origin, old_key, page_id,
     snapshot, version) = row  # fmt: skip
    was, gone = _image(before)
    now, taken = _image(after)
    return ChangeEvent(
        seq,
        txid,
        SIDES[source],
        mapping,
        key,
        OPS[op],
        was,
        now,
        Interval(since, since if until is None else until),
        since if recorded is None else recorded,
        _NOBODY if actor is None else _actor(actor),
        origin or "",
        old_key or "",
        page_id or "",
        snapshot or "",
        version,
        tuple(dict.fromkeys((*gone, *taken))),
    )


_MARK = '{"redacted": true}'


def _image(text: str | None) -> tuple[JsonObject | None, tuple[str, ...]]:
    """An image, and the names of its values that were taken out."""
    if text is None:
        return None, ()
    loaded: JsonObject = orjson.loads(text)
    return without_redacted(loaded) if _MARK in text else (loaded, ())


@lru_cache(maxsize=1024)
def _actor(text: str) -> JsonObject:
    """Without what is empty (an application that gave no name). A log has few actors and many events."""
    stored: JsonObject = orjson.loads(text)
    return stored if all(stored.values()) else {name: value for name, value in stored.items() if value}


def rows_to_append(events: Sequence[NewEvent]) -> str:
    """The events as `sql/events_append.sql` takes them."""
    return orjson.dumps([_row(event) for event in events]).decode()


def _row(event: NewEvent) -> Mapping[str, object]:
    occurred = event.occurred
    return {
        "mapping": event.mapping,
        "source": SIDE_CODES[event.source],
        "op": OP_CODES[event.op],
        "key": event.key,
        "before": event.before,
        "after": event.after,
        "occurred": _moment(occurred.since),
        "occurred_until": None if occurred.until == occurred.since else _moment(occurred.until),
        "actor": event.actor or None,
        "origin": event.origin or None,
        "page_id": event.page_id or None,
    }


def _moment(at: datetime) -> str:
    return at.isoformat()
