"""Undoing: what a record becomes when a change that never crossed is given up on the side it came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import is_unresolved
from sync_engine.domain.values import JsonObject, Value


def undoable(record: Record, side: Side, mapping: TableMapping) -> Mapping[str, Value]:
    """The base of the fields that the side changed and that have one: what it would hold again."""
    return {
        name: record.base[name] for name in record.pending(side) if name in record.base and name in mapping.by_name
    }


def give_up_in_notion(
    record: Record, names: Collection[str], mapping: TableMapping, at: Interval, actor: JsonObject, origin: str
) -> Record:
    """The record in which the page's values of these fields have lost to the base, which is to be written to it.

    What the row holds meanwhile is written instead, where Postgres changed the field too.
    """
    base, postgres, notion = dict(record.base), dict(record.postgres), dict(record.notion)
    for name in names:
        shown = notion_value(record, mapping.by_name[name])
        postgres.setdefault(name, PendingChange(record.base[name], at, actor, 0, origin))
        del notion[name]
        if is_unresolved(shown):  # no value that could be a base: what comes from Postgres is new to the page
            del base[name]
        else:
            base[name] = shown
    return replace(record, base=base, postgres=postgres, notion=notion)
