"""Rebuild Notion: pages that were lost, trashed or changed are made what the log tells, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value
from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.unresolved import is_unresolved
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.apply_notion import apply_to_notion, believed
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.captured import ensure_captured
from sync_engine.engine.passes.gather import registrations_of
from sync_engine.engine.passes.look_again import BATCH, batches, looked_at
from sync_engine.engine.passes.observe import Sighting, observe_pages
from sync_engine.engine.passes.pull import pull
from sync_engine.engine.passes.recover import REPLAYED, recover
from sync_engine.engine.passes.send import Reply, send_all
from sync_engine.engine.rebuild.rebuilt import Doing, Line, Rebuilt, Span
from sync_engine.engine.rebuild.running import as_run
from sync_engine.engine.rebuild.told_pages import PagesPlan, plan_pages
from sync_engine.engine.rebuild.told_rows import read_log
from sync_engine.engine.undo.force import push
from sync_engine.engine.undo.remake import forget_pages
from sync_engine.errors import ConnectionBlocked, NotionError, NotionNotFound, NotionUnavailable, UsageError
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry

ROUNDS = 3
"""What came back is looked at again, for links to pages that were made anew; then nothing is left to do."""


def rebuild_pages(
    context: Context, span: Span, *, dry_run: bool, requests_per_minute: int | None = None
) -> Rebuilt:
    """Make the pages of these tables what the log tells, as of `span.until` or of now.

    Only what differs is written, so after a kill the same call goes on with what is left. Edits that no pass has
    seen are read into the log first, and a page is looked at once more before it is written. A trashed page is
    restored, a purged one made anew and linked again, one that was made later goes to the trash, one of which the
    log never told stays. The writes are logged with the origin `replay:<id>`, and cross to Postgres like an edit.
    Raises UsageError when a database is gone for ever, NotionUnavailable, LockHeld.
    """
    repairing = replace(context, lane=Lane.REPAIR)
    if dry_run:
        with context.database.rehearsal() as rehearsal:
            result = _rebuilt(replace(repairing, database=rehearsal), span, dry_run=True)
    else:
        with between_turns(context.database):
            result = _rebuilt(repairing, span, dry_run=False)
    if requests_per_minute:
        result.eta_seconds = result.requests * 60 / requests_per_minute
    return result


def _rebuilt(context: Context, span: Span, *, dry_run: bool) -> Rebuilt:
    mappings = context.selected(span.tables)
    result = Rebuilt("notion", run_id=context.ids.new_id(), dry_run=dry_run)
    work = _Work(context, Origin(result.run_id, "replay"), result, dry_run)
    if not dry_run:
        recover(context)
    hidden = work.open_databases(mappings)
    seen = [mapping for mapping in mappings if mapping not in hidden]
    work.read(seen)
    if dry_run:
        for mapping in seen:
            work.preview(mapping, span)
        return result
    with as_run(context, result, span):
        for number in range(ROUNDS):
            before = result.writes
            plans = [(mapping, work.plan(mapping, span, first=number == 0)) for mapping in seen]
            work.write(plans)
            if result.writes == before:
                break
        for _, plan in plans:
            for line in plan.unlinked:
                result.note(line)
    return result


@dataclass
class _Work:
    context: Context
    origin: Origin
    result: Rebuilt
    dry_run: bool

    def open_databases(self, mappings: Sequence[TableMapping]) -> Sequence[TableMapping]:
        """Take databases out of the trash; returns those whose pages cannot be seen because this is a dry run."""
        hidden: list[TableMapping] = []
        for mapping in mappings:
            try:
                source = self.context.workspace.data_source(mapping.data_source_id)
            except NotionNotFound as error:
                raise UsageError(
                    f"the Notion database of table {mapping.name} is gone for ever, or not shared",
                    hint="share it again; or build it anew with `replay --target new-notion:PAGE_ID --relink`",
                ) from error
            if source.in_trash and self.dry_run:
                hidden.append(mapping)
                line = Line(mapping.name, "", Doing.RESTORE, reason="the database; its pages come back with it")
                self.result.note(line)
            elif source.in_trash:
                self.context.workspace.restore_database(mapping.database_id)
                self.result.note(Line(mapping.name, "", Doing.RESTORE, reason="the database"))
        return hidden

    def read(self, mappings: Sequence[TableMapping]) -> None:
        """Bring what happened on both sides into the log, but let nothing that is missing count as deleted."""
        registrations = ensure_captured(self.context, registrations_of(self.context))
        capture(self.context.database, self.context.by_id)
        for mapping in mappings:
            known = registrations[mapping.id]
            pulled = pull(self.context, mapping, known, self.origin.run_id, full=False)
            if pulled.everything is not None:  # whoever counts what is missing has to look again
                with self.context.database.transaction() as uow:
                    [now] = [item for item in uow.registrations.all() if item.id == mapping.id]
                    uow.registrations.save(replace(now, last_full_scan=known.last_full_scan))

    def plan(self, mapping: TableMapping, span: Span, *, first: bool) -> PagesPlan:
        """What has to be written to this table; the result is told of what is left alone."""
        with self.context.database.transaction() as uow:
            told = read_log(uow, self.context, mapping, span)
        plan = plan_pages(self.context, mapping, told)
        if first:
            self.result.events += told.events
            self.result.records += sum(1 for page in told.then.pages.values() if page.exists)
            for line in plan.left:
                self.result.note(line)
        return plan

    def preview(self, mapping: TableMapping, span: Span) -> None:
        """Count what would be written, and what it costs."""
        plan = self.plan(mapping, span, first=True)
        for line in plan.lines(mapping):
            if line.doing is not Doing.REFUSED:
                self.result.note(line)
        looks = -(-len(plan.writes) // BATCH) + -(-len(plan.trashed) // BATCH)
        restored = sum(1 for item in plan.writes if item.action is Action.RESTORE)
        self.result.requests += looks + len(plan.writes) + restored + len(plan.remade) + len(plan.trashed)

    def write(self, plans: Sequence[tuple[TableMapping, PagesPlan]]) -> None:
        """Pages that have to be made anew first, so that others can link to them; the trash last."""
        self._remake(plans)
        for mapping, plan in plans:
            for batch in batches(plan.writes):
                for piece in self._looked(mapping, batch):
                    self._write(mapping, piece)
        for mapping, plan in reversed(plans):
            for batch in batches(plan.trashed):
                for piece in self._looked(mapping, batch):
                    sent = apply_to_notion(self.context, mapping, piece, self.origin)
                    for operation in sent.done:
                        self.result.note(Line(mapping.name, operation.record.key, Doing.TRASH))
                    self._refuse(mapping, [(hold.record, hold.reason) for hold in sent.holds])
                    if (failure := sent.fatal or sent.lost) is not None:
                        raise failure

    def _remake(self, plans: Sequence[tuple[TableMapping, PagesPlan]]) -> None:
        purged = [(mapping, record) for mapping, plan in plans for record in plan.remade]
        if not purged:
            return
        with self.context.database.transaction() as uow:
            concerned = forget_pages(uow, self.context, purged, self.origin, self.context.database.now())
        for _ in range(2):  # links within a batch find their targets in the second
            push(self.context, concerned, self.origin, REPLAYED)
        for mapping, record in purged:
            self.result.note(Line(mapping.name, record.key, Doing.CREATE))

    def _looked(self, mapping: TableMapping, operations: Sequence[Operation]) -> Iterator[Sequence[Operation]]:
        kept: set[int] = set()
        for piece in looked_at(self.context, mapping, operations, self.origin.run_id):
            kept |= {item.record.id for item in piece}
            yield piece
        edited = [item.record for item in operations if item.record.id not in kept]
        self._refuse(mapping, [(record, "it was edited at this moment; replay again") for record in edited])

    def _write(self, mapping: TableMapping, wanted: Sequence[Operation]) -> None:
        context = self.context
        with context.database.transaction() as uow:
            intents = uow.journal.intend([_intent(item, mapping, self.origin.run_id) for item in wanted])
        replies = believed(context, mapping, wanted, send_all(context.workspace, mapping, wanted, context.lane))
        with context.database.transaction() as uow:
            pages = [item.page for item in replies if item and item.page and not item.page.in_trash]
            sighting = Sighting(
                context.database.now(),
                None,
                context.workspace.clock_skew(),
                self.origin.run_id,
                origin=str(self.origin),
            )
            observe_pages(uow, mapping, pages, sighting)
            uow.held.release([item.record.id for item, reply in zip(wanted, replies, strict=True) if _done(reply)])
            uow.journal.finish(
                [entry for intent, reply in zip(intents, replies, strict=True) for entry in _ended(intent, reply)]
            )
        self._settle(mapping, wanted, replies)
        context.progress(f"rebuilding {mapping.name}", self.result.writes, 0)

    def _settle(
        self, mapping: TableMapping, operations: Sequence[Operation], replies: Sequence[Reply | None]
    ) -> None:
        fatal: NotionError | None = None
        for operation, reply in zip(operations, replies, strict=True):
            if _done(reply):
                doing = Doing.RESTORE if operation.action is Action.RESTORE else Doing.UPDATE
                line = Line(mapping.name, operation.record.key, doing, tuple(sorted(operation.values)))
                self.result.note(line)
            elif reply is not None and isinstance(reply.error, NotionUnavailable | ConnectionBlocked):
                fatal = fatal or reply.error
            elif reply is not None:
                self._refuse(mapping, [(operation.record, str(reply.error or "the page is in the trash"))])
        if fatal is not None:
            raise fatal

    def _refuse(self, mapping: TableMapping, records: Sequence[tuple[Record, str]]) -> None:
        for record, reason in records:
            self.result.note(Line(mapping.name, record.key, Doing.REFUSED, reason=reason))


def _done(reply: Reply | None) -> bool:
    return reply is not None and reply.error is None and reply.page is not None


def _ended(intent: JournalEntry, reply: Reply | None) -> Sequence[JournalEntry]:
    """The journal entry as it ends; none while nobody knows whether the request arrived."""
    if _done(reply):
        return [replace(intent, status=ChangeStatus.DONE)]
    error = reply.error if reply is not None else None
    if isinstance(error, NotionUnavailable) and error.may_have_committed:
        return []
    return [replace(intent, status=ChangeStatus.FAILED, error=str(error or "not sent: an earlier request failed"))]


def _intent(operation: Operation, mapping: TableMapping, run_id: str) -> JournalEntry:
    record, restored = operation.record, operation.action is Action.RESTORE
    before = {name: _strong(record, mapping, name) for name in operation.values}
    return JournalEntry(
        run_id=run_id,
        side=Side.NOTION,
        mapping=mapping.id,
        record_id=record.id,
        key=record.key,
        page_id=record.page_id,
        op=ChangeOp.RESTORE if restored else ChangeOp.UPDATE,
        before=_known(before),
        after=_lifted(mapping, operation.values),
        cause=REPLAYED,
    )


def _known(values: Mapping[str, Value]) -> JsonObject:
    return {name: value for name, value in values.items() if not is_unresolved(value)}


def _lifted(mapping: TableMapping, values: Mapping[str, Value]) -> JsonObject:
    return {name: mapping.by_name[name].codec.lift(value) for name, value in values.items()}


def _strong(record: Record, mapping: TableMapping, name: str) -> Value:
    """What the page showed, as a value that Postgres holds exactly."""
    item, base = mapping.by_name[name], record.base.get(name)
    shown = notion_value(record, item)
    if record.notion_presence is Presence.PRESENT and name in record.notion:
        return shown if is_unresolved(shown) else item.codec.lift(shown)
    return base
