"""Lone edits in a rollback: which tables' rows may be taken back in bulk, and how the result tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sync_engine.domain.codecs.plain import is_plain
from sync_engine.domain.compensation import Status
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.undo.rollback_selection import Selection
from sync_engine.ports.lone_edits import LoneEdits, TakenRows
from sync_engine.ports.marks import Mark


def lone_edits(context: Context, selection: Selection, mark: Mark | None) -> Sequence[LoneEdits]:
    """What in a rollback to a mark takes no look at each record; none if less than all since then is meant."""
    narrowed = selection.run or selection.record or selection.since or selection.until or selection.by_event
    if mark is None or narrowed:
        return []
    return [
        LoneEdits(mapping, _fields(mapping), mark.seq, mark.change_id)
        for mapping in context.mappings
        if selection.table in ("", mapping.name) and _is_fit(mapping)
    ]


def _is_fit(mapping: TableMapping) -> bool:
    """Whether rows of the table mean no more than what they hold, and their keys are one column's text."""
    return len(mapping.key_columns) == 1 and not mapping.row_filter and not mapping.soft_column


def _fields(mapping: TableMapping) -> tuple[str, ...]:
    return tuple(
        item.name
        for item in mapping.fields
        if item.writable and not item.gives_key and item.column not in mapping.key_columns and is_plain(item.codec)
    )


def lines_of(taken: Iterable[TakenRows], failed: Mapping[int, str]) -> Iterable[JsonObject]:
    """The rows as lines of the plan."""
    for rows in taken:
        for record_id, key in rows.records:
            for side in Side:
                yield {
                    "side": side.value,
                    "table": rows.mapping.name,
                    "key": key,
                    "op": "update",
                    "fields": [*rows.fields],
                    "status": (Status.BLOCKED if record_id in failed else Status.UNDO).value,
                    "reason": failed.get(record_id, ""),
                }
