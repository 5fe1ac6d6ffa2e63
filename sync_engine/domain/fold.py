"""Folding: what one observed change means for the record (pending changes and presence of its side)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sync_engine.domain.events import ChangeEvent, Op
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.ordering import visible_in
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.soft import deletion_told
from sync_engine.domain.unresolved import seen_as
from sync_engine.domain.values import JsonObject, Value

_WHOLE_ROW = (Op.INSERT, Op.SNAPSHOT, Op.RESTORE, Op.ENTER)
_GONE = (Op.DELETE, Op.TRUNCATE)
_VERDICTS = (Op.ENTER, Op.LEAVE)
_TELLS_NO_CHANGE = (Op.SNAPSHOT, *_VERDICTS)


def fold_row_event(record: Record, event: ChangeEvent, mapping: TableMapping) -> Record:
    """The record after one Postgres event. Pure, total, and idempotent for a repeated event.

    The engine's own writes come back through here too: they equal the base, so they leave nothing pending,
    unless a BEFORE trigger stored something else, which is then a change to carry back.
    """
    if event.op is Op.SNAPSHOT:
        if record.postgres_txid and not visible_in(record.postgres_txid, event.snapshot):
            return _beneath(record, event, mapping)
    elif event.seq <= record.postgres_seq:
        return record
    elif event.snapshot and record.postgres_txid and not visible_in(record.postgres_txid, event.snapshot):
        return record  # the row was missed before it was inserted
    if event.op in _GONE:
        return replace(
            record,
            postgres={},
            postgres_presence=Presence.GONE,
            postgres_seq=event.seq,
            postgres_txid=event.txid,
        )
    told = deletion_told(mapping, event.after)
    before = record.postgres_presence
    record = _revived(record) if event.op in _WHOLE_ROW and not told else record
    base = {} if _brought_back(record, event) else record.base
    moved = bool(event.old_key) and event.old_key != event.key
    folded = replace(
        record,
        key=event.key,
        key_on_page=record.key_on_page and not moved,
        postgres=_pending(base, record.postgres, _changes(event, mapping), news=event.op not in _VERDICTS),
        postgres_presence=_presence(record, event, mapping),
        postgres_seq=record.postgres_seq if event.op is Op.SNAPSHOT else event.seq,
        postgres_txid=record.postgres_txid if event.op in _TELLS_NO_CHANGE else event.txid,
        detached=record.detached and event.op is Op.SNAPSHOT,
    )
    if before is Presence.OUTSIDE and folded.postgres_presence is Presence.PRESENT:
        folded = _entered(folded, event, mapping)
    return _soft(folded, event, mapping, told, was_gone=before is Presence.GONE)


def _presence(record: Record, event: ChangeEvent, mapping: TableMapping) -> Presence:
    """Only the filter's own verdict brings a row in that was outside, or of which nothing was known."""
    if event.op is Op.LEAVE:
        return Presence.OUTSIDE
    unknown = bool(mapping.row_filter) and record.postgres_presence is Presence.ABSENT
    if event.op is Op.UPDATE and (unknown or record.postgres_presence is Presence.OUTSIDE):
        return Presence.OUTSIDE
    return Presence.PRESENT


def _entered(folded: Record, event: ChangeEvent, mapping: TableMapping) -> Record:
    """A row that fits the filter again tells its title once more, or else its page would seem to have been put in
    the trash by a person."""
    if folded.notion_presence is not Presence.GONE or mapping.title not in folded.base:
        return folded
    again = PendingChange(folded.base[mapping.title], event.occurred, event.actor, event.seq, event.origin)
    return replace(folded, postgres={mapping.title: again, **folded.postgres})


def told_by_edit(event: ChangeEvent, mapping: TableMapping) -> Mapping[str, PendingChange] | None:
    """What an update tells, by field, when that is all that it means for a record whose row is there: nothing is
    decided by a filter, a mark of deletion or a new key. None for any other event."""
    if event.op is not Op.UPDATE or event.snapshot or event.old_key not in ("", event.key):
        return None
    if mapping.row_filter or mapping.soft_column:
        return None
    return {field.name: change for field, change in _changes(event, mapping)}


def fold_links(record: Record, field: FieldMapping, change: PendingChange) -> Record:
    """The record after the rows of a junction that belong to it changed."""
    return replace(record, postgres=_pending(record.base, record.postgres, [(field, change)]))


def _soft(
    folded: Record, event: ChangeEvent, mapping: TableMapping, told: bool | None, *, was_gone: bool
) -> Record:
    """A row that its soft-delete column marks counts as gone; one whose mark was taken away is told again."""
    if told or (told is None and mapping.soft_column and was_gone and event.op is Op.UPDATE):
        return replace(folded, postgres_presence=Presence.GONE)
    if told is False and was_gone and event.op is Op.UPDATE and mapping.title in folded.base:
        again = PendingChange(folded.base[mapping.title], event.occurred, event.actor, event.seq, event.origin)
        return replace(folded, postgres={mapping.title: again, **folded.postgres})
    return folded


def fold_among(owners_of: dict[str, list[Record]], event: ChangeEvent, mapping: TableMapping) -> None:
    """Fold a row event into the newest owner of its key. `owners_of` has the owners of each key, oldest first."""
    left = event.old_key if owners_of.get(event.old_key) else event.key
    owners = owners_of.setdefault(left, [])
    owner = owners.pop() if owners else Record(id=0, mapping=mapping.id, key=event.key)
    record = fold_row_event(owner, event, mapping)
    if owner.page_id and record.incarnation > owner.incarnation:
        # The page that went with the old row is still what relations of other pages point to.
        owners.append(owner)
        record = replace(record, id=0)
    owners = owners_of.setdefault(record.key, [])
    if owners and owners[-1].incarnation >= record.incarnation:
        # The key belonged to a record that is gone; the newcomer must not be taken for it.
        record = replace(record, incarnation=owners[-1].incarnation + 1)
    owners.append(record)


def _beneath(record: Record, event: ChangeEvent, mapping: TableMapping) -> Record:
    """A row that was read before the newest change of it tells only what nothing else has told yet."""
    if record.postgres_presence is not Presence.PRESENT:
        return record
    untold = {
        field.name: change
        for field, change in _changes(event, mapping)
        if field.name not in record.base and field.name not in record.postgres
    }
    return replace(record, postgres={**record.postgres, **untold}) if untold else record


def _brought_back(record: Record, event: ChangeEvent) -> bool:
    """Whether a rollback or a replay made the row again while its page is still in the trash: all of it is to be
    told, or else the page would seem to have been trashed by a person."""
    ours = event.origin.startswith(("rollback:", "replay:"))
    return event.op is Op.INSERT and ours and record.notion_presence is Presence.GONE


def _revived(record: Record) -> Record:
    """A key inserted again after both sides lost it is a new incarnation, which never meets the old page."""
    if record.postgres_presence is Presence.GONE and record.notion_presence is not Presence.PRESENT:
        return replace(
            record,
            incarnation=record.incarnation + 1,
            page_id="",
            base={},
            postgres={},
            notion={},
            notion_presence=Presence.ABSENT,
            notion_observed_at=None,
            notion_edited_at=None,
            key_on_page=False,
        )
    return record


def _changes(event: ChangeEvent, mapping: TableMapping) -> Iterable[tuple[FieldMapping, PendingChange]]:
    for field, value in _values(event.after or {}, mapping):
        if event.op in _VERDICTS:
            yield field, PendingChange(value, event.occurred, {}, event.seq)
        else:
            yield field, PendingChange(value, event.occurred, event.actor, event.seq, event.origin)


def _values(image: JsonObject, mapping: TableMapping) -> Iterable[tuple[FieldMapping, Value]]:
    fields = mapping.by_column
    for column, found in image.items():
        field = fields.get(column)
        if field is not None:
            yield field, field.codec.from_postgres(found)
    for field in mapping.derived:
        # A row that was read has it already; an event has the columns, all of them (`pinned`).
        if field.column not in image and image.keys() >= set(field.derived_from()):
            yield field, field.codec.from_postgres(field.derive(image))


def _pending(
    base: Mapping[str, Value],
    pending: Mapping[str, PendingChange],
    changes: Iterable[tuple[FieldMapping, PendingChange]],
    *,
    news: bool = True,
) -> Mapping[str, PendingChange]:
    """What is pending after these changes. Without `news`, what is known to be pending was so before."""
    result = dict(pending)
    for field, change in changes:
        if field.name in base and base[field.name] == change.value:
            result.pop(field.name, None)
        elif news or field.name not in result or result[field.name].value != change.value:
            result[field.name] = change
    return result


def notion_value(record: Record, field: FieldMapping) -> Value:
    """The value that the page is known to hold for the field, in its weak form."""
    change = record.notion.get(field.name)
    if change is not None:
        return change.value
    return field.codec.weaken(record.base.get(field.name))


def postgres_value(record: Record, field: FieldMapping) -> Value:
    """The value that the row is known to hold for the field."""
    change = record.postgres.get(field.name)
    return record.base.get(field.name) if change is None else change.value


def page_changes(record: Record, values: Mapping[str, Value], mapping: TableMapping) -> JsonObject:
    """The fields of an observed page that differ from what it was known to hold, with their new values."""
    return {
        name: value
        for name, value in values.items()
        if value != seen_as(notion_value(record, mapping.by_name[name]))
    }


def fold_page_values(record: Record, changes: Mapping[str, PendingChange], mapping: TableMapping) -> Record:
    """The record after an observation of its page found `changes`. A value set back to the base is no change."""
    pending = dict(record.notion)
    for name, change in changes.items():
        field = mapping.by_name[name]
        if name in record.base and field.codec.weaken(record.base[name]) == change.value:
            pending.pop(name, None)
        else:
            pending[name] = change
    return replace(record, notion=pending)
