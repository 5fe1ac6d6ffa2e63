"""Told pages: what the log tells of a table's pages at a moment, and what would make Notion show just that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.timeline import PageThen
from sync_engine.domain.unresolved import targets_of
from sync_engine.domain.values import Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.missing import has_left
from sync_engine.engine.passes.observe import decode_page, linked_pages
from sync_engine.engine.passes.pull import confirmed
from sync_engine.engine.passes.recover import REPLAYED
from sync_engine.engine.rebuild.content import page_values
from sync_engine.engine.rebuild.rebuilt import Doing, Line
from sync_engine.engine.rebuild.told_rows import Told
from sync_engine.errors import NotionNotFound
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.workspace import Page


@dataclass
class PagesPlan:
    """What would make the pages of a table show what the log tells: writes and restores, pages to make anew, pages
    to be trashed, what is left alone, and relations whose targets have no page (yet)."""

    writes: list[Operation] = field(default_factory=list)
    remade: list[Record] = field(default_factory=list)
    trashed: list[Operation] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)
    unlinked: list[Line] = field(default_factory=list)

    def lines(self, mapping: TableMapping) -> Sequence[Line]:
        """The preview."""
        told = [_line(mapping, item, _DOINGS[item.action]) for item in self.writes]
        told += [Line(mapping.name, item.key, Doing.CREATE) for item in self.remade]
        return [*told, *(_line(mapping, item, Doing.TRASH) for item in self.trashed), *self.left]


_DOINGS = {Action.UPDATE: Doing.UPDATE, Action.RESTORE: Doing.RESTORE, Action.TRASH: Doing.TRASH}


def _line(mapping: TableMapping, operation: Operation, doing: Doing) -> Line:
    return Line(mapping.name, operation.record.key, doing, tuple(sorted(operation.values)))


def plan_pages(context: Context, mapping: TableMapping, told: Told) -> PagesPlan:
    """Compare every page with the log; a page that is not listed is asked for by its id."""
    listing: dict[str, Page] = {}
    for batch in context.workspace.changed_since(mapping.data_source_id, None):
        listing |= {page.id: page for page in confirmed(context, mapping, batch.pages)}
        context.progress(f"reading {mapping.name} from Notion", len(listing), 0)
    plan = PagesPlan()
    with context.database.transaction() as uow:
        wanted = _wanted(uow, mapping, told)
        compared = _Compared(uow, mapping, told, linked_pages(mapping, list(listing.values())))
        known = uow.records.by_page(mapping.id, list(listing))
    for record, page in wanted:
        if not record.page_id:  # forgotten by a replay that was killed before it made a new one
            plan.remade.append(record)
            continue
        found = listing.get(record.page_id)
        try:
            found = found or context.workspace.page(record.page_id)
        except NotionNotFound:
            _plan_purged(plan, mapping, record)
            continue
        if not found.in_trash and has_left(mapping, found):
            reason = "the page was moved to another place or archived in Notion"
            plan.left.append(Line(mapping.name, record.key, Doing.REFUSED, reason=reason))
            continue
        operation, unlinked = compared.operation(record, page, found)
        plan.writes += [operation] if operation is not None else []
        if unlinked:
            reason = "what it pointed to has no page"
            plan.unlinked.append(Line(mapping.name, record.key, Doing.REFUSED, unlinked, reason))
    _plan_later(plan, mapping, told, known)
    return plan


def _wanted(uow: UnitOfWork, mapping: TableMapping, told: Told) -> Sequence[tuple[Record, PageThen]]:
    """The pages that were there, with the records that they belong to now: a page that was made anew since stands
    for the one that it replaced."""
    pages = [page for page in told.then.pages.values() if page.exists]
    if told.wanted is not None:
        pages = [page for page in pages if not told.wanted.isdisjoint((page.key, page.page_id))]
    by_page = uow.records.by_page(mapping.id, [page.page_id for page in pages])
    by_key = uow.records.by_key(mapping.id, sorted({page.key for page in pages if page.key}))
    found: dict[int, tuple[Record, PageThen]] = {}
    for page in sorted(pages, key=lambda page: page.seq):
        record = by_page.get(page.page_id) or by_key.get(page.key)
        if record is not None and (record.page_id or record.postgres_presence is Presence.PRESENT):
            found[record.id] = (record, page)
    return list(found.values())


class _Compared:
    """Pages as they are against what the log tells of them."""

    def __init__(self, uow: UnitOfWork, mapping: TableMapping, told: Told, linked: Sequence[str]) -> None:
        self._mapping = mapping
        self._told = told
        self._keys = uow.records.keys(linked)
        self._pages = _targets(uow, mapping, told)

    def operation(self, record: Record, page: PageThen, found: Page) -> tuple[Operation | None, tuple[str, ...]]:
        """What is to be written, None when the page shows all of it; and the relations that cannot be (yet)."""
        shown = decode_page(found, self._mapping, self._keys)
        values = page_values(self._mapping, self._told, page)
        differing = {
            name for name, value in values.items() if name in shown and self._weak(name, value) != shown[name]
        }
        links = {
            name: tuple(self._pages[name, key] for key in keys)
            for name, value in values.items()
            if (keys := targets_of(value)) and all((name, key) in self._pages for key in keys)
        }
        lost = {name for name in differing if self._is_link(name, values[name]) and name not in links}
        wanted = values.keys() if found.in_trash else differing
        kept = {name: values[name] for name in wanted if name not in lost and self._may_write(name, values, links)}
        unlinked = tuple(sorted(lost))
        if found.in_trash:
            return Operation(Side.NOTION, Action.RESTORE, record, kept, links, cause=REPLAYED), unlinked
        if not kept:
            return None, unlinked
        return Operation(Side.NOTION, Action.UPDATE, record, kept, links, cause=REPLAYED), unlinked

    def _weak(self, name: str, value: Value) -> Value:
        return self._mapping.by_name[name].codec.weaken(value)

    def _is_link(self, name: str, value: Value) -> bool:
        return bool(self._mapping.by_name[name].relation_to) and value is not None

    def _may_write(self, name: str, values: Mapping[str, Value], links: Mapping[str, tuple[str, ...]]) -> bool:
        return name in links or not self._is_link(name, values[name])


def _targets(uow: UnitOfWork, mapping: TableMapping, told: Told) -> Mapping[tuple[str, str], str]:
    """Page ids of what the relations pointed to, by field and key."""
    found: dict[tuple[str, str], str] = {}
    registered = {item.name: item.id for item in uow.registrations.all()}
    for item in mapping.fields:
        if item.relation_to in registered:
            keys = {key for page in told.then.pages.values() for key in targets_of(page.values.get(item.name))}
            pages = uow.records.page_ids(registered[item.relation_to], sorted(keys))
            found |= {(item.name, key): page for key, page in pages.items()}
    return found


def _plan_purged(plan: PagesPlan, mapping: TableMapping, record: Record) -> None:
    if record.postgres_presence is Presence.PRESENT:
        plan.remade.append(record)
        return
    reason = (
        "the page is gone for ever, and its row too; replay --target postgres brings the row back, and that a page"
    )
    plan.left.append(Line(mapping.name, record.key, Doing.REFUSED, reason=reason))


def _plan_later(plan: PagesPlan, mapping: TableMapping, told: Told, known: Mapping[str, Record]) -> None:
    """Pages that were not there yet go to the trash; those of which the log never told stay."""
    for page_id, record in known.items():
        now, then = told.now.pages.get(page_id), told.then.pages.get(page_id)
        existed = then is not None and then.exists
        stands_in = bool(record.key) and (
            record.key in told.then.rows or told.then.page_of(record.key) is not None
        )
        if now is not None and not existed and not stands_in:
            plan.trashed.append(Operation(Side.NOTION, Action.TRASH, record, cause=REPLAYED))
