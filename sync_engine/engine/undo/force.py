"""Force: put chosen values on both sides of records (rollback, swap, resolve), safely interruptible.

The value is written to Postgres with compare-and-set and becomes a pending change of Postgres; carrying it to
Notion is then what any edit needs. A kill in between leaves a record that the next `sync` completes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.events import Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Operation
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.decide import decide
from sync_engine.engine.passes.holds import hold_unfit
from sync_engine.engine.passes.look_again import looked_at
from sync_engine.engine.passes.row_writes import row_write
from sync_engine.errors import NotionError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import ChangeOp, ChangeStatus, JournalEntry
from sync_engine.ports.rows import RowOp, RowOutcome, RowResult, RowWrite

BATCH = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """The values that both sides of a record shall hold.

    `lost`: rows of junctions that were links before and may come back, by field and by the key of the target.
    """

    mapping: TableMapping
    record: Record
    values: Mapping[str, Value]
    lost: Mapping[str, Mapping[str, RowWrite]] = field(default_factory=dict)


@dataclass
class Forced:
    """What came of it: records written (as they are now), and why others were not, by record id."""

    written: list[tuple[TableMapping, Record]] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def write_wishes(
    uow: UnitOfWork, wishes: Sequence[Wish], origin: Origin, at: datetime, actor: JsonObject
) -> Forced:
    """Write the Postgres side of the wishes in the caller's transaction (opened with that origin).

    A row that holds them already, as after an interrupted rollback, is neither written nor journalled again.
    """
    forced = Forced()
    author = _Author(origin, at, actor)
    for mapping, group in _by_mapping(wishes):
        writes: list[tuple[Wish, RowWrite]] = []
        for wish in group:
            try:
                if _to_write(wish):
                    writes.append((wish, _row_write(wish)))
            except FieldError as error:
                forced.refused[wish.record.id] = str(error)
        outcomes = uow.rows.write(mapping, [write for _, write in writes])
        _settle(uow, mapping, writes, outcomes, forced, author)
        held = [_wished(wish, wish.values, author) for wish in group if not _to_write(wish)]
        forced.written += [(mapping, record) for record in uow.records.save(held)]
    return forced


@dataclass(frozen=True, slots=True)
class _Author:
    origin: Origin
    at: datetime
    actor: JsonObject


def _by_mapping(wishes: Sequence[Wish]) -> Iterable[tuple[TableMapping, Sequence[Wish]]]:
    groups: dict[int, list[Wish]] = {}
    for wish in wishes:
        groups.setdefault(wish.mapping.id, []).append(wish)
    return [(group[0].mapping, group) for group in groups.values()]


def _to_write(wish: Wish) -> dict[str, Value]:
    """The wished values but for those that an interrupted run of ours has put into the row already."""
    pending = wish.record.postgres
    return {
        name: value
        for name, value in wish.values.items()
        if name not in pending or not pending[name].origin or pending[name].value != value
    }


def _in_row(wish: Wish, name: str) -> Value:
    return postgres_value(wish.record, wish.mapping.by_name[name])


def _row_write(wish: Wish) -> RowWrite:
    wanted = _to_write(wish)
    expected = {name: _in_row(wish, name) for name in wanted}
    write = row_write(RowOp.UPDATE, wish.record.key, wish.mapping, wanted, expected)
    columns = {wish.mapping.by_name[name].column: rows for name, rows in wish.lost.items()}
    links = {column: replace(item, lost=columns.get(column, {})) for column, item in write.links.items()}
    return replace(write, links=links)


def _settle(
    uow: UnitOfWork,
    mapping: TableMapping,
    writes: Sequence[tuple[Wish, RowWrite]],
    outcomes: Sequence[RowOutcome],
    forced: Forced,
    author: _Author,
) -> None:
    records: list[Record] = []
    entries: list[JournalEntry] = []
    for (wish, _), outcome in zip(writes, outcomes, strict=True):
        if outcome.result is RowResult.DONE:
            records.append(_wished(wish, _stored(wish, outcome), author))
            entries.append(_entry(wish, author.origin.run_id))
        else:
            forced.refused[wish.record.id] = outcome.reason or "the row was changed at this moment; try again"
    uow.journal.intend(entries)
    forced.written += [(mapping, record) for record in uow.records.save(records)]


def _stored(wish: Wish, outcome: RowOutcome) -> Mapping[str, Value]:
    """What the row holds now of the wish: a trigger may have had the last word."""
    stored = decode_image(outcome.image or {}, wish.mapping)
    return {name: stored.get(name, value) for name, value in wish.values.items()}


def _wished(wish: Wish, values: Mapping[str, Value], author: _Author) -> Record:
    """The record with the values pending on the Postgres side, on top of what the page is known to show."""
    record = wish.record
    base, postgres, notion = dict(record.base), dict(record.postgres), dict(record.notion)
    for name, value in values.items():
        shown = notion_value(record, wish.mapping.by_name[name])
        notion.pop(name, None)
        postgres.pop(name, None)
        if wish.mapping.by_name[name].codec.weaken(value) == shown:
            base[name] = value
        else:
            base[name] = shown
            postgres[name] = PendingChange(value, Interval.instant(author.at), author.actor, 0, str(author.origin))
    return replace(record, base=base, postgres=postgres, notion=notion)


def _entry(wish: Wish, run_id: str) -> JournalEntry:
    wanted = _to_write(wish)
    return JournalEntry(
        run_id=run_id,
        side=Side.POSTGRES,
        mapping=wish.mapping.id,
        record_id=wish.record.id,
        key=wish.record.key,
        page_id=wish.record.page_id,
        op=ChangeOp.UPDATE,
        before={name: _in_row(wish, name) for name in wanted},
        after=wanted,
        cause="forced",
        status=ChangeStatus.DONE,
    )


def push(
    context: Context,
    records: Sequence[tuple[TableMapping, Record]],
    origin: Origin,
    cause: str = "",
    look: Callable[[Record], object] | None = None,
) -> int:
    """Carry what is pending in these records to Notion, journalled with that cause; returns the pages written.

    The log is read first: what triggers did to the rows on the way (`updated_at`) crosses with it. With `look`,
    pages are looked at once more before they are written; it is told of the records that an edit kept from it.

    Raises what Notion raises, after committing what was done; the rest is pending and the next `sync` carries it.
    """
    capture(context.database, context.by_id)
    done = 0
    groups: dict[int, list[str]] = {}
    for mapping, record in records:
        groups.setdefault(mapping.id, []).append(record.key)
    total = len(records)
    for mapping in context.mappings:
        keys = groups.get(mapping.id, [])
        for start in range(0, len(keys), BATCH):
            sent, fatal = _push_batch(context, mapping, keys[start : start + BATCH], origin, (cause, look))
            done += sent
            context.progress("writing to Notion", done, total)
            if fatal is not None:
                raise fatal
    return done


def _push_batch(
    context: Context,
    mapping: TableMapping,
    keys: Sequence[str],
    origin: Origin,
    how: tuple[str, Callable[[Record], object] | None],
) -> tuple[int, NotionError | None]:
    cause, look = how
    with context.database.transaction() as uow:
        records = list(uow.records.by_key(mapping.id, keys).values())
        decided = decide(uow, context, mapping, records, origin.run_id)
    operations = [replace(item, cause=cause or item.cause) for item in decided.operations[Side.NOTION]]
    pieces: Iterable[Sequence[Operation]] = [operations] if operations else []
    if look is not None:
        pieces = looked_at(context, mapping, operations, origin.run_id)
    kept: set[int] = set()
    done = 0
    for piece in pieces:
        kept |= {item.record.id for item in piece}
        sent = apply_to_notion(context, mapping, piece, origin)
        with context.database.transaction() as uow:
            uow.held.release([operation.record.id for operation in sent.done])
            hold_unfit(uow, mapping, sent.done)
        done += len(sent.done)
        if sent.fatal is not None:
            return done, sent.fatal
    for item in operations:
        if look is not None and item.record.id not in kept:
            look(item.record)
    return done, None
