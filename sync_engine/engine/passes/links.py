"""Links: what rows of a junction mean for the records that they link, as changes of relations to many.

A junction's changes are captured row by row. What a record's relation then holds is read from the table, so
nothing is added up: whatever the log missed, the next look has it. Each difference is one event of the record
itself, so that merge, audit, rollback and replay see a relation to many as a field like any other. The
transaction that writes such an event folds it, too; the tick does not read it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sync_engine.domain.codecs.links import keys_of, linked
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.domain.fold import fold_links, postgres_value
from sync_engine.domain.mapping import FieldMapping, Junction, TableMapping
from sync_engine.domain.record import PendingChange, Record
from sync_engine.domain.soft import deletion_told
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.backfill import backfill
from sync_engine.engine.passes.holds import let_go
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.registrations import Registration

BATCH = 1000
"""Records whose links are read at once."""

_APPEARS = (Op.INSERT, Op.SNAPSHOT)

NO_KEYS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Cause:
    """The change of the junction that a change of links is told by."""

    at: Interval
    actor: JsonObject
    origin: str


@dataclass(frozen=True, slots=True)
class _Relation:
    """A relation to many: its table, its field, and the junction."""

    mapping: TableMapping
    field: FieldMapping
    junction: Junction


class TouchedLinks:
    """The records whose links may have changed, as the events of a tick tell."""

    def __init__(self, mappings: Iterable[TableMapping]) -> None:
        self._mappings = {mapping.id: mapping for mapping in mappings}
        self._rekeyed: dict[str, dict[str, str]] = {}
        self._relations: dict[int, list[_Relation]] = {}
        self._of: dict[int, list[_Relation]] = {}
        for relation in _relations(self._mappings.values()):
            self._relations.setdefault(relation.junction.rows.id, []).append(relation)
            self._of.setdefault(relation.mapping.id, []).append(relation)
        self._touched: dict[tuple[int, str], dict[str, _Cause]] = {}
        self._emptied: dict[tuple[int, str], _Cause] = {}

    def note(self, mapping_id: int, events: Sequence[ChangeEvent]) -> None:
        """Take in events of one captured table: of a junction, or of a table whose rows come to be known."""
        self._note_rows(mapping_id, events)
        for relation in self._relations.get(mapping_id, ()):
            place = (relation.mapping.id, relation.field.name)
            for event in events:
                cause = _Cause(event.occurred, event.actor, event.origin)
                if event.op is Op.TRUNCATE and not event.key:
                    self._emptied[place] = cause
                for image in (event.before, event.after):
                    if owner := relation.junction.owner(image or {}):
                        self._touched.setdefault(place, {})[owner] = cause

    def _note_rows(self, mapping_id: int, events: Sequence[ChangeEvent]) -> None:
        """A row that is read anew may have links that were told while nobody knew the row; one with
        another key is linked by that."""
        if mapping_id in self._mappings:
            keys = self._rekeyed.setdefault(self._mappings[mapping_id].name, {})
            for event in events:
                if event.old_key and event.old_key != event.key:
                    keys[event.key] = keys.pop(event.old_key, event.old_key)
        for relation in self._of.get(mapping_id, ()):
            place = (relation.mapping.id, relation.field.name)
            for event in events:
                if event.op in _APPEARS:
                    cause = _Cause(event.occurred, event.actor, event.origin)
                    self._touched.setdefault(place, {}).setdefault(event.key, cause)

    def fold(self, uow: UnitOfWork) -> Counter[int]:
        """Log and fold what changed; counts of changes that are not the engine's own, by mapping."""
        counts: Counter[int] = Counter()
        for relation in (item for items in self._relations.values() for item in items):
            place = (relation.mapping.id, relation.field.name)
            if place in self._emptied:
                counts[relation.mapping.id] += _fold_all(uow, relation, self._emptied[place])
            causes = self._touched.get(place, {})
            for keys in _batches(causes):
                known_as = self._rekeyed.get(relation.field.relation_to, {})
                counts[relation.mapping.id] += _fold(uow, relation, {key: causes[key] for key in keys}, known_as)
        return counts


def read_junctions(context: Context, registrations: Mapping[int, Registration]) -> None:
    """Log the rows of junctions that were there before capture began, or while it was not there."""
    for junction in context.captured[len(context.mappings) :]:
        registration = registrations[junction.id]
        if not registration.backfilled:
            backfill(context, junction, replace(registration, last_full_scan=None))


def relink(context: Context) -> int:
    """Compare the links of every record with its junction where that was just read; returns how many differed.

    Rows that went while nothing was captured left no event. Repeated after a kill until it was done.
    """
    differed = 0
    if not any(True for _ in _relations(context.mappings)):
        return differed
    now = context.database.now()
    cause = _Cause(Interval.instant(now), {}, "")
    with context.database.transaction() as uow:
        registered = {item.id: item for item in uow.registrations.all()}
        for junction in context.captured[len(context.mappings) :]:
            if registered[junction.id].last_full_scan is not None or not registered[junction.id].backfilled:
                continue
            for relation in _relations(context.mappings):
                if relation.junction.rows.id == junction.id:
                    differed += _fold_all(uow, relation, cause)
            uow.registrations.save(replace(registered[junction.id], last_full_scan=now))
    return differed


def relations_through(mappings: Iterable[TableMapping], end: TableMapping | None = None) -> Sequence[Junction]:
    """The junctions of all relations; with `end`, as that table sees those that link it."""
    relations = list(_relations(mappings))
    if end is None:
        return list({item.junction.rows.id: item.junction for item in relations}.values())
    seen = [item.junction for item in relations if item.mapping.id == end.id]
    return seen + [item.junction.turned() for item in relations if item.field.relation_to == end.name]


def relink_records(
    uow: UnitOfWork,
    mappings: Iterable[TableMapping],
    rows: TableMapping,
    images: Sequence[JsonObject],
    at: Interval,
    origin: str,
) -> None:
    """Log and fold what rows of a junction that were just written mean for the records that they link."""
    cause = _Cause(at, {}, origin)
    for relation in _relations(mappings):
        if relation.junction.rows.id == rows.id:
            owners = {owner for image in images if (owner := relation.junction.owner(image))}
            for keys in _batches(sorted(owners)):
                _fold(uow, relation, dict.fromkeys(keys, cause), anew=True)


def _relations(mappings: Iterable[TableMapping]) -> Iterator[_Relation]:
    for mapping in mappings:
        for field in mapping.to_many:
            if field.junction is not None:
                yield _Relation(mapping, field, field.junction)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield batch


def _fold_all(uow: UnitOfWork, relation: _Relation, cause: _Cause) -> int:
    keys = (record.key for record in uow.records.scan(relation.mapping.id) if record.key)
    return sum(_fold(uow, relation, dict.fromkeys(batch, cause)) for batch in _batches(keys))


def _fold(
    uow: UnitOfWork,
    relation: _Relation,
    causes: Mapping[str, _Cause],
    known_as: Mapping[str, str] = NO_KEYS,
    *,
    anew: bool = False,
) -> int:
    """Compare the links of these records with what their rows have now; how many differ by no doing of ours.

    `known_as`: the former keys of targets that have others now: the record follows them (`capture._retarget`), and
    the log is told. `anew`: the log has forgotten the links with their rows, so they are told even where the
    record knows them.
    """
    images = uow.rows.fetch(relation.mapping, list(causes))
    records = uow.records.by_key(relation.mapping.id, sorted(images))
    changed = [
        (record, before, value, causes[record.key])
        for record in records.values()
        if record.has_row or deletion_told(relation.mapping, images[record.key])
        for value in [relation.field.codec.from_postgres(images[record.key].get(relation.field.column))]
        for before in [_told(postgres_value(record, relation.field), known_as)]
        if value != before or (anew and value is not None)
    ]
    seqs = uow.events.append([_event(relation, *item) for item in changed])
    folded = [
        fold_links(record, relation.field, PendingChange(value, cause.at, cause.actor, seq, cause.origin))
        for (record, _, value, cause), seq in zip(changed, seqs, strict=True)
    ]
    uow.records.save(folded)
    let_go(uow, relation.mapping, folded)
    return sum(1 for _, _, _, cause in changed if not cause.origin)


def _told(value: Value, known_as: Mapping[str, str]) -> Value:
    """The links as the log has them so far."""
    return linked({known_as.get(key, key) for key in keys_of(value)})


def _event(relation: _Relation, record: Record, before: Value, value: Value, cause: _Cause) -> NewEvent:
    column = relation.field.column
    return NewEvent(
        source=Side.POSTGRES,
        mapping=relation.mapping.id,
        key=record.key,
        op=Op.UPDATE,
        before={column: before},
        after={column: value},
        occurred=cause.at,
        actor=cause.actor,
        origin=cause.origin,
    )
