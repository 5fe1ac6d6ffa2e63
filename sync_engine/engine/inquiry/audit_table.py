"""Audit of a whole table: all its records as of a time, and what differs between two times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sync_engine.domain.timeline import Timeline
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.archived import refuse_archived
from sync_engine.engine.inquiry.audit_record import as_of, copies_json, difference
from sync_engine.ports.event_log import EventFilter


def table_at(context: Context, table: str, at: datetime) -> Iterator[JsonObject]:
    """Every record that existed at that time, by key, pages without a row last.

    Memory is that of the table then, not of the log. Raises UsageError for an unknown table.
    """
    mapping = context.mapping(table)
    (timeline,) = _timelines(context, mapping.id, at)
    for key in timeline.names():
        shown = as_of(timeline, mapping, key, at)
        if shown["exists"]:
            yield shown
    for page in timeline.unkeyed():
        if page.exists:
            yield copies_json(None, page, mapping, "", at)


def table_between(context: Context, table: str, since: datetime, until: datetime) -> Iterator[JsonObject]:
    """The records that differ between two times, by key, each with its net changes. Raises UsageError."""
    mapping = context.mapping(table)
    earlier, later = _timelines(context, mapping.id, since, until)
    for key in later.names():
        changed = difference(as_of(earlier, mapping, key, since), as_of(later, mapping, key, until))
        if changed["changes"] or changed["op"] != "update":
            yield changed


def _timelines(context: Context, mapping: int, *moments: datetime) -> tuple[Timeline, ...]:
    done = 0
    refuse_archived(context, *moments)
    with context.database.transaction() as uow:
        timelines = tuple(Timeline(uow.homes.rebases()) for _ in moments)
        for event in uow.events.find(EventFilter(mapping=mapping, until=max(moments))):
            for timeline, at in zip(timelines, moments, strict=True):
                if event.occurred.until <= at:
                    timeline.fold(event)
            done += 1
            if done % 1000 == 0:
                context.progress("reading the log", done, 0)
    return timelines
