"""Observe pages: turn what Notion shows into change events and pending changes of the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.links import linked
from sync_engine.domain.codecs.relation import page_ids
from sync_engine.domain.codecs.text import plain_text
from sync_engine.domain.events import Op, Side
from sync_engine.domain.fold import fold_page_values, notion_value, page_changes
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import PendingChange, Presence, Record
from sync_engine.domain.times import Interval, notion_interval
from sync_engine.domain.unresolved import linked_page, partly_linked, refusal, refused
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.passes.holds import let_go
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import NewEvent
from sync_engine.ports.workspace import Author, Page


@dataclass(frozen=True, slots=True)
class Sighting:
    """The circumstances of an observation: when (database clock), since when the pages were known to be
    unchanged (None: never polled), the clock bound, and the run that looked.
    `recovering`: the database was restored, so a page may carry the key of a row that the restore lost.

    `intended` has the values, by page id and field, that an interrupted run may have written. `origin`: what these
    pages show was written on purpose in that name, and crosses like any edit.
    """

    at: datetime
    unchanged_since: datetime | None
    skew: timedelta
    run_id: str
    recovering: bool = field(default=False, kw_only=True)
    intended: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    record: Record
    page: Page
    changes: JsonObject
    own: frozenset[str]
    interval: Interval
    event: NewEvent | None


def observe_pages(uow: UnitOfWork, mapping: TableMapping, pages: Sequence[Page], sighting: Sighting) -> int:
    """Log what differs from what the pages were known to hold, and fold it; returns the number of edits found.

    Events and records are written in the caller's transaction. A value that equals what the engine itself wrote
    is no edit, whoever is named as the last editor; an edit that the engine's write hid is found by its value.
    """
    records = _records_of(uow, mapping, pages, recovering=sighting.recovering)
    keys = uow.records.keys(linked_pages(mapping, pages))
    seen = [_see(records[page.id], page, mapping, keys, sighting) for page in pages]
    seqs = iter(uow.events.append([item.event for item in seen if item.event is not None]))
    folded = [_folded(item, mapping, next(seqs) if item.event else 0, sighting) for item in seen]
    uow.records.save(
        [record for record, item in zip(folded, seen, strict=True) if _says_more(record, item.record)]
    )
    let_go(uow, mapping, _edited(folded, seen))
    return sum(1 for item in seen if item.event is not None and not item.event.origin)


def _says_more(observed: Record, known: Record) -> bool:
    """Whether the observation told more than the time of a look, which the poll's own bound remembers anyway."""
    same_times = replace(
        observed, notion_observed_at=known.notion_observed_at, notion_edited_at=known.notion_edited_at
    )
    return not known.id or same_times != known


def _edited(folded: Sequence[Record], seen: Sequence[_Seen]) -> Sequence[Record]:
    """Records whose page was just edited or taken out of the trash: whatever held them is tried again."""
    return [record for record, item in zip(folded, seen, strict=True) if item.event is not None and record.id]


def _records_of(
    uow: UnitOfWork, mapping: TableMapping, pages: Sequence[Page], *, recovering: bool
) -> Mapping[str, Record]:
    by_page = dict(uow.records.by_page(mapping.id, [page.id for page in pages]))
    unknown = {page.id: key_on(page, mapping) for page in pages if page.id not in by_page}
    by_key = uow.records.by_key(mapping.id, sorted({key for key in unknown.values() if key}))
    taken: set[str] = set()
    for page_id, key in unknown.items():
        by_page[page_id] = _adopted(by_key.get(key), mapping, page_id, key, taken)
        if recovering and key and key not in by_key and key not in taken and _names_for_ever(mapping):
            taken.add(key)
            by_page[page_id] = replace(by_page[page_id], key=key)
    return by_page


def _names_for_ever(mapping: TableMapping) -> bool:
    """Whether a key that a restored database does not know can only be that of a row that it lost: a number that a
    sequence gives out may be another row's by then."""
    return not any(name in _COUNTED for name in mapping.key_types)


_COUNTED = ("smallint", "integer", "bigint")


def _adopted(owner: Record | None, mapping: TableMapping, page_id: str, key: str, taken: set[str]) -> Record:
    """The record of a page seen for the first time: the one whose key it carries, if that has no page, else new.

    A page duplicated in Notion carries its original's key; it is a new record and gets a key of its own.
    """
    if owner is not None and not owner.page_id and key not in taken:
        taken.add(key)
        return replace(owner, page_id=page_id)
    return Record(id=0, mapping=mapping.id, key="", page_id=page_id)


def key_on(page: Page, mapping: TableMapping) -> str:
    """The record key that the page carries in its key property."""
    return plain_text(page.properties.get(mapping.key_property_id))


def linked_pages(mapping: TableMapping, pages: Sequence[Page]) -> Sequence[str]:
    """Ids of the pages that the relations of these pages point to."""
    relations = [field for field in mapping.fields if field.relation_to and field.property_id]
    found = {target for page in pages for field in relations for target in _targets(page, field)}
    return sorted(found)


def _targets(page: Page, field: FieldMapping) -> Sequence[str]:
    try:
        return page_ids(page.properties.get(field.property_id))
    except FieldError:  # told to the person when the field itself is decoded
        return ()


def _see(
    record: Record,
    page: Page,
    mapping: TableMapping,
    keys: Mapping[str, tuple[int, str]],
    sighting: Sighting,
) -> _Seen:
    known = record.notion_observed_at
    unchanged = max((at for at in (known, sighting.unchanged_since) if at is not None), default=None)
    interval = notion_interval(page.last_edited_time, sighting.at, unchanged, sighting.skew)
    changes = page_changes(record, _without_old_labels(page, record, mapping, keys), mapping)
    own = frozenset(name for name in changes if _is_own(record, page, name, changes[name], mapping, sighting))
    event = _event(record, page, changes, own, mapping, interval, sighting)
    return _Seen(record, page, changes, own, interval, event)


def _without_old_labels(
    page: Page, record: Record, mapping: TableMapping, keys: Mapping[str, tuple[int, str]]
) -> dict[str, Value]:
    """What the page shows, without options that are the base and are refused since the label was renamed in
    Postgres: nobody chose them anew, and the row's new label is on its way."""
    values = decode_page(page, mapping, keys)
    return {
        name: value
        for name, value in values.items()
        if not (refusal(value) and _options_shown(page, mapping.by_name[name]) == record.base.get(name))
    }


def _options_shown(page: Page, item: FieldMapping) -> Value:
    prop = page.properties[item.property_id]
    held = prop.get(item.type) if isinstance(prop, dict) else None
    if item.type == "select" and isinstance(held, dict):
        return held.get("name")
    if item.type == "multi_select" and isinstance(held, list):
        return [option.get("name") for option in held if isinstance(option, dict)]
    return _NO_OPTIONS


_NO_OPTIONS: Value = {"options": None}


def decode_page(page: Page, mapping: TableMapping, keys: Mapping[str, tuple[int, str]]) -> dict[str, Value]:
    """Canonical values of the mapped fields that the page has; markers where a value cannot be one (yet)."""
    return {
        field.name: decode_field(page, field, keys)
        for field in mapping.fields
        if field.property_id in page.properties
    }


def content_of(uow: UnitOfWork, mapping: TableMapping, page: Page) -> JsonObject:
    """All that the page shows in mapped fields, for the log."""
    return {**decode_page(page, mapping, uow.records.keys(linked_pages(mapping, [page])))}


def decode_field(page: Page, field: FieldMapping, keys: Mapping[str, tuple[int, str]]) -> Value:
    """One field of a page; `keys` resolves linked pages to record keys."""
    prop = page.properties[field.property_id]
    try:
        if not field.relation_to:
            return field.codec.from_notion(prop)
        found = page_ids(prop)
        return _linked(found, keys) if field.junction is None else _linked_many(found, keys)
    except FieldError as error:
        return refused(_shown(prop), str(error))


def _linked(targets: Sequence[str], keys: Mapping[str, tuple[int, str]]) -> Value:
    if not targets:
        return None
    if len(targets) > 1:
        raise FieldError(f"{len(targets)} pages are linked, the column can hold one; remove all but one")
    found = keys.get(targets[0])
    return found[1] if found is not None else linked_page(targets[0])


def _linked_many(targets: Sequence[str], keys: Mapping[str, tuple[int, str]]) -> Value:
    known = {keys[target][1] for target in targets if target in keys}
    unknown = sorted({target for target in targets if target not in keys})
    return partly_linked(sorted(known), unknown) if unknown else linked(known)


def _shown(prop: Value) -> str:
    return plain_text(prop) or str(prop)


def _event(
    record: Record,
    page: Page,
    changes: JsonObject,
    own: frozenset[str],
    mapping: TableMapping,
    interval: Interval,
    sighting: Sighting,
) -> NewEvent | None:
    """The change event of an observation; None when nothing differs.

    `origin` names the run when every change is the echo of a write whose reply was lost.
    """
    first = record.notion_presence is not Presence.PRESENT
    if not changes and not first:
        return None
    echo = own == changes.keys() and (bool(own) or page.last_edited_by.is_self)
    return NewEvent(
        source=Side.NOTION,
        mapping=mapping.id,
        key=record.key,
        op=_op(record),
        before={name: notion_value(record, mapping.by_name[name]) for name in changes},
        after=changes,
        occurred=interval,
        actor=actor_of(page.last_edited_by),
        origin=sighting.origin or (f"run:{sighting.run_id}" if echo else ""),
        page_id=page.id,
    )


def _op(record: Record) -> Op:
    match record.notion_presence:
        case Presence.PRESENT:
            return Op.UPDATE
        case Presence.GONE:
            return Op.RESTORE
        case _:
            return Op.INSERT


def _is_own(
    record: Record, page: Page, name: str, value: Value, mapping: TableMapping, sighting: Sighting
) -> bool:
    """Whether a value is the echo of an own write: an interrupted run meant to write it, or this connection made
    the last edit and Postgres holds the same."""
    intended = sighting.intended.get(page.id, {})
    if name in intended:
        return intended[name] == value
    row = record.postgres.get(name)
    same = row is not None and mapping.by_name[name].codec.weaken(row.value) == value
    return same and page.last_edited_by.is_self


def actor_of(author: Author) -> JsonObject:
    """The actor of a Notion event as the log stores it."""
    actor: JsonObject = {"notion_user": author.id}
    if author.name:
        actor["name"] = author.name
    if author.is_bot:
        actor["bot"] = True
    return actor


def _both_gone(record: Record) -> bool:
    return record.notion_presence is Presence.GONE and record.postgres_presence is Presence.GONE


def _told_again(record: Record, mapping: TableMapping, interval: Interval, event: NewEvent, seq: int) -> Record:
    """A person took the page of a deleted record out of the trash: that is a wish for the row, and no leftover."""
    if mapping.title in record.notion or mapping.title not in record.base:
        return record
    shown = mapping.by_name[mapping.title].codec.weaken(record.base[mapping.title])
    again = PendingChange(shown, interval, event.actor, seq)
    return replace(record, notion={**record.notion, mapping.title: again})


def _taken_up(record: Record, event: NewEvent | None) -> bool:
    """Whether a record that was left alone goes on: its page was edited before there was a row, or came back to
    one."""
    if event is None:
        return False
    if record.postgres_presence is Presence.PRESENT:
        return event.op is Op.RESTORE
    return record.postgres_presence is Presence.ABSENT


def _folded(item: _Seen, mapping: TableMapping, seq: int, sighting: Sighting) -> Record:
    event = item.event
    pending = {
        name: PendingChange(
            value, item.interval, event.actor, seq, f"run:{sighting.run_id}" if name in item.own else ""
        )
        for name, value in item.changes.items()
        if event is not None
    }
    record = fold_page_values(item.record, pending, mapping)
    if event is not None and not item.page.in_trash and _both_gone(item.record):
        record = _told_again(record, mapping, item.interval, event, seq)
    return replace(
        record,
        page_id=item.page.id,
        notion_presence=Presence.GONE if item.page.in_trash else Presence.PRESENT,
        detached=record.detached and not _taken_up(record, event),
        notion_observed_at=sighting.at,
        notion_edited_at=item.page.last_edited_time,
        key_on_page=bool(record.key) and key_on(item.page, mapping) == record.key,
    )
