"""Capture: bring the row changes of one tick from the log into the records, in order, with the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from sync_engine.domain.events import ChangeEvent, Op
from sync_engine.domain.fold import fold_among, fold_row_event, told_by_edit
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Record
from sync_engine.engine.passes.holds import let_go
from sync_engine.engine.passes.links import TouchedLinks
from sync_engine.engine.passes.row_filters import ask_filter
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.records import RowEdit

CONSUMER = "sync"
SLICE = 2000
"""Events held in memory at once; a tick of any size is read in slices inside one snapshot pair."""


def capture(database: Database, mappings: Mapping[int, TableMapping]) -> Counter[int]:
    """Fold everything that became visible since the last tick; returns counts of foreign events by mapping.

    Records and cursor commit together, so a crash repeats the tick and a repeated tick changes nothing. The
    engine's own writes are folded too (they leave nothing pending) but not counted.
    """
    with database.transaction() as uow:
        return capture_within(uow, mappings)


def capture_within(uow: UnitOfWork, mappings: Mapping[int, TableMapping]) -> Counter[int]:
    """`capture` inside the caller's transaction."""
    tick = uow.events.tick(CONSUMER)
    counts = fold_events(uow, mappings, lambda after: uow.events.read(tick, after, SLICE))
    uow.events.advance(CONSUMER, tick)
    return counts


def fold_events(
    uow: UnitOfWork, mappings: Mapping[int, TableMapping], read: Callable[[int], Sequence[ChangeEvent]]
) -> Counter[int]:
    """Fold what `read` gives after a number, page by page of `SLICE`; counts of foreign events by mapping.

    An event that was folded before changes nothing.
    """
    counts: Counter[int] = Counter()
    touched = TouchedLinks(mappings.values())
    after = 0
    while True:
        events = read(after)
        if not events:
            break
        for mapping_id, group in _by_mapping(events).items():
            touched.note(mapping_id, group)
            mapping = mappings.get(mapping_id)
            if mapping is not None:
                late = _fold_into_records(uow, mapping, group)
                ask_filter(uow, mapping, {event.key for event in group if event.key}, group[-1].recorded_at, late)
                _retarget(uow, mappings, mapping, group)
                counts[mapping_id] += sum(1 for event in group if not event.origin)
        after = events[-1].seq
        if len(events) < SLICE:
            break
    return counts + touched.fold(uow)


def _by_mapping(events: Sequence[ChangeEvent]) -> Mapping[int, Sequence[ChangeEvent]]:
    groups: dict[int, list[ChangeEvent]] = {}
    for event in events:
        groups.setdefault(event.mapping, []).append(event)
    return groups


def _fold_into_records(uow: UnitOfWork, mapping: TableMapping, events: Sequence[ChangeEvent]) -> set[str]:
    """Fold in order; a marker that the whole table was emptied is a delete of every record known until then.

    Returns the keys of events that came to be known after a verdict of the row filter with a greater number.
    """
    pending: list[ChangeEvent] = []
    late: set[str] = set()
    for event in events:
        if event.op is not Op.TRUNCATE or event.key:
            pending.append(event)
            continue
        late |= _fold_keyed(uow, mapping, pending)
        pending = []
        for batch in _batches(uow.records.scan(mapping.id)):
            uow.records.save([fold_row_event(record, event, mapping) for record in batch])
    return late | _fold_keyed(uow, mapping, pending)


def _retarget(
    uow: UnitOfWork, mappings: Mapping[int, TableMapping], target: TableMapping, events: Sequence[ChangeEvent]
) -> None:
    """Relations to a row whose key changed are what they were: neither side edited them."""
    moved = [event for event in events if event.old_key and event.old_key != event.key]
    for event in moved:
        for mapping in mappings.values():
            for field in mapping.fields:
                if field.relation_to == target.name:
                    uow.records.retarget(mapping.id, field.name, event.old_key, event.key)


def _batches(records: Iterator[Record]) -> Iterator[Sequence[Record]]:
    present = (record for record in records if record.has_row)
    while batch := list(islice(present, SLICE)):
        yield batch


def _fold_keyed(uow: UnitOfWork, mapping: TableMapping, events: Sequence[ChangeEvent]) -> set[str]:
    folded = uow.records.fold(mapping.id, list(_edits(mapping, events)))
    return _fold_others(uow, mapping, [event for event in events if event.key not in folded])


def _edits(mapping: TableMapping, events: Sequence[ChangeEvent]) -> Iterator[RowEdit]:
    """The updates of rows of which nothing else is told meanwhile."""
    named = Counter(name for event in events for name in {event.key, event.old_key})
    for event in events:
        changes = told_by_edit(event, mapping) if named[event.key] == 1 else None
        if changes is not None:
            yield RowEdit(event.key, event.seq, event.txid, changes)


def _fold_others(uow: UnitOfWork, mapping: TableMapping, events: Sequence[ChangeEvent]) -> set[str]:
    if not events:
        return set()
    keys = {event.key for event in events} | {event.old_key for event in events if event.old_key}
    known = uow.records.incarnations(mapping.id, sorted(keys))
    folded = {key: list(owners) for key, owners in known.items()}
    for event in events:
        fold_among(folded, event, mapping)
    before = {record.id: record for owners in known.values() for record in owners}
    touched = [record for owners in folded.values() for record in owners]
    uow.records.save([record for record in touched if record is not before.get(record.id)])
    edited = {key for event in events if not event.origin for key in (event.key, event.old_key)}
    edited_ids = {owners[-1].id for key, owners in known.items() if key in edited}
    let_go(uow, mapping, [record for record in touched if record.id in edited_ids])
    return {event.key for event in events if mapping.row_filter and _is_late(event, known)}


def _is_late(event: ChangeEvent, known: Mapping[str, Sequence[Record]]) -> bool:
    """Whether the row was told with a greater number before this change of it could be seen."""
    owners = known.get(event.old_key or event.key, ())
    return event.op not in (Op.ENTER, Op.LEAVE) and bool(owners) and event.seq <= owners[-1].postgres_seq
