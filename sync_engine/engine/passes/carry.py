"""Carry: rounds of Postgres then Notion, until a round moves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Record
from sync_engine.domain.values import Json
from sync_engine.engine.context import Context, nothing
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.apply_postgres import apply_to_postgres
from sync_engine.engine.passes.braking import rehearsed_stops, stop_masses
from sync_engine.engine.passes.decide import decide
from sync_engine.engine.passes.gather import News, capture_by_table
from sync_engine.engine.passes.holds import hold_unfit, store_holds
from sync_engine.engine.passes.look_again import batches, look_again
from sync_engine.engine.summary import PassSummary
from sync_engine.errors import ConnectionBlocked, NotionError, NotionRejected, NotionUnavailable
from sync_engine.ports.database import UnitOfWork

SyncDirection = Literal["both", "to-notion", "from-notion"]

CHUNK = 100
"""Records decided and applied at once: what a kill can leave to look up, and how often progress is saved."""

MAX_ROUNDS = 12
"""A pass that is not quiet by then ends, says so, and goes on next time (a cascade of triggers, or ping-pong)."""


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What to do in the pass. `limit`: records per table at most; None: all. `full`: read every page.
    `cheap_proof`: read every page of the tables where that costs little, so that pages in the trash are found."""

    direction: SyncDirection = "both"
    tables: Sequence[str] = ()
    limit: int | None = None
    full: bool = False
    dry_run: bool = False
    cheap_proof: bool = False

    def writes_to(self, side: Side) -> bool:
        """Whether the direction lets this pass write to the side."""
        return self.direction != ("from-notion" if side is Side.NOTION else "to-notion")


@dataclass
class Pass:
    """One pass under way: what it works on, and what it did so far.

    `among`: ids of the only records that it may touch, by mapping; None: all. `waits`: operations that wait for a
    page outside of `among` are left to a later pass. `store`: called before the first write of each batch.
    `continuous`: it is a piece of a `run`, whose backlog is no mass change.
    `refused`: tables that Notion stopped showing meanwhile.
    """

    context: Context
    options: SyncOptions
    run_id: str
    summary: PassSummary
    mappings: Sequence[TableMapping]
    touched: dict[int, set[int]] = field(default_factory=dict)
    among: Mapping[int, Sequence[int]] | None = None
    waits: bool = False
    store: Callable[[], None] = nothing
    continuous: bool = False
    fatal: NotionError | None = None
    refused: dict[str, NotionRejected] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """In whose name this pass writes."""
        return Origin(self.run_id)


def count_news(work: Pass, news: News) -> None:
    """Add what was found to the summary."""
    for name, count in news.postgres.items():
        if name in work.summary.tables:
            work.summary.table(name).captured_postgres += count
    for name, count in news.notion.items():
        work.summary.table(name).captured_notion += count


def _capture(work: Pass) -> None:
    count_news(work, News(postgres=capture_by_table(work.context)))


def carry(work: Pass) -> None:
    """Rounds of Postgres then Notion, until a round applies nothing.

    Relations to records that get their page or row in this round are carried in the next; operations that only
    wait for such a target are postponed while anything else moves, so that a tree is created parents first and
    only a true cycle costs a second request.
    """
    patient = not work.options.dry_run
    for _ in range(MAX_ROUNDS):
        _brake(work)
        moved = _postgres_round(work)
        if moved:
            _capture(work)
            _brake(work)
        moved += _notion_round(work, patient=patient)
        if work.fatal is not None or work.options.dry_run:
            return
        if moved:
            patient = True
        elif patient and not work.waits:
            patient = False
        else:
            return
    work.summary.quiet = False


def _brake(work: Pass) -> None:
    """Stop masses of deletes and updates before any of them is applied; the summary tells what waits."""
    sides = [side for side in Side if work.options.writes_to(side)]
    stops = stop_masses(work.context, work.mappings, sides, work.run_id, continuous=work.continuous)
    work.summary.brake_on([(work.context.by_id[stop.mapping].name, stop) for stop in stops])
    if work.options.dry_run:
        work.summary.planned += rehearsed_stops(work.context, stops)


def _postgres_round(work: Pass) -> int:
    moved = 0
    deletes: list[tuple[TableMapping, list[Operation]]] = []
    for mapping in work.mappings:
        removed: list[Operation] = []
        for records in _chunks(work, mapping):
            moved += _postgres_chunk(work, mapping, records, removed)
        deletes.append((mapping, removed))
    for mapping, operations in reversed(deletes):
        if operations and work.options.writes_to(Side.POSTGRES):
            with work.context.database.transaction(str(work.origin)) as uow:
                moved += _write_rows(work, uow, mapping, operations)
    return moved


def _postgres_chunk(work: Pass, mapping: TableMapping, records: Sequence[Record], removed: list[Operation]) -> int:
    with work.context.database.transaction(str(work.origin)) as uow:
        decided = decide(uow, work.context, mapping, records, work.run_id)
        table = work.summary.table(mapping.name)
        table.conflicts_new += decided.conflicts
        table.held_new += store_holds(uow, mapping, decided.holds)
        operations = decided.operations[Side.POSTGRES]
        if not operations or not work.options.writes_to(Side.POSTGRES):
            return 0
        removed.extend(item for item in operations if item.action is Action.DELETE)
        return _write_rows(work, uow, mapping, [item for item in operations if item.action is not Action.DELETE])


def _write_rows(work: Pass, uow: UnitOfWork, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    if work.options.dry_run:
        return _rehearse(work, mapping, operations)
    if operations:
        work.store()
    applied = apply_to_postgres(uow, mapping, operations, work.origin, work.context.database.now())
    _count(work, mapping, applied.done)
    uow.held.release([operation.record.id for operation in applied.done])
    hold_unfit(uow, mapping, applied.done)
    work.summary.table(mapping.name).held_new += store_holds(uow, mapping, applied.holds)
    return len(applied.done) + applied.overtaken


def _notion_round(work: Pass, *, patient: bool) -> int:
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
        if operations and work.options.writes_to(Side.NOTION):
            some = operations if work.among is None else operations[:CHUNK]
            moved += _send(work, mapping, some)
    return moved


def _notion_chunk(
    work: Pass,
    mapping: TableMapping,
    records: Sequence[Record],
    removed: list[Operation],
    *,
    patient: bool,
) -> int:
    with work.context.database.transaction() as uow:
        decided = decide(uow, work.context, mapping, records, work.run_id)
        table = work.summary.table(mapping.name)
        table.conflicts_new += decided.conflicts
        table.held_new += store_holds(uow, mapping, decided.holds)
    operations = [item for item in decided.operations[Side.NOTION] if _is_due(item, patient=patient)]
    if not work.options.writes_to(Side.NOTION):
        return 0
    removed.extend(item for item in operations if item.action is Action.TRASH)
    return _send(work, mapping, [item for item in operations if item.action is not Action.TRASH])


def _is_due(operation: Operation, *, patient: bool) -> bool:
    return not (patient and operation.waiting and operation.action is Action.CREATE)


def _send(work: Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    if not operations or mapping.name in work.refused:
        return 0
    if work.options.dry_run:
        return _rehearse(work, mapping, operations)
    work.store()
    moved = 0
    for batch in batches(operations):
        moved += _send_batch(work, mapping, batch)
        if work.fatal is not None or mapping.name in work.refused:
            break
    return moved


def _send_batch(work: Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    """Look at the pages, then write those that nobody touched meanwhile; the others have their turn next round.

    Pages that people are at work on come last, each looked at and written by itself.
    """
    try:
        looked = look_again(work.context, mapping, operations, work.run_id)
    except (NotionUnavailable, ConnectionBlocked) as error:
        work.fatal = error
        return 0
    except NotionRejected as error:
        work.refused[mapping.name] = error
        return 0
    work.summary.table(mapping.name).captured_notion += looked.edits
    moved = looked.edits
    if looked.wanted:
        moved += _write_pages(work, mapping, looked.wanted)
    for operation in looked.busy:
        if work.fatal is not None or mapping.name in work.refused:
            break
        moved += _send_batch(work, mapping, [operation])
    return moved


def _write_pages(work: Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
    sent = apply_to_notion(work.context, mapping, operations, work.origin)
    _count(work, mapping, sent.done)
    with work.context.database.transaction() as uow:
        uow.held.release([operation.record.id for operation in sent.done])
        work.summary.table(mapping.name).held_new += store_holds(uow, mapping, sent.holds)
        hold_unfit(uow, mapping, sent.done)
    work.fatal = sent.fatal
    if sent.lost is not None:
        work.refused[mapping.name] = sent.lost
    total = sum(work.summary.table(mapping.name).applied.values())
    work.context.progress(f"writing {mapping.name} to Notion", total, 0)
    return len(sent.done) + sent.overtaken


def _chunks(work: Pass, mapping: TableMapping) -> Iterator[Sequence[Record]]:
    """Open records of the table, a chunk at a time, at most `limit` different ones in the whole pass."""
    touched = work.touched.setdefault(mapping.id, set())
    among = None if work.among is None else work.among.get(mapping.id, ())
    after = 0
    while True:
        with work.context.database.transaction() as uow:
            records = uow.records.open(mapping.id, after, CHUNK, among)
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


def _count(work: Pass, mapping: TableMapping, operations: Sequence[Operation]) -> None:
    applied = work.summary.table(mapping.name).applied
    for operation in operations:
        applied[operation.side, operation.action] += 1


def _rehearse(work: Pass, mapping: TableMapping, operations: Sequence[Operation]) -> int:
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
                "braked": False,
            }
        )
    return 0
