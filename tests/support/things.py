"""A small pure mapping for domain tests: four fields of different exactness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sync_engine.domain.codecs.registry import codec_for
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.mapping import ConflictPolicy, FieldMapping, TableMapping
from sync_engine.domain.record import PendingChange
from sync_engine.domain.schema import Column
from sync_engine.domain.times import Interval
from sync_engine.domain.values import Value

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("title", "flag", "day", "note")
COLUMNS = {
    "title": ("text", "text", "title"),
    "flag": ("bool", "boolean", "checkbox"),
    "day": ("timestamptz", "timestamp with time zone", "date"),
    "note": ("text", "text", "rich_text"),
}


def field(name: str, policy: ConflictPolicy = "newest") -> FieldMapping:
    base, kind, notion = COLUMNS[name]
    column = Column(name=name, number=NAMES.index(name) + 1, type=kind, base=base)
    return FieldMapping(
        name=name,
        column=name,
        number=column.number,
        column_type=kind,
        property=name,
        type=notion,
        codec=codec_for(column, notion),
        property_id=name,
        conflict=policy,
    )


def mapping(policy: ConflictPolicy = "newest") -> TableMapping:
    return TableMapping(
        name="things",
        schema="public",
        table="things",
        key_columns=("id",),
        key_types=("uuid",),
        fields=tuple(field(name, policy) for name in NAMES),
        title="title",
        id=1,
    )


def change(value: Value, since: int = 0, length: int = 0, seq: int = 1) -> PendingChange:
    start = EPOCH + timedelta(seconds=since)
    return PendingChange(value, Interval(start, start + timedelta(seconds=length)), {"name": "Ada"}, seq)


def row_event(seq: int, op: Op, after: dict[str, Any] | None = None, **more: Any) -> ChangeEvent:
    """An event of the row `k`, in the order of `seq`; `more` overrides any part."""
    values: dict[str, Any] = {
        "seq": seq,
        "txid": 100 + seq,
        "source": Side.POSTGRES,
        "mapping": 1,
        "key": "k",
        "op": op,
        "before": None,
        "after": after,
        "occurred": Interval.instant(EPOCH),
        "recorded_at": EPOCH,
    }
    return ChangeEvent(**{**values, **more})
