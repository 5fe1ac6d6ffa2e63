"""Replay into nothing: fold the log anew and compare the result with what the engine and both sides hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.events import Op, Side
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.refold import Refold
from sync_engine.domain.soft import deletion_told
from sync_engine.domain.times import NOTION_GRANULARITY
from sync_engine.domain.unresolved import linked_up, seen_as, targets_of, waiting_pages
from sync_engine.domain.values import Value
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.inquiry.replayed import Held, Mismatch, Replayed
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.capture import capture_within
from sync_engine.engine.passes.gather import registrations_of
from sync_engine.engine.passes.observe import decode_page, linked_pages
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter
from sync_engine.ports.workspace import Page


def replay_verify(context: Context, tables: Sequence[str] = (), *, pages: bool = True) -> Replayed:
    """Fold the log from its beginning and compare with the engine's records, the rows, and (`pages`) the pages.

    Nothing is written: what is captured but not yet read is read in a rehearsal. An edit in Notion that no pass
    has seen yet is no difference. Memory is that of the records. Raises NotSetUp, UsageError, LockHeld.
    """
    registrations_of(context)
    selected = context.selected(tables)
    with between_turns(context.database), context.database.rehearsal() as rehearsal:
        staged = replace(context, database=rehearsal)
        with rehearsal.transaction() as uow:
            capture_within(uow, context.by_id)
        with rehearsal.transaction() as uow:
            folded = _folded(uow, staged)
            result = Replayed("verify", folded.events)
            for mapping in selected:
                comparison = _Comparison(uow, mapping, folded)
                result.records += len(folded.rows(mapping.id))
                result.differences += comparison.with_engine()
                result.differences += comparison.with_rows()
                context.progress(f"comparing {mapping.name}", 0, 0)
    if pages:
        for mapping in selected:
            result.differences += _with_pages(context, mapping, folded)
    return result


def _folded(uow: UnitOfWork, context: Context) -> Refold:
    folded = Refold(context.by_id)
    for event in uow.events.find(EventFilter()):
        folded.fold(event)
        if folded.events % 1000 == 0:
            context.progress("folding the log", folded.events, 0)
    return folded


class _Comparison:
    """One table: what the log makes of it against what the engine and the rows say."""

    def __init__(self, uow: UnitOfWork, mapping: TableMapping, folded: Refold) -> None:
        self._uow = uow
        self._mapping = mapping
        self._folded = folded
        self._rows = folded.rows(mapping.id)

    def with_engine(self) -> Iterator[Mismatch]:
        """The engine's records: presence and values of either side, as it believes them."""
        seen: set[str] = set()
        newest: dict[str, Record] = {}
        for record in self._uow.records.scan(self._mapping.id):
            if record.key:
                known = newest.get(record.key)
                newest[record.key] = record if known is None or known.incarnation < record.incarnation else known
            if record.page_id:
                seen.add(record.page_id)
                yield from self._page(record)
        for key in self._rows.keys() | newest.keys():
            yield from self._row(key, self._rows.get(key), newest.get(key))
        for page_id, page in self._folded.pages.items():
            if page.mapping == self._mapping.id and page_id not in seen and page.notion_presence is _PRESENT:
                yield self._mismatch(page, "", "engine", page_id, None)

    def with_rows(self) -> Iterator[Mismatch]:
        """The rows as they are now. One that was changed since the log was read is left out."""
        if not self._is_backfilled():
            return
        gone = {key for key, record in self._rows.items() if record.postgres_presence is _PRESENT}
        for key, image in self._uow.rows.scan(self._mapping):
            gone.discard(key)
            record = self._rows.get(key)
            if self._mapping.row_filter and _presence(record) in (Presence.ABSENT, Presence.OUTSIDE):
                continue
            if deletion_told(self._mapping, image) and _presence(record) is Presence.GONE:
                continue
            found = list(self._against(key, record, decode_image(image, self._mapping)))
            if found and not self._changed_since(key, record):
                yield from found
        for key in gone:
            if not self._changed_since(key, self._rows[key]):
                yield Mismatch(self._mapping.name, key, "", "row", "present", "absent")

    def _is_backfilled(self) -> bool:
        registered = {item.id: item for item in self._uow.registrations.all()}
        return registered[self._mapping.id].backfilled

    def _changed_since(self, key: str, record: Record | None) -> bool:
        known = record.postgres_seq if record is not None else 0
        wanted = EventFilter(mapping=self._mapping.id, key=key, source=Side.POSTGRES, after_seq=known)
        return any(event.op is not Op.SNAPSHOT for event in self._uow.events.find(wanted))

    def _against(self, key: str, record: Record | None, values: Mapping[str, Value]) -> Iterator[Mismatch]:
        if record is None or record.postgres_presence is not _PRESENT:
            yield Mismatch(self._mapping.name, key, "", "row", "absent", "present")
            return
        for name, value in values.items():
            told = record.postgres.get(name)
            if told is None and self._folded.is_redacted(self._mapping.id, key, name):
                continue
            if told is None and value is None and self._mapping.by_name[name].junction is not None:
                continue  # no event tells of links that a row never had
            if told is None or told.value != value:
                yield self._mismatch(record, name, "row", told.value if told else None, value)

    def _row(self, key: str, told: Record | None, known: Record | None) -> Iterator[Mismatch]:
        logged, believed = _presence(told), _presence(known)
        if logged is not believed and Presence.PRESENT in (logged, believed):
            yield Mismatch(self._mapping.name, key, "", "engine", logged.value, believed.value)
        elif told is not None and known is not None and believed is _PRESENT:
            for name, change in told.postgres.items():
                held = postgres_value(known, self._mapping.by_name[name])
                if held != change.value:
                    yield self._mismatch(told, name, "engine", change.value, held)

    def _page(self, known: Record) -> Iterator[Mismatch]:
        told = self._folded.pages.get(known.page_id)
        logged = told.notion_presence if told is not None else Presence.ABSENT
        if logged is not known.notion_presence and _PRESENT in (logged, known.notion_presence):
            yield self._mismatch(
                known, "", "engine", f"page {logged.value}", f"page {known.notion_presence.value}"
            )
        elif told is not None and logged is _PRESENT:
            for item in self._mapping.fields:
                if item.property_id:
                    held = seen_as(notion_value(known, item))
                    yield from _differs(self._uow, self._folded, told, item, self._mapping, held, "engine")

    def _mismatch(self, record: Record, name: str, found_in: Held, log: Value, found: Value) -> Mismatch:
        return Mismatch(self._mapping.name, record.key, name, found_in, log, found)


_PRESENT = Presence.PRESENT


def _presence(record: Record | None) -> Presence:
    return record.postgres_presence if record is not None else Presence.ABSENT


def _differs(
    uow: UnitOfWork,
    folded: Refold,
    told: Record,
    item: FieldMapping,
    mapping: TableMapping,
    held: Value,
    found_in: Held,
) -> Iterator[Mismatch]:
    change = told.notion.get(item.name)
    if change is None and folded.is_redacted(mapping.id, told.page_id, item.name):
        return
    logged = seen_as(change.value) if change is not None else item.codec.weaken(None)
    if held != logged and not (item.relation_to and _same_target(uow, folded, item, held, logged)):
        yield Mismatch(mapping.name, told.key, item.name, found_in, logged, held)


def _same_target(uow: UnitOfWork, folded: Refold, item: FieldMapping, held: Value, logged: Value) -> bool:
    """Whether both name one row: a relation is told as a page that had no row yet, or by a former key."""
    return _target(uow, folded, item, held) == _target(uow, folded, item, logged)


def _target(uow: UnitOfWork, folded: Refold, item: FieldMapping, value: Value) -> set[str]:
    """What the relation names: keys as they are now, and pages that have none."""
    pages = waiting_pages(value)
    keys = {page: key for page, (_, key) in uow.records.keys(pages).items()} if pages else {}
    found = linked_up(value, keys)
    return {folded.key_now(item.relation_to, key) for key in targets_of(found)} | set(waiting_pages(found))


def _with_pages(context: Context, mapping: TableMapping, folded: Refold) -> Iterator[Mismatch]:
    """The pages as they are now, without those that were edited since the last look, or never seen yet."""
    for batch in context.workspace.changed_since(mapping.data_source_id, None):
        with context.database.transaction() as uow:
            keys = uow.records.keys(linked_pages(mapping, batch.pages))
            known = uow.records.by_page(mapping.id, [page.id for page in batch.pages])
            for page in batch.pages:
                told, record = folded.pages.get(page.id), known.get(page.id)
                if told is not None and record is not None and not _edited_since(page, record):
                    for name, shown in decode_page(page, mapping, keys).items():
                        item = mapping.by_name[name]
                        yield from _differs(uow, folded, told, item, mapping, shown, "page")


def _edited_since(page: Page, record: Record) -> bool:
    """Notion keeps minutes: an edit in the minute of the last look may be a later one."""
    looked = record.notion_observed_at
    return looked is None or page.last_edited_time + NOTION_GRANULARITY >= looked
