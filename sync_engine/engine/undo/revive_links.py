"""Revive links: rows of junctions that went with a row come back with it, as the log last knew them.

A junction's rows mostly go by a cascade, in the transaction that deleted one of the two rows that they link. That
is how they are found again: with their own keys and whatever else they hold, and not only as links.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync_engine.domain.codecs.links import keys_of
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import Junction, TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.record import Record
from sync_engine.domain.times import Interval
from sync_engine.engine.context import Context
from sync_engine.engine.passes.links import relations_through, relink_records
from sync_engine.engine.undo.force import Wish
from sync_engine.engine.undo.revive import image_literal
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.rows import RowOp, RowResult, RowWrite

_GONE = (Op.DELETE, Op.TRUNCATE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Link:
    """A link that a wish makes again: the wish's mapping and key, the field, and the keys of both ends."""

    wish: tuple[int, str]
    field: str
    junction: Junction
    own: str
    other: str


def revive_links(
    uow: UnitOfWork,
    context: Context,
    revived: Sequence[tuple[TableMapping, Record]],
    origin: Origin,
    now: datetime,
) -> None:
    """Put back what the junctions lost with these rows, and tell the records of it; in the caller's transaction.

    A link whose other row is not there, or that somebody made again, stays as it is.
    """
    if not revived:
        return
    for junction in relations_through(context.mappings):
        events = list({event.key: event for event in _lost(uow, context, junction, revived)}.values())
        writes = [_write(junction.rows, event) for event in events]
        back = uow.rows.write(junction.rows, writes)
        left = sum(1 for outcome in back if outcome.result is not RowResult.DONE)
        if left:
            _log.info("%s: %d of %d links cannot come back", junction.rows.name, left, len(writes))
        images = [event.before or {} for event in events]
        relink_records(uow, context.mappings, junction.rows, images, Interval.instant(now), str(origin))


def with_lost_links(uow: UnitOfWork, wishes: Sequence[Wish]) -> Sequence[Wish]:
    """The wishes with the rows that were the links which they make again, as the log last knew them.

    Reads what the log has of a junction from its end, until all are found.
    """
    made = [link for wish in wishes for link in _made_again(wish)]
    found: dict[tuple[int, str], dict[str, dict[str, RowWrite]]] = {}
    for junction in {link.junction.rows.id: link.junction.rows for link in made}.values():
        links = {
            (link.junction, link.own, link.other): link for link in made if link.junction.rows.id == junction.id
        }
        for link, row in _rows_of(uow, junction, links):
            found.setdefault(link.wish, {}).setdefault(link.field, {})[link.other] = row
    return [replace(wish, lost=found.get((wish.mapping.id, wish.record.key), {})) for wish in wishes]


def _made_again(wish: Wish) -> Iterator[_Link]:
    for item in wish.mapping.to_many:
        if item.junction is not None and item.name in wish.values:
            there = keys_of(postgres_value(wish.record, item))
            for key in set(keys_of(wish.values[item.name])) - set(there):
                yield _Link((wish.mapping.id, wish.record.key), item.name, item.junction, wish.record.key, key)


def _rows_of(
    uow: UnitOfWork, rows: TableMapping, links: Mapping[tuple[Junction, str, str], _Link]
) -> Iterator[tuple[_Link, RowWrite]]:
    """Each link with the last row that it was."""
    left = dict(links)
    ways = {junction for junction, _, _ in left}
    events = uow.events.find(EventFilter(mapping=rows.id, source=Side.POSTGRES, newest_first=True))
    for event in events if left else ():
        if event.op not in _GONE or not event.key:
            continue
        image = event.before or {}
        for junction in ways:
            if link := left.pop((junction, junction.owner(image), junction.target(image)), None):
                yield link, _write(rows, event)
        if not left:
            return


def _lost(
    uow: UnitOfWork, context: Context, junction: Junction, revived: Sequence[tuple[TableMapping, Record]]
) -> Iterator[ChangeEvent]:
    """Deletions of the junction's rows in the transactions that deleted these rows."""
    for mapping, record in revived:
        ends = [item for item in relations_through(context.mappings, mapping) if item.rows.id == junction.rows.id]
        if not ends:
            continue
        gone = EventFilter(mapping=mapping.id, key=record.key, source=Side.POSTGRES, newest_first=True)
        last = next((event for event in uow.events.find(gone) if event.op in _GONE), None)
        if last is None:
            continue
        for event in uow.events.find(EventFilter(mapping=junction.rows.id, txid=last.txid)):
            if (
                event.op in _GONE
                and event.key
                and any(item.owner(event.before or {}) == record.key for item in ends)
            ):
                yield event


def _write(rows: TableMapping, event: ChangeEvent) -> RowWrite:
    values = {
        column: image_literal(value)
        for column, value in (event.before or {}).items()
        if column in rows.captured and column not in rows.key_columns
    }
    return RowWrite(RowOp.INSERT, event.key, values, {})
