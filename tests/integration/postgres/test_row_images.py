"""What a write returns is what the capture trigger logs: the same images and the same keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.domain.events import Op
from sync_engine.domain.mapping import TableMapping
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.rows import RowOp, RowResult, RowWrite
from tests.support.postgres import Database

DDL = """
    create domain amount as numeric(12,4);
    create type pair as (a int, b numeric);
    create type mood as enum ('so so', 'R&D');
    create table "Some ""Table" (
        k text, "at" timestamptz, m mood, n numeric(4,1), primary key (k, "at", m, n),
        small numeric(10,6), f4 float4, f8 float8, cash money, j json, jb jsonb, ns numeric[], js jsonb[], p pair,
        ps pair[], am amount, ams amount[], moods mood[], tags text[], days date[], iv interval, b bytea,
        r numrange, pt point, bits varbit, c char(5), ip inet, flag boolean, big bigint, ts timestamp,
        t time, u uuid)"""

VALUES = {
    "small": "1.5",
    "f4": "0.1",
    "f8": "-1e-300",
    "cash": "12.50",
    "j": '{"b": 1.10,  "a": null}',
    "jb": '{"b": 1.10, "a": [1e2]}',
    "ns": "{1.10,NULL,NaN}",
    "js": '{"{\\"a\\": 1.0}",NULL}',
    "p": "(1,2.50)",
    "ps": '{"(1,2.50)",NULL}',
    "am": "0.1000",
    "ams": "{1.5,NULL}",
    "moods": '{"so so","R&D"}',
    "tags": '{"a,b","q\\"","\\\\",NULL,""}',
    "days": "{2026-02-28,infinity}",
    "iv": "1 mon -2 days 03:04:05.6",
    "b": "\\xdead00",
    "r": "[1.0,2.50)",
    "pt": "(1.5,2)",
    "bits": "101",
    "c": "ab",
    "ip": "10.0.0.1",
    "flag": "t",
    "big": "9223372036854775807",
    "ts": "2026-03-04 05:06:07.89",
    "t": "24:00:00",
    "u": "6f2b1c9e-0000-4000-8000-00000000abcd",
}
KEYS = ["plain", 'a,"b"', "line\nbreak", ""]


@pytest.mark.every_postgres
def test_writes_and_events_agree(database: Database) -> None:
    with database.connect(autocommit=True) as user:
        user.execute(DDL)
        user.execute(f"alter database {database.name} set datestyle = 'German'")
        user.execute(f"alter database {database.name} set timezone = 'Asia/Kolkata'")
    opened = PostgresDatabase(database.url)
    with opened.transaction() as unit:
        (table,) = unit.rows.tables(["public"])
        mapping = TableMapping(
            name=table.name,
            schema=table.schema,
            table=table.name,
            key_columns=table.primary_key,
            key_types=("text", "timestamp with time zone", "mood", "numeric(4,1)"),
            fields=(),
            title="k",
            id=1,
            oid=table.oid,
            captured=tuple(column.name for column in table.columns),
        )
        unit.capture.install(mapping, table)
    with opened.transaction("run:1") as unit:
        key = {"at": "2026-03-04T05:06:07.000001Z", "m": "so so", "n": "1.0"}
        inserted = unit.rows.write(
            mapping, [RowWrite(RowOp.INSERT, "", {**VALUES, **key, "k": k}, {}) for k in KEYS]
        )
        emptied = unit.rows.write(
            mapping, [RowWrite(RowOp.UPDATE, row.key, dict.fromkeys(VALUES), VALUES) for row in inserted]
        )
        images = dict(unit.rows.scan(mapping))
        fetched = unit.rows.fetch(mapping, [row.key for row in inserted])
    assert {row.result for row in [*inserted, *emptied]} == {RowResult.DONE}
    with opened.transaction() as unit:
        events = list(unit.events.find(EventFilter(mapping=1)))
    logged = {event.key: event.after for event in events if event.op is Op.INSERT}
    assert logged == {row.key: row.image for row in inserted}
    after = {event.key: {**logged[event.key], **event.after} for event in events if event.op is Op.UPDATE}
    assert after == {row.key: row.image for row in emptied} == images == fetched
    with opened.transaction() as unit:
        unit.events.snapshot_chunk(replace(mapping, id=2), None, 10)
    with opened.transaction() as unit:
        assert {event.key: event.after for event in unit.events.find(EventFilter(mapping=2))} == images
    opened.close()
