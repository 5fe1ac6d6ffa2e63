"""Duplicates and lost links: pages that carry the key of a row which has another page, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sync_engine.domain.events import Side
from sync_engine.domain.fold import postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.matching import values_text
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.gather import gather
from sync_engine.engine.passes.observe import Sighting, decode_page, key_on, linked_pages, observe_pages
from sync_engine.engine.passes.pull import confirmed
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.runs import Run
from sync_engine.ports.workspace import Page

Kind = Literal["lost_link", "copy", "differing_copy", "several_pages", "equal"]

_TOLD: Mapping[Kind, str] = {
    "lost_link": "the row has no page, and this page carries its key",
    "copy": "a page that shows the same as the row's own page, and has no row",
    "differing_copy": "a page that carries the key of a row with another page, and shows something else: {fields}",
    "several_pages": "several pages carry the key of a row that has none of them",
    "equal": "records that are equal in {fields}",
}
_REPAIRS: Mapping[Kind, str] = {"lost_link": "link", "copy": "trash"}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What was found. `keys` and `pages` are those concerned; `fields` what differs, or is equal."""

    mapping: TableMapping
    kind: Kind
    keys: tuple[str, ...]
    pages: tuple[str, ...]
    fields: tuple[str, ...] = ()

    @property
    def repair(self) -> str:
        """What can be done about it without guessing: `link`, `trash`, or empty."""
        return _REPAIRS.get(self.kind, "")

    def to_json(self) -> JsonObject:
        """As `doctor --duplicates --json` prints it."""
        keys: list[Json] = [*self.keys]
        pages: list[Json] = [*self.pages]
        told = _TOLD[self.kind].format(fields=", ".join(self.fields))
        return {
            "table": self.mapping.name,
            "kind": self.kind,
            "keys": keys,
            "pages": pages,
            "what": told,
            "repair": self.repair or None,
        }


def find_duplicates(context: Context, tables: Sequence[str] = ()) -> Sequence[Duplicate]:
    """Read every page, and the records; writes nothing. What no pass has seen yet may be missing.

    Raises UsageError.
    """
    found: list[Duplicate] = []
    for mapping in context.selected(tables):
        pages = _pages(context, mapping)
        with context.database.transaction() as uow:
            found += _Search(uow, mapping, pages).found()
    return found


def repair_duplicates(context: Context, tables: Sequence[str] = (), *, who: str = "") -> JsonObject:
    """Do what needs no guess: link a row with the one page that carries its key, trash exact copies without a row.

    Found anew under the installation's lock, after a pass' own look at both sides. It is a run; what it trashes is
    in the journal, and stays in Notion's trash. Raises LockHeld, and what Notion raises; whatever was done until
    then is committed.
    """
    with between_turns(context.database):
        run = Run(context.ids.new_id(), "doctor", context.database.now(), {"who": who, "tables": [*tables]})
        gather(context, context.selected(tables), run.run_id, full=False, dry_run=False)
        found = find_duplicates(context, tables)
        with context.database.transaction() as uow:
            uow.runs.start(run)
        status, done = "failed", 0
        try:
            for duplicate in found:
                done += _repaired(context, duplicate, run.run_id)
            status = "done"
        finally:
            with context.database.transaction() as uow:
                uow.runs.finish(replace(run, status=status, finished_at=context.database.now()))
    return {"run_id": run.run_id, "repaired": done, "left": len(found) - done}


def _pages(context: Context, mapping: TableMapping) -> Sequence[Page]:
    batches = context.workspace.changed_since(mapping.data_source_id, None)
    return [page for batch in batches for page in confirmed(context, mapping, batch.pages)]


class _Search:
    """One table: its records, and its pages by the key that they carry."""

    def __init__(self, uow: UnitOfWork, mapping: TableMapping, pages: Sequence[Page]) -> None:
        self._mapping = mapping
        self._pages = {page.id: page for page in pages}
        self._records = uow.records.by_page(mapping.id, list(self._pages))
        self._shown = uow.records.keys(linked_pages(mapping, pages))
        carried = sorted({key for page in pages if (key := key_on(page, mapping))})
        self._owners = uow.records.by_key(mapping.id, carried)
        self._linked = [item for item in uow.records.scan(mapping.id) if _is_linked(item)]

    def found(self) -> Iterator[Duplicate]:
        """All of it."""
        strangers: dict[str, list[Page]] = {}
        for page in self._pages.values():
            own, key = self._records.get(page.id), key_on(page, self._mapping)
            if key in self._owners and (own is None or (not own.key and not own.has_row)):
                strangers.setdefault(key, []).append(page)
        for key, pages in strangers.items():
            yield from self._of_key(self._owners[key], pages)
        yield from self._equal()

    def _of_key(self, owner: Record, pages: Sequence[Page]) -> Iterator[Duplicate]:
        present = self._pages.get(owner.page_id) if owner.notion_presence is Presence.PRESENT else None
        ids = tuple(page.id for page in pages)
        if present is None and owner.postgres_presence is Presence.PRESENT:
            kind: Kind = "lost_link" if len(pages) == 1 else "several_pages"
            yield Duplicate(self._mapping, kind, (owner.key,), ids)
        for page in pages if present is not None else ():
            differing = self._differing(present, page)
            kind = "differing_copy" if differing else "copy"
            yield Duplicate(self._mapping, kind, (owner.key,), (page.id,), differing)

    def _differing(self, own: Page | None, page: Page) -> tuple[str, ...]:
        if own is None:
            return ()
        left, right = (decode_page(item, self._mapping, self._shown) for item in (own, page))
        return tuple(sorted(name for name in left if left[name] != right.get(name)))

    def _equal(self) -> Iterator[Duplicate]:
        by_value: dict[str, list[Record]] = {}
        for record in self._linked if self._mapping.match else ():
            weak = {
                item.name: item.codec.weaken(postgres_value(record, item))
                for item in self._mapping.fields
                if not item.relation_to
            }
            by_value.setdefault(values_text(weak, self._mapping), []).append(record)
        for value, records in by_value.items():
            if value and len(records) > 1:
                keys = tuple(record.key for record in records)
                pages = tuple(record.page_id for record in records)
                yield Duplicate(self._mapping, "equal", keys, pages, self._mapping.match or ())


def _is_linked(record: Record) -> bool:
    return record.postgres_presence is Presence.PRESENT and record.notion_presence is Presence.PRESENT


def _repaired(context: Context, duplicate: Duplicate, run_id: str) -> bool:
    mapping = duplicate.mapping
    if not duplicate.repair:
        return False
    [page_id] = duplicate.pages
    with context.database.transaction() as uow:
        copy = uow.records.by_page(mapping.id, [page_id]).get(page_id)
    if duplicate.repair == "trash":
        if copy is None:
            return False
        operation = Operation(Side.NOTION, Action.TRASH, copy, cause="duplicate")
        sent = apply_to_notion(context, mapping, [operation], Origin(run_id))
        if sent.fatal is not None:
            raise sent.fatal
        with context.database.transaction() as uow:
            uow.held.release([item.record.id for item in sent.done])
        return bool(sent.done)
    return _relinked(context, mapping, duplicate.keys[0], copy, page_id, run_id)


def _relinked(
    context: Context, mapping: TableMapping, key: str, copy: Record | None, page_id: str, run_id: str
) -> bool:
    """The page becomes the row's. What it shows otherwise than the base is an edit of a person, and crosses."""
    page = context.workspace.page(page_id)
    with context.database.transaction() as uow:
        owner = uow.records.by_key(mapping.id, [key]).get(key)
        if owner is None or page.in_trash:
            return False
        uow.held.release([item.id for item in (owner, copy) if item is not None])
        uow.records.remove([copy.id] if copy is not None else [])
        fresh = replace(
            owner, page_id=page_id, notion={}, notion_presence=Presence.ABSENT, key_on_page=False, detached=False
        )
        uow.records.save([fresh])
        sighting = Sighting(context.database.now(), None, context.workspace.clock_skew(), run_id)
        observe_pages(uow, mapping, [page], sighting)
    return True
