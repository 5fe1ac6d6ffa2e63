"""Rebuild Postgres: rows that were lost or damaged behind the log's back are made what the log tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import Presence
from sync_engine.domain.schema import Table
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.captured import ensure_captured
from sync_engine.engine.passes.gather import registrations_of
from sync_engine.engine.rebuild.rebuilt import Doing, Rebuilt, Span
from sync_engine.engine.rebuild.running import as_run
from sync_engine.engine.rebuild.told_rows import RowChange, by_doing, plan_rows, read_log
from sync_engine.engine.undo.takeback import told_back
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.rows import RowOp, RowOutcome, RowResult, RowWrite

BATCH = 1000
"""Rows written in one transaction; a kill loses no more than one batch, and the next replay goes on from there."""

_NO_TARGET = "23503"


def rebuild_rows(context: Context, span: Span, *, dry_run: bool) -> Rebuilt:
    """Make the rows of these tables what the log tells, as of `span.until` or of now.

    Only what differs is written, so after a kill the same call goes on with what is left. Rows of which the log
    never told are left alone, and so is one that is changed meanwhile. The writes are logged with the origin
    `replay:<id>`; the next pass carries across what Notion does not show. Raises NotSetUp while changes are not
    captured, UsageError for an unknown table, LockHeld.
    """
    mappings = context.selected(span.tables)
    if dry_run:
        with context.database.rehearsal() as rehearsal:
            return _rebuilt(replace(context, database=rehearsal), mappings, span, dry_run=True)
    with between_turns(context.database):
        return _rebuilt(context, mappings, span, dry_run=False)


def _rebuilt(context: Context, mappings: Sequence[TableMapping], span: Span, *, dry_run: bool) -> Rebuilt:
    ensure_captured(context, registrations_of(context))
    capture(context.database, context.by_id)
    result = Rebuilt("postgres", run_id=context.ids.new_id(), dry_run=dry_run)
    work = _Work(context, Origin(result.run_id, "replay"), result)
    plans = {mapping.id: work.plan(mapping, span) for mapping in mappings}
    if dry_run:
        for changes in plans.values():
            for change in changes:
                result.note(change.line)
        return result
    with as_run(context, result, span):
        for mapping in mappings:
            work.write(mapping, [item for item in plans[mapping.id] if item.line.doing is not Doing.DELETE])
        work.fill_links()
        for mapping in reversed(mappings):
            work.write(mapping, list(by_doing(plans[mapping.id], Doing.DELETE)))
    return result


@dataclass
class _Work:
    """A rebuilding under way. `links` are references that were left empty, to be set when all rows are there."""

    context: Context
    origin: Origin
    result: Rebuilt

    def __post_init__(self) -> None:
        self.links: list[tuple[TableMapping, RowChange, RowWrite]] = []
        self._tables: dict[int, Table] = {}

    def plan(self, mapping: TableMapping, span: Span) -> list[RowChange]:
        """What has to be written; the result is told of what is left alone."""
        with self.context.database.transaction() as uow:
            found = {table.oid: table for table in uow.rows.tables([mapping.schema])}
            table = self._tables[mapping.id] = found[mapping.oid]
            writable = frozenset(item.name for item in table.columns if not item.generated)
            told = read_log(uow, self.context, mapping, span)
            plan = plan_rows(uow, self.context, mapping, told, writable)
        self.result.events += told.events
        self.result.records += sum(1 for row in told.then.rows.values() if row.exists)
        for line in plan.left:
            self.result.note(line)
        return plan.changes

    def write(self, mapping: TableMapping, changes: Sequence[RowChange]) -> None:
        """Write them, and again what was rejected for as long as that helps: a value may be taken by a row that
        is still to be written, and a target may come later."""
        refused: dict[str, RowOutcome] = {}
        waiting, before = list(changes), len(changes) + 1
        while waiting and len(waiting) < before:
            before = len(waiting)
            waiting, refused = self._round(mapping, waiting)
        unlinked = [item for item in waiting if refused[item.write.key].sqlstate == _NO_TARGET]
        if unlinked:
            freed = [(item, self._without_links(mapping, item)) for item in unlinked]
            left, again = self._round(mapping, [free for _, free in freed])
            stuck = {item.write.key for item in left}
            waiting = [item for item in waiting if item not in unlinked or item.write.key in stuck]
            refused |= again
            self.links += [
                (mapping, item, RowWrite(RowOp.UPDATE, item.write.key, _taken(item, free), {}))
                for item, free in freed
                if item.write.key not in stuck
            ]
        for item in waiting:
            self._refuse(item, refused[item.write.key])

    def _round(
        self, mapping: TableMapping, changes: Sequence[RowChange]
    ) -> tuple[list[RowChange], dict[str, RowOutcome]]:
        waiting: list[RowChange] = []
        refused: dict[str, RowOutcome] = {}
        for start in range(0, len(changes), BATCH):
            batch = changes[start : start + BATCH]
            with self.context.database.transaction(str(self.origin)) as uow:
                outcomes = uow.rows.write(mapping, [item.write for item in batch])
                done = [
                    (item, outcome)
                    for item, outcome in zip(batch, outcomes, strict=True)
                    if outcome.result is RowResult.DONE
                ]
                self._record(uow, mapping, done)
            written = {item.write.key for item, _ in done}
            for item, outcome in zip(batch, outcomes, strict=True):
                if item.write.key in written:
                    self.result.note(item.line)
                elif outcome.result is RowResult.REJECTED:
                    waiting.append(item)
                    refused[item.write.key] = outcome
                else:
                    self._refuse(item, outcome)
            self.context.progress(f"rebuilding {mapping.name}", start + len(batch), len(changes))
        return waiting, refused

    def _refuse(self, item: RowChange, outcome: RowOutcome) -> None:
        reason = outcome.reason or "the row was changed at this moment; replay again"
        self.result.note(replace(item.line, doing=Doing.REFUSED, reason=reason))

    def _without_links(self, mapping: TableMapping, item: RowChange) -> RowChange:
        table = self._tables[mapping.id]
        nullable = {column.name for column in table.columns if not column.not_null}
        links = {name for key in table.foreign_keys for name in key.columns} & nullable
        values = {name: None if name in links else value for name, value in item.write.values.items()}
        return replace(item, write=replace(item.write, values=values))

    def fill_links(self) -> None:
        """Set the references that were left empty while their targets were not there."""
        for mapping, item, write in self.links:
            with self.context.database.transaction(str(self.origin)) as uow:
                [outcome] = uow.rows.write(mapping, [write])
            if outcome.result is not RowResult.DONE:
                self._refuse(item, outcome)

    def _record(
        self, uow: UnitOfWork, mapping: TableMapping, done: Sequence[tuple[RowChange, RowOutcome]]
    ) -> None:
        records = uow.records.by_key(mapping.id, [item.write.key for item, _ in done])
        entries: list[JournalEntry] = []
        back = []
        for item, outcome in done:
            record = records.get(item.write.key)
            if record is None:
                continue
            entries.append(_entry(mapping, item, outcome, record.id, record.page_id, self.origin.run_id))
            if item.line.doing is Doing.INSERT and record.postgres_presence is Presence.GONE:
                row = decode_image(outcome.image or {}, mapping)
                alive = replace(record, postgres_presence=Presence.PRESENT)
                back.append(told_back(alive, row, (), mapping, self.context.database.now(), self.origin))
        uow.journal.intend(entries)
        uow.held.release([record.id for record in back])
        uow.records.save(back)


def _taken(item: RowChange, freed: RowChange) -> Mapping[str, str | None]:
    return {name: value for name, value in item.write.values.items() if freed.write.values[name] != value}


_OPS = {Doing.UPDATE: ChangeOp.UPDATE, Doing.DELETE: ChangeOp.DELETE, Doing.INSERT: ChangeOp.INSERT}


def _entry(
    mapping: TableMapping, item: RowChange, outcome: RowOutcome, record: int, page_id: str, run_id: str
) -> JournalEntry:
    """What a rollback would put back is what the log told before, never what was damaged behind its back."""
    inserted, deleted = item.line.doing is Doing.INSERT, item.line.doing is Doing.DELETE
    changed = {mapping.by_column[name].name for name in item.before if name in mapping.by_column}
    stored = {} if deleted else decode_image(outcome.image or {}, mapping)
    return JournalEntry(
        run_id=run_id,
        side=Side.POSTGRES,
        mapping=mapping.id,
        record_id=record,
        key=item.write.key,
        page_id=page_id,
        op=ChangeOp.RESTORE if item.repairs else _OPS[item.line.doing],
        before=None if inserted or item.repairs else decode_image(item.before, mapping),
        after=None if deleted else {name: stored[name] for name in stored if inserted or name in changed},
        cause="replay",
        status=ChangeStatus.DONE,
    )
