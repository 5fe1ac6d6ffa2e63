"""Log of what was sent to Notion: the engine's own writes, and the deletions by people that these met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sync_engine.domain.events import Op, Side
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import seen_as
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.passes.missing import trash_event
from sync_engine.engine.passes.observe import content_of, key_on
from sync_engine.engine.passes.send import Reply
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.workspace import Page

_EVENT_OPS = {
    Action.CREATE: Op.INSERT,
    Action.UPDATE: Op.UPDATE,
    Action.TRASH: Op.DELETE,
    Action.RESTORE: Op.RESTORE,
}


def log_trashed(
    uow: UnitOfWork,
    context: Context,
    mapping: TableMapping,
    operations: Sequence[Operation],
    replies: Sequence[Reply | None],
    now: datetime,
) -> None:
    """A person put these pages into the trash before the writes came; no poll shows that."""
    skew = context.workspace.clock_skew()
    uow.events.append(
        [
            trash_event(uow, mapping, operation.record, reply.page, now, skew)
            for operation, reply in zip(operations, replies, strict=True)
            if reply is not None and reply.page is not None and reply.error is not None
        ]
    )


def log_writes(
    uow: UnitOfWork,
    mapping: TableMapping,
    done: Sequence[Operation],
    pages: Sequence[Page],
    origin: Origin,
    now: datetime,
) -> None:
    """The engine's own writes are in the log too, with their origin, as the trigger logs those of Postgres."""
    by_id = {page.id: page for page in pages}
    created = {key_on(page, mapping): page.id for page in pages}
    uow.events.append(
        [
            _with_last_content(uow, mapping, event, by_id.get(event.page_id))
            for operation in done
            if operation.record.page_id in by_id or operation.record.key in created
            for event in [_write_event(operation, mapping, created.get(operation.record.key, ""), now, origin)]
        ]
    )


def _with_last_content(uow: UnitOfWork, mapping: TableMapping, event: NewEvent, page: Page | None) -> NewEvent:
    """What a person typed into a page a moment before it went to the trash is in the log too."""
    if event.op is not Op.DELETE or page is None:
        return event
    return replace(event, before=content_of(uow, mapping, page))


def _write_event(
    operation: Operation, mapping: TableMapping, created: str, now: datetime, origin: Origin
) -> NewEvent:
    record = operation.record
    before = {name: seen_as(notion_value(record, mapping.by_name[name])) for name in operation.values}
    after: JsonObject = {
        name: mapping.by_name[name].codec.weaken(value) for name, value in operation.values.items()
    }
    trashed = operation.action is Action.TRASH
    return NewEvent(
        source=Side.NOTION,
        mapping=mapping.id,
        key=record.key,
        op=_EVENT_OPS[operation.action],
        before=None if operation.action is Action.CREATE else before,
        after=None if trashed else after,
        occurred=Interval.instant(now),
        actor={"app": "sync-engine"},
        origin=str(origin),
        page_id=record.page_id or created,
    )
