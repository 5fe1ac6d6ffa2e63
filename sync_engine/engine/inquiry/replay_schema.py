"""Replay into a scratch schema: the rows as the log tells that they were at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync_engine.domain.timeline import Timeline
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.archived import refuse_archived
from sync_engine.engine.inquiry.replayed import Replayed
from sync_engine.ports.event_log import EventFilter

AT_ONCE = 1000


def replay_into_schema(
    context: Context, schema: str, tables: Sequence[str] = (), until: datetime | None = None, *, dry_run: bool
) -> Replayed:
    """Rebuild the rows of these tables as of `until` (now, when it is None) in a schema that is made for it.

    The tables have the captured columns, so nothing that was left out as a secret, and no constraints but the key.
    One transaction: the schema is there with all its rows or not at all. Raises UsageError when there is one of
    that name, or a table is unknown.
    """
    selected = context.selected(tables)
    refuse_archived(context, until)
    result = Replayed(f"schema:{schema}")
    with context.database.transaction() as uow:
        if not dry_run:
            uow.scratch.create_schema(schema)
        for mapping in selected:
            timeline = Timeline(uow.homes.rebases())
            for event in uow.events.find(EventFilter(mapping=mapping.id, until=until)):
                if until is None or event.occurred.until <= until:
                    timeline.fold(event)
                    result.events += 1
            rows = [row.image for row in timeline.rows.values() if row.exists]
            result.records += len(rows)
            if not dry_run:
                uow.scratch.create_table(mapping, schema)
                for start in range(0, len(rows), AT_ONCE):
                    uow.scratch.fill(mapping, schema, rows[start : start + AT_ONCE])
                    context.progress(f"rebuilding {mapping.name}", start, len(rows))
    return result
