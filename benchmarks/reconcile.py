"""Reconcile in memory: events a second through fold, merge and plan, as a ratio to only parsing the same events.

    python -m benchmarks --only reconcile

One core, no database: what the engine costs an event beyond reading it. The baseline parses the JSON of the same
events with orjson and does nothing with it. Target: 20,000 events a second when nothing conflicts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_row_event
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.plan import plan_record
from sync_engine.domain.reconcile import settle
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.schema import Column
from sync_engine.domain.times import Interval

TARGET = 20_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = (
    *((f"text{n}", "text", "text") for n in range(8)),
    *((f"whole{n}", "int4", "integer") for n in range(3)),
    ("exact", "numeric", "numeric(10,6)"),
    ("yes", "bool", "boolean"),
    ("doc", "jsonb", "jsonb"),
    ("moment", "timestamptz", "timestamp with time zone"),
    ("day", "date", "date"),
    ("id2", "uuid", "uuid"),
    ("title", "text", "text"),
)


def mapping() -> TableMapping:
    """A table of 18 columns, as in performance.md."""
    fields = []
    for number, (name, base, kind) in enumerate(COLUMNS, start=1):
        column = Column(name=name, number=number, type=kind, base=base)
        types = {"int4": "number", "numeric": "number", "bool": "checkbox", "timestamptz": "date", "date": "date"}
        notion = "title" if name == "title" else types.get(base, "rich_text")
        fields.append(
            FieldMapping(name, name, number, kind, name, notion, codec_for(column, notion), property_id=name)
        )
    return TableMapping("bench", "public", "bench", ("id",), ("uuid",), tuple(fields), "title", id=1)


def image(number: int) -> dict[str, object]:
    """A row of about 1 KB as capture stores it."""
    values: dict[str, object] = {f"text{n}": f"some text {number} " * 6 for n in range(8)}
    values |= {f"whole{n}": number + n for n in range(3)}
    values |= {
        "exact": f"{number}.500000",
        "yes": True,
        "doc": '{"a": 1, "b": [1, 2, 3]}',
        "title": f"row {number}",
    }
    values |= {"moment": "2026-01-01T10:00:00.123456+00:00", "day": "2026-01-01"}
    return values | {"id2": "00000000-0000-4000-8000-000000000001"}


def events(count: int) -> list[bytes]:
    """One-column updates of linked records, as JSON."""
    return [
        orjson.dumps({"key": f"k{number}", "before": {"text0": "old"}, "after": {"text0": f"new {number}"}})
        for number in range(count)
    ]


def through(raw: list[bytes], table: TableMapping, records: dict[str, Record]) -> int:
    """Parse, fold, settle, plan; returns the operations."""
    operations = 0
    for seq, line in enumerate(raw, start=1):
        parsed = orjson.loads(line)
        event = ChangeEvent(
            seq=seq,
            txid=seq,
            source=Side.POSTGRES,
            mapping=1,
            key=parsed["key"],
            op=Op.UPDATE,
            before=parsed["before"],
            after=parsed["after"],
            occurred=Interval.instant(NOW),
            recorded_at=NOW,
        )
        record = fold_row_event(records[event.key], event, table)
        plan = plan_record(settle(record, table, ambiguous="notion"), table, lambda _table, _key: "")
        operations += len(plan.operations)
    return operations


def per_second(work: Callable[[], object], count: int, rounds: int) -> float:
    """Median of the rounds."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return count / statistics.median(taken)


def main(*, quick: bool) -> None:
    """Print events a second and the ratio to parsing."""
    count = 5_000 if quick else 30_000
    table, raw = mapping(), events(count)
    base = {field.name: field.codec.from_postgres(image(1)[field.name]) for field in table.fields}  # type: ignore[arg-type]
    linked = {"postgres_presence": Presence.PRESENT, "notion_presence": Presence.PRESENT, "key_on_page": True}
    records = {f"k{n}": Record(n + 1, 1, f"k{n}", f"p{n}", base=base, **linked) for n in range(count)}  # type: ignore[arg-type]
    parsing = per_second(lambda: [orjson.loads(line) for line in raw], count, 3)
    deciding = per_second(lambda: through(raw, table, records), count, 3)
    print(f"parse only           {parsing:>10,.0f} events/s")
    print(f"fold, settle, plan   {deciding:>10,.0f} events/s   {deciding / parsing:.3f} of parsing"
          f"   {deciding / TARGET:.2f} of the target of {TARGET:,}")  # fmt: skip


if __name__ == "__main__":
    main(quick=False)
