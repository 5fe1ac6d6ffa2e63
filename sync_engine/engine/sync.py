"""One pass: capture and pull, then carry changes across in rounds until both sides are quiet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Hold, Operation
from sync_engine.domain.record import Record
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.apply_notion import apply_to_notion
from sync_engine.engine.apply_postgres import apply_to_postgres
from sync_engine.engine.context import Context
from sync_engine.engine.decide import decide
from sync_engine.engine.gather import News, capture_by_table, gather
from sync_engine.engine.summary import PassSummary
from sync_engine.errors import NotionError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.store import HeldRecord, Run

SyncDirection = Literal["both", "to-notion", "from-notion"]

CHUNK = 100
"""Records decided and applied at once: what a kill can leave to look up, and how often progress is saved."""

MAX_ROUNDS = 12
"""A pass that is not quiet by then ends, says so, and goes on next time (a cascade of triggers, or ping-pong)."""


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What to do in the pass. `limit`: records per table at most; None: all. `full`: read every page."""

    direction: SyncDirection = "both"
    tables: Sequence[str] = ()
    limit: int | None = None
    full: bool = False
    dry_run: bool = False

    def writes_to(self, side: Side) -> bool:
        """Whether the direction lets this pass write to the side."""
        return self.direction != ("from-notion" if side is Side.NOTION else "to-notion")


@dataclass
class _Pass:
    context: Context
    options: SyncOptions
    run_id: str
    summary: PassSummary
    mappings: Sequence[TableMapping]
    touched: dict[int, set[int]] = field(default_factory=dict)
    fatal: NotionError | None = None


def sync(context: Context, options: SyncOptions) -> PassSummary:
    """Run one pass and return what it did; the run is stored.

    Raises NotSetUp before `setup`, LockHeld when another run is at work, and what the adapters raise; everything
    that was applied until then is committed, journalled and counted in the stored run.
    """
    selected = context.selected(options.tables)
    if options.dry_run:
        with context.database.rehearsal() as rehearsal:
            return _sync(replace(context, database=rehearsal), options, selected)
    with context.database.lock():
        return _sync(context, options, selected)


def _sync(context: Context, options: SyncOptions, mappings: Sequence[TableMapping]) -> PassSummary:
    started = context.clock.monotonic()
    run_id = context.ids.new_id()
    summary = PassSummary(run_id, options.direction, options.dry_run)
    for mapping in mappings:
        summary.table(mapping.name)
    work = _Pass(context, options, run_id, summary, mappings)
    run = Run(run_id, "sync", context.database.now(), _options_json(options))
    with context.database.transaction() as uow:
        uow.runs.start(run)
    status = "failed"
    try:
        _count_news(work, gather(context, mappings, run_id, full=options.full, dry_run=options.dry_run))
        _carry(work)
        status = "done" if work.fatal is None else "failed"
    finally:
        summary.seconds = context.clock.monotonic() - started
        _finish(work, run, status)
    if work.fatal is not None:
        raise work.fatal
    return summary


def _options_json(options: SyncOptions) -> JsonObject:
    tables: list[Json] = list(options.tables)
    return {"direction": options.direction, "tables": tables, "limit": options.limit, "full": options.full}


def _count_news(work: _Pass, news: News) -> None:
    for name, count in news.postgres.items():
        if name in work.summary.tables:
            work.summary.table(name).captured_postgres += count
    for name, count in news.notion.items():
        work.summary.table(name).captured_notion += count


def _capture(work: _Pass) -> None:
    _count_news(work, News(postgres=capture_by_table(work.context)))


def _carry(work: _Pass) -> None:
    """Rounds of Postgres then Notion, until a round applies nothing.

    Relations to records that get their page or row in this round are carried in the next; operations that only
    wait for such a target are postponed while anything else moves, so that a tree is created parents first and
    only a true cycle costs a second request.
    """
    patient = True
    for _ in range(MAX_ROUNDS):
        moved = _postgres_round(work)
        if moved:
            _capture(work)
        moved += _notion_round(work, patient=patient)
        if work.fatal is not None or work.options.dry_run:
            return
        if moved:
            patient = True
        elif patient:
            patient = False
        else:
            return
    work.summary.quiet = False


def _postgres_round(work: _Pass) -> int:
    moved = 0
    deletes: list[tuple[TableMapping, list[Operation]]] = []
    for mapping in work.mappings:
        removed: list[Operation] = []
        for records in _chunks(work, mapping):
            moved += _postgres_chunk(work, mapping, records, removed)
        deletes.append((mapping, removed))
    for mapping, operations in reversed(deletes):
        if operations and work.options.writes_to(Side.POSTGRES) and _brake_allows(work, mapping, operations):
            with work.context.database.transaction(f"run:{work.run_id}") as uow:
                moved += _write_rows(work, uow, mapping, operations)
    return moved


def _postgres_chunk(
    work: _Pass, mapping: TableMapping, records: Sequence[Record], removed: list[Operation]
) -> int:
    with work.context.database.transaction(f"run:{work.run_id}") as uow:
        decided = decide(uow, work.context, mapping, records, work.run_id)
        work.summary.table(mapping.name).conflicts_new += decided.conflicts
        _hold(work, uow, mapping, decided.holds)
        operations = decided.operations[Side.POSTGRES]
        if not operations or not work.options.writes_to(Side.POSTGRES):
            return 0
        removed.extend(item for item in operations if item.action is Action.DELETE)
        return _write_rows(work, uow, mapping, [item for item in operations if item.action is not Action.DELETE])


def _write_rows(work: _Pass, uow: UnitOfWork, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    if work.options.dry_run:
        return _rehearse(work, mapping, operations)
    applied = apply_to_postgres(uow, mapping, operations, work.run_id, work.context.database.now())
    _count(work, mapping, applied.done)
    uow.held.release([operation.record.id for operation in applied.done])
    _hold(work, uow, mapping, applied.holds)
    return len(applied.done) + applied.overtaken


def _notion_round(work: _Pass, *, patient: bool) -> int:
    moved = 0
    trashes: list[tuple[TableMapping, list[Operation]]] = []
    for mapping in work.mappings:
        removed: list[Operation] = []
        for records in _chunks(work, mapping):
            moved += _notion_chunk(work, mapping, records, removed, patient=patient)
            if work.fatal is not None:
                return moved
        trashes.append((mapping, removed))
    for mapping, operations in reversed(trashes):
        if operations and work.options.writes_to(Side.NOTION) and _brake_allows(work, mapping, operations):
            moved += _send(work, mapping, operations)
    return moved


def _notion_chunk(
    work: _Pass,
    mapping: TableMapping,
    records: Sequence[Record],
    removed: list[Operation],
    *,
    patient: bool,
) -> int:
    with work.context.database.transaction() as uow:
        decided = decide(uow, work.context, mapping, records, work.run_id)
        work.summary.table(mapping.name).conflicts_new += decided.conflicts
        _hold(work, uow, mapping, decided.holds)
    operations = [item for item in decided.operations[Side.NOTION] if _is_due(item, patient=patient)]
    if not work.options.writes_to(Side.NOTION):
        return 0
    removed.extend(item for item in operations if item.action is Action.TRASH)
    return _send(work, mapping, [item for item in operations if item.action is not Action.TRASH])


def _is_due(operation: Operation, *, patient: bool) -> bool:
    return not (patient and operation.waiting and operation.action is Action.CREATE)


def _send(work: _Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    if not operations:
        return 0
    if work.options.dry_run:
        return _rehearse(work, mapping, operations)
    sent = apply_to_notion(work.context, mapping, operations, work.run_id)
    _count(work, mapping, sent.done)
    with work.context.database.transaction() as uow:
        uow.held.release([operation.record.id for operation in sent.done])
        _hold(work, uow, mapping, sent.holds)
        _hold_unfit(uow, mapping, sent.done)
    work.fatal = sent.fatal
    total = sum(work.summary.table(mapping.name).applied.values())
    work.context.progress(f"writing {mapping.name} to Notion", total, 0)
    return len(sent.done) + sent.overtaken


def _chunks(work: _Pass, mapping: TableMapping) -> Iterator[Sequence[Record]]:
    """Open records of the table, a chunk at a time, at most `limit` different ones in the whole pass."""
    touched = work.touched.setdefault(mapping.id, set())
    after = 0
    while True:
        with work.context.database.transaction() as uow:
            records = uow.records.open(mapping.id, after, CHUNK)
        if not records:
            return
        after = records[-1].id
        yield _within_limit(records, touched, work.options.limit)


def _within_limit(records: Sequence[Record], touched: set[int], limit: int | None) -> Sequence[Record]:
    if limit is None:
        return records
    allowed = []
    for record in records:
        if record.id in touched or len(touched) < limit:
            touched.add(record.id)
            allowed.append(record)
    return allowed


def _brake_allows(work: _Pass, mapping: TableMapping, operations: Sequence[Operation]) -> bool:
    """Whether so many deletes may pass; otherwise none of them is applied and the summary says so."""
    with work.context.database.transaction() as uow:
        linked = uow.records.counts(mapping.id).linked
    limit = max(mapping.brake.minimum, int(mapping.brake.share * (linked + len(operations))))
    if len(operations) <= limit:
        return True
    work.summary.braked[mapping.name] = len(operations)
    work.summary.quiet = False
    return False


def _count(work: _Pass, mapping: TableMapping, operations: Sequence[Operation]) -> None:
    applied = work.summary.table(mapping.name).applied
    for operation in operations:
        applied[operation.side, operation.action] += 1


def _rehearse(work: _Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    _count(work, mapping, operations)
    for operation in operations:
        fields: list[Json] = [*sorted(operation.values)]
        work.summary.planned.append(
            {
                "table": mapping.name,
                "key": operation.record.key,
                "side": operation.side.value,
                "op": operation.action.value,
                "fields": fields,
            }
        )
    return 0


def _hold(work: _Pass, uow: UnitOfWork, mapping: TableMapping, holds: Sequence[Hold]) -> None:
    known = {item.record_id for item in uow.held.find(mapping.id)} if holds else set()
    for hold in holds:
        if hold.record.id not in known:
            work.summary.table(mapping.name).held_new += 1
        uow.held.hold(
            HeldRecord(
                record_id=hold.record.id,
                mapping=mapping.id,
                key=hold.record.key,
                side=hold.side,
                op=hold.action.value,
                reason=hold.reason,
                constraint=hold.constraint,
                waiting_for=hold.waiting_for,
            )
        )


def _hold_unfit(uow: UnitOfWork, mapping: TableMapping, operations: Sequence[Operation]) -> None:
    """Values that Notion cannot hold are shown empty there, kept in Postgres, and listed as held fields."""
    for operation in operations:
        for name, value in operation.values.items():
            problem = mapping.by_name[name].codec.problem(value)
            if problem:
                uow.held.hold(
                    HeldRecord(
                        record_id=operation.record.id,
                        mapping=mapping.id,
                        key=operation.record.key,
                        side=Side.NOTION,
                        op="field",
                        reason=f"{name}: {problem}; the page shows it empty, Postgres keeps it",
                        constraint=name,
                    )
                )


def _finish(work: _Pass, run: Run, status: str) -> None:
    context, summary = work.context, work.summary
    counts = context.workspace.counts()
    summary.requests = {"notion": counts.total, "retried": counts.retried, "rate_limited": counts.rate_limited}
    with context.database.transaction() as uow:
        for mapping in work.mappings:
            table = summary.table(mapping.name)
            table.conflicts_open = uow.conflicts.count_open(mapping.id)
            table.held_open = len(uow.held.find(mapping.id))
        if work.options.limit is not None or work.options.direction != "both":
            summary.quiet = summary.quiet and not any(
                uow.records.counts(mapping.id).open for mapping in work.mappings
            )
        finished = replace(run, finished_at=context.database.now(), status=status, summary=summary.to_json())
        uow.runs.finish(finished)
        if status == "done":
            for registration in uow.registrations.all():
                if registration.id in context.by_id:
                    uow.registrations.save(replace(registration, last_sync=context.database.now()))
