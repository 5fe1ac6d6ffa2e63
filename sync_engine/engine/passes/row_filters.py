"""Row filters: ask Postgres which rows fit `where`, and log each answer that is another one than before.

The log holds changed columns only, so a filter cannot be decided from it: the row itself is asked, after its
changes were folded. Each verdict is an event with the whole row, so that the log alone still tells what is synced
(G13), and so that a row that enters brings all of its values along.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_row_event
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.soft import deletion_told
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject
from sync_engine.engine.passes.holds import let_go
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.event_log import NewEvent

FILTER = "filter"
"""The origin of a verdict: nobody changed the row."""

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to be logged of a row: that it fits or does not, with all of it, or that it is not there."""

    key: str
    record: Record | None
    op: Op
    image: JsonObject | None = None


def ask_filter(
    uow: UnitOfWork, mapping: TableMapping, keys: Collection[str], at: datetime, told_again: Collection[str] = ()
) -> int:
    """Ask the filter about these rows, and log and fold each verdict that is news; returns how many were.

    `told_again`: keys whose row is told once more even where the verdict stands, because changes of it came to be
    known out of order; one that is not there any more is told as deleted. Another that is not there gets no
    verdict. One for which the filter fails stays where it is, unless it has no page yet: then it gets none.
    """
    if not mapping.row_filter or not keys:
        return 0
    wanted = sorted(keys)
    fitting = uow.rows.fitting(mapping, wanted)
    records = uow.records.by_key(mapping.id, wanted)
    inside = {key: _is_inside(key, records.get(key), fitting.keys, fitting.unknown) for key in wanted}
    news = [key for key in wanted if key in told_again or _is_news(records.get(key), mapping, fits=inside[key])]
    images = uow.rows.fetch(mapping, news) if news else {}
    verdicts = [
        _Verdict(key, records.get(key), Op.ENTER if inside[key] else Op.LEAVE, images[key])
        for key in news
        if key in images and not deletion_told(mapping, images[key])
    ]
    verdicts += [
        _Verdict(key, record, Op.DELETE)
        for key, record in records.items()
        if key in told_again and key not in images and record.has_row
    ]
    _log(uow, mapping, verdicts, Interval.instant(at))
    return len(verdicts)


def ask_of_all(uow: UnitOfWork, mapping: TableMapping, at: datetime, *, told_again: bool = False) -> int:
    """Ask the filter about every row of the table; `told_again` also tells every row that fits once more.

    A filter may depend on the time, and its functions on other tables, which no trigger tells.
    """
    news = 0
    for keys in uow.rows.keys(mapping, _BATCH):
        again = uow.rows.fitting(mapping, keys).keys if told_again else ()
        news += ask_filter(uow, mapping, keys, at, again)
    return news


def ask_when_due(database: Database, mapping: TableMapping, *, anyway: bool) -> int:
    """Ask the filter about every row if it was changed since it was last asked so, or `anyway`; one transaction.

    Without a filter, a table that had one until now takes in all that was outside.
    """
    with database.transaction() as uow:
        [known] = [item for item in uow.registrations.all() if item.id == mapping.id]
        if not known.filter_due and not (anyway and mapping.row_filter):
            return 0
        everything = mapping if mapping.row_filter else replace(mapping, row_filter="true")
        news = ask_of_all(uow, everything, database.now())
        uow.registrations.save(replace(known, filter_due=False))
        return news


def _is_inside(key: str, record: Record | None, fits: Collection[str], unknown: Collection[str]) -> bool:
    if key in unknown:
        return record is not None and bool(record.page_id) and record.postgres_presence is Presence.PRESENT
    return key in fits


def _is_news(record: Record | None, mapping: TableMapping, *, fits: bool) -> bool:
    if record is None:
        return fits
    if fits:
        return record.postgres_presence is not Presence.PRESENT
    incomplete = any(item.name not in record.base and item.name not in record.postgres for item in mapping.fields)
    return record.postgres_presence is Presence.PRESENT or (
        record.postgres_presence is Presence.OUTSIDE and incomplete
    )


def _log(uow: UnitOfWork, mapping: TableMapping, verdicts: Sequence[_Verdict], at: Interval) -> None:
    if not verdicts:
        return
    seqs = uow.events.append([_new(item, mapping, at) for item in verdicts])
    told = [(item, _event(item, mapping, at, seq)) for item, seq in zip(verdicts, seqs, strict=True)]
    folded = [
        fold_row_event(item.record or Record(0, mapping.id, item.key), event, mapping) for item, event in told
    ]
    let_go(uow, mapping, uow.records.save(folded))


def _new(verdict: _Verdict, mapping: TableMapping, at: Interval) -> NewEvent:
    actor: JsonObject = {"app": "sync-engine"}
    return NewEvent(
        Side.POSTGRES, mapping.id, verdict.key, verdict.op, None, verdict.image, at, actor, origin=FILTER
    )


def _event(verdict: _Verdict, mapping: TableMapping, at: Interval, seq: int) -> ChangeEvent:
    """The event as the log has it; it changes nothing, so no transaction is the row's newest by it."""
    return ChangeEvent(
        seq=seq,
        txid=verdict.record.postgres_txid if verdict.record is not None else 0,
        source=Side.POSTGRES,
        mapping=mapping.id,
        key=verdict.key,
        op=verdict.op,
        before=None,
        after=verdict.image,
        occurred=at,
        recorded_at=at.until,
        origin=FILTER,
    )
