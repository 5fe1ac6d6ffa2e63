"""Verify: compare both sides in full by canonical value; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.soft import deletion_told
from sync_engine.domain.unresolved import is_unresolved, waiting_page, waiting_pages
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.blind_relations import without_blind_relations
from sync_engine.engine.passes.gather import registrations_of
from sync_engine.engine.passes.observe import decode_page, key_on, linked_pages
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.workspace import Page

Kind = Literal["differs", "missing_page", "missing_row", "duplicate_page"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the sides differ. `field` is empty when a whole record is missing on a side."""

    table: str
    key: str
    field: str
    postgres: Value
    notion: Value
    kind: Kind

    def to_json(self) -> JsonObject:
        """As `verify --json` prints it."""
        return {
            "table": self.table,
            "key": self.key,
            "field": self.field,
            "postgres": self.postgres,
            "notion": self.notion,
            "kind": self.kind,
        }


@dataclass
class Verification:
    """Result of a comparison. `checked` counts records."""

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def in_sync(self) -> bool:
        """Whether no difference was found."""
        return not self.differences

    def to_json(self) -> JsonObject:
        """The document that `verify --json` prints."""
        differences: list[Json] = [item.to_json() for item in self.differences]
        return {"in_sync": self.in_sync, "checked": self.checked, "differences": differences}


def verify(context: Context, tables: Sequence[str] = ()) -> Verification:
    """Read every row and every page and compare them, each field in the weaker of the two domains.

    Edits that no pass has carried across yet are differences too. Raises NotSetUp, UsageError.
    """
    registrations_of(context)
    result = Verification()
    for mapping in context.selected(tables):
        pages = _pages(context, mapping)
        with context.database.transaction() as uow:
            keys = uow.records.keys(linked_pages(mapping, [page for group in pages.values() for page in group]))
            outside = _outside(uow, mapping)
            for key, image in uow.rows.scan(mapping):
                result.checked += key not in outside
                if key in outside or deletion_told(mapping, image):
                    pages.pop(key, None)  # what its page does is up to the policies
                    continue
                found = _own_first(uow, mapping, key, pages.pop(key, []))
                row = decode_image(image, mapping)
                result.differences += _compare(mapping, key, row, found, keys)
                context.progress(f"comparing {mapping.name}", result.checked, 0)
        for key, group in pages.items():
            result.checked += len(group)
            result.differences += [
                Difference(mapping.name, key, "", None, page.id, "missing_row") for page in group
            ]
    return result


def _outside(uow: UnitOfWork, mapping: TableMapping) -> set[str]:
    """The keys of rows that do not fit the table's filter."""
    found: set[str] = set()
    for keys in uow.rows.keys(mapping) if mapping.row_filter else ():
        found |= {*keys} - uow.rows.fitting(mapping, keys).keys
    return found


def _pages(context: Context, mapping: TableMapping) -> dict[str, list[Page]]:
    found: dict[str, list[Page]] = {}
    for batch in context.workspace.changed_since(mapping.data_source_id, None):
        for page in without_blind_relations(context, mapping, batch.pages):
            found.setdefault(key_on(page, mapping), []).append(page)
    return found


def _own_first(uow: UnitOfWork, mapping: TableMapping, key: str, pages: Sequence[Page]) -> Sequence[Page]:
    """The row's own page before those that only carry its key: copies that a person made."""
    if len(pages) < 2:
        return pages
    own = uow.records.page_ids(mapping.id, [key]).get(key)
    return sorted(pages, key=lambda page: page.id != own)


def _compare(
    mapping: TableMapping,
    key: str,
    row: Mapping[str, Value],
    pages: Sequence[Page],
    keys: Mapping[str, tuple[int, str]],
) -> Iterator[Difference]:
    if not pages:
        yield Difference(mapping.name, key, "", key, None, "missing_page")
        return
    for extra in pages[1:]:
        yield Difference(mapping.name, key, "", key, extra.id, "duplicate_page")
    values = decode_page(pages[0], mapping, keys)
    for name, shown in values.items():
        item = mapping.by_name[name]
        expected = item.codec.weaken(row.get(name))
        if expected != _comparable(item, shown):
            yield Difference(mapping.name, key, name, row.get(name), shown, "differs")


def _comparable(item: FieldMapping, shown: Value) -> Value:
    """A target without a row is told by its page."""
    if not item.relation_to:
        return shown
    return waiting_page(shown) or (list(waiting_pages(shown)) if is_unresolved(shown) else shown)
