"""Blind relations: a link to a page that the connection cannot see reads as empty, and that is no edit.

Notion leaves the pages that are not shared with the connection out of a relation, and nothing says so. An emptied
relation is therefore believed only when the page that it pointed to is still shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.relation import page_ids
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.engine.context import Context
from sync_engine.engine.passes.missing import has_left
from sync_engine.errors import NotionNotFound
from sync_engine.ports.workspace import Page

FEW = 3
"""Target pages that are read one by one; more are asked for with one query for fifty."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Emptied:
    """A relation that is empty on a page, and what it was known to point to."""

    page_id: str
    field: FieldMapping
    key: str


def without_blind_relations(
    context: Context,
    mapping: TableMapping,
    pages: Sequence[Page],
    written: Mapping[str, Iterable[str]] | None = None,
) -> Sequence[Page]:
    """The pages without those emptied relations whose former targets Notion does not show: they prove nothing.

    `written` has the fields, by page id, that this connection has just written itself. Costs nothing as long as no
    known link has disappeared. Raises NotionUnavailable.
    """
    emptied = _emptied(context, mapping, pages, written or {})
    if not emptied:
        return pages
    unseen: dict[str, set[str]] = {}
    for table in {item.field.relation_to for item in emptied}:
        pointing = [item for item in emptied if item.field.relation_to == table]
        shown = _shown(context, context.by_name[table], sorted({item.key for item in pointing}))
        for item in pointing:
            if item.key not in shown:
                unseen.setdefault(item.page_id, set()).add(item.field.property_id)
    if unseen:
        _log.warning(
            "%s: %d pages show an empty relation whose target this connection cannot see; it is left as it was",
            mapping.name,
            len(unseen),
            extra={"event": "relation_not_shown", "table": mapping.name},
        )
    return [_without(page, unseen.get(page.id, ())) for page in pages]


def without_empty_relations(mapping: TableMapping, pages: Sequence[Page]) -> Sequence[Page]:
    """The pages without any relation that is empty: for when nothing more can be asked."""
    relations = [field for field in mapping.fields if field.relation_to]
    return [_without(page, [field.property_id for field in relations if _is_empty(page, field)]) for page in pages]


def _emptied(
    context: Context, mapping: TableMapping, pages: Sequence[Page], written: Mapping[str, Iterable[str]]
) -> list[_Emptied]:
    relations = [field for field in mapping.fields if field.relation_to in context.by_name and field.property_id]
    candidates = [page for page in pages if any(_is_empty(page, field) for field in relations)]
    if not candidates:
        return []
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, [page.id for page in candidates])
    return [
        _Emptied(page.id, field, key)
        for page in candidates
        if page.id in known
        for field in relations
        if _is_empty(page, field)
        and field.name not in written.get(page.id, ())
        and (key := _pointed_to(known[page.id], field))
    ]


def _is_empty(page: Page, field: FieldMapping) -> bool:
    try:
        return field.property_id in page.properties and not page_ids(page.properties[field.property_id])
    except FieldError:
        return False


def _pointed_to(record: Record, field: FieldMapping) -> str:
    value = notion_value(record, field)
    return value if isinstance(value, str) else ""


def _shown(context: Context, target: TableMapping, keys: Sequence[str]) -> set[str]:
    """Those of the keys whose pages this connection sees in their table, and those that never had a page."""
    with context.database.transaction() as uow:
        records = uow.records.by_key(target.id, keys)
    page_of = {key: item.page_id for key, item in records.items() if item.notion_presence is Presence.PRESENT}
    shown = {key for key in keys if key not in records or records[key].notion_presence is Presence.ABSENT}
    if len(page_of) <= FEW:
        return shown | {key for key, page_id in page_of.items() if _is_shown(context, target, page_id)}
    try:
        found = context.workspace.find_by_key(target.data_source_id, target.key_property_id, sorted(page_of))
    except NotionNotFound:
        return shown
    live = {page.id for page in found if not has_left(target, page)}
    return shown | {key for key, page_id in page_of.items() if page_id in live}


def _is_shown(context: Context, target: TableMapping, page_id: str) -> bool:
    try:
        return not has_left(target, context.workspace.page(page_id))
    except NotionNotFound:
        return False


def _without(page: Page, property_ids: Iterable[str]) -> Page:
    left_out = set(property_ids)
    if not left_out:
        return page
    return replace(page, properties={key: value for key, value in page.properties.items() if key not in left_out})
