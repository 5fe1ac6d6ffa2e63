"""Apply to Notion: intent in the journal, the requests, then what came of them; each step survives a kill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync_engine.domain.events import Side
from sync_engine.domain.fold import page_changes
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Hold, Operation
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.unresolved import normalised
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.blind_relations import without_blind_relations, without_empty_relations
from sync_engine.engine.passes.log_writes import log_trashed, log_writes
from sync_engine.engine.passes.observe import Sighting, decode_page, key_on, linked_pages, observe_pages
from sync_engine.engine.passes.send import Reply, send_all
from sync_engine.errors import ConnectionBlocked, NotionError, NotionRejected, NotionUnavailable
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.workspace import Page

_CHANGE_OPS = {
    Action.CREATE: ChangeOp.CREATE,
    Action.UPDATE: ChangeOp.UPDATE,
    Action.TRASH: ChangeOp.TRASH,
    Action.RESTORE: ChangeOp.RESTORE,
}


@dataclass
class Sent:
    """Result of a batch: operations done, what must be held, pages found in the trash, and the error that ends
    the pass (Notion unreachable or refusing the connection), if any. `lost`: why the table as a whole is gone."""

    done: list[Operation] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    overtaken: int = 0
    fatal: NotionError | None = None
    lost: NotionRejected | None = None


def apply_to_notion(
    context: Context, mapping: TableMapping, operations: Sequence[Operation], origin: Origin
) -> Sent:
    """Send a batch of operations of one table.

    The intents are committed first, so that a kill between request and answer leaves a trace: a create is then
    looked up by its key before it is repeated (`recover.py`), and a patch is simply sent again.
    """
    with context.database.transaction() as uow:
        intents = uow.journal.intend([_intent(operation, mapping, origin.run_id) for operation in operations])
    sent = send_all(context.workspace, mapping, operations, context.lane)
    replies = believed(context, mapping, operations, sent)
    with context.database.transaction() as uow:
        return _settle_replies(uow, context, mapping, operations, intents, replies, origin)


def believed(
    context: Context, mapping: TableMapping, operations: Sequence[Operation], replies: Sequence[Reply | None]
) -> Sequence[Reply | None]:
    """The replies without relations that only seem to be empty."""
    answered = [reply.page for reply in replies if reply is not None and reply.page is not None]
    written = {item.record.page_id: item.values for item in operations if item.record.page_id}
    try:
        pages = without_blind_relations(context, mapping, answered, written)
    except NotionError:  # what was sent is to be settled all the same
        pages = without_empty_relations(mapping, answered)
    by_id = {page.id: page for page in pages}
    return [
        replace(reply, page=by_id[reply.page.id]) if reply is not None and reply.page is not None else reply
        for reply in replies
    ]


def _intent(operation: Operation, mapping: TableMapping, run_id: str) -> JournalEntry:
    record = operation.record
    creating = operation.action is Action.CREATE
    before: JsonObject | None = None if creating else {name: record.base.get(name) for name in operation.values}
    after: JsonObject | None = dict(operation.values)
    if operation.action is Action.TRASH:
        before, after = dict(record.base), None
    return JournalEntry(
        run_id=run_id,
        side=Side.NOTION,
        mapping=mapping.id,
        record_id=record.id,
        key=record.key,
        page_id=record.page_id,
        op=_CHANGE_OPS[operation.action],
        before=before,
        after=after,
        cause=operation.cause,
        seqs=operation.seqs,
    )


def _settle_replies(
    uow: UnitOfWork,
    context: Context,
    mapping: TableMapping,
    operations: Sequence[Operation],
    intents: Sequence[JournalEntry],
    replies: Sequence[Reply | None],
    origin: Origin,
) -> Sent:
    sent = Sent()
    now = context.database.now()
    records: list[Record] = []
    entries: list[JournalEntry] = []
    for operation, intent, reply in zip(operations, intents, replies, strict=True):
        record, entry = _settle_reply(operation, intent, reply, mapping, sent, now)
        if record is not None:
            records.append(record)
        entries.append(entry)
    log_trashed(uow, context, mapping, operations, replies, now)
    saved = uow.records.save(records)
    uow.journal.finish([entry for entry in entries if entry.status is not ChangeStatus.INTENT])
    pages = [reply.page for reply in replies if reply is not None and reply.page is not None]
    log_writes(uow, mapping, sent.done, pages, origin, now)
    _observe_surprises(uow, context, mapping, saved, sent.done, pages, origin)
    return sent


def _settle_reply(
    operation: Operation,
    intent: JournalEntry,
    reply: Reply | None,
    mapping: TableMapping,
    sent: Sent,
    now: datetime,
) -> tuple[Record | None, JournalEntry]:
    if reply is None:
        return None, replace(intent, status=ChangeStatus.FAILED, error="not sent: an earlier request failed")
    if reply.page is not None and reply.error is None:
        operation, intent = _written(operation, intent, reply)
        sent.done.append(operation)
        record = replace(_after(operation, reply.page, mapping), notion_observed_at=now)
        return record, replace(intent, status=ChangeStatus.DONE, page_id=reply.page.id)
    if reply.page is not None:
        sent.overtaken += 1
        gone = replace(operation.record, notion={}, notion_presence=Presence.GONE)
        return gone, replace(intent, status=ChangeStatus.FAILED, error="the page is in the trash")
    error = reply.error
    if reply.lost and isinstance(error, NotionRejected):
        sent.lost = error
        return None, replace(intent, status=ChangeStatus.FAILED, error=str(error))
    if isinstance(error, NotionUnavailable | ConnectionBlocked):
        sent.fatal = sent.fatal or error
        unknown = operation.action is not Action.TRASH and getattr(error, "may_have_committed", False)
        status = ChangeStatus.INTENT if unknown else ChangeStatus.FAILED
        return None, replace(intent, status=status, error=str(error))
    fields = ", ".join(sorted(reply.left_out))
    sent.holds.append(Hold(operation.record, Side.NOTION, operation.action, str(error), constraint=fields))
    return None, replace(intent, status=ChangeStatus.FAILED, error=str(error))


def _written(operation: Operation, intent: JournalEntry, reply: Reply) -> tuple[Operation, JournalEntry]:
    """As they are without the fields that the request left out."""
    if not reply.left_out:
        return operation, intent
    values = {name: value for name, value in operation.values.items() if name not in reply.left_out}
    return replace(operation, values=values), replace(intent, after=dict(values))


def _after(operation: Operation, page: Page, mapping: TableMapping) -> Record:
    record = operation.record
    if operation.action is Action.TRASH:
        # A rollback may take the page of a row that stays: what the page never got is still to be told.
        kept = record.postgres if record.has_row else {}
        return replace(record, postgres=kept, notion={}, notion_presence=Presence.GONE)
    written = set(operation.values)
    return replace(
        record,
        page_id=page.id,
        base={**record.base, **operation.values},
        postgres={name: change for name, change in record.postgres.items() if name not in written},
        notion_presence=Presence.PRESENT,
        key_on_page=key_on(page, mapping) == record.key,
    )


def _observe_surprises(
    uow: UnitOfWork,
    context: Context,
    mapping: TableMapping,
    records: Sequence[Record],
    done: Sequence[Operation],
    pages: Sequence[Page],
    origin: Origin,
) -> None:
    """Compare each answer with what was wanted.

    A field that was not written and differs is somebody's edit since our last look, logged like any other. One
    that was written and differs is Notion's own idea of the value: it is held, and never goes to Postgres.
    """
    live = [page for page in pages if not page.in_trash]
    by_page = {record.page_id: record for record in records if record.page_id}
    written = {operation.record.key: operation for operation in done}
    keys = uow.records.keys(linked_pages(mapping, live))
    edited: list[Page] = []
    for page in live:
        record = by_page.get(page.id)
        if record is None:
            continue
        differing = page_changes(record, decode_page(page, mapping, keys), mapping)
        operation = written.get(record.key)
        own = {name: value for name, value in differing.items() if operation and name in operation.values}
        if own:
            uow.records.save([_with_normalised(record, own, context.database.now())])
        if differing.keys() - own.keys():
            edited.append(page)
    if edited:
        sighting = Sighting(context.database.now(), None, context.workspace.clock_skew(), origin.run_id)
        observe_pages(uow, mapping, edited, sighting)


def _with_normalised(record: Record, shown: Mapping[str, Value], now: datetime) -> Record:
    markers = {
        name: PendingChange(normalised(value), Interval.instant(now), {"app": "notion"}, 0)
        for name, value in shown.items()
    }
    return replace(record, notion={**record.notion, **markers})
