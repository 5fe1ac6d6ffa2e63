"""Blind relations: a link to a page that the connection cannot see is left out, and that is no edit.

Notion leaves the pages that are not shared with the connection out of a relation, and nothing says so. That a
link is gone is therefore believed only when the page that it pointed to is still shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.relation import page_ids, relation_value
from sync_engine.domain.fold import notion_value
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.record import Presence
from sync_engine.domain.unresolved import targets_of
from sync_engine.engine.context import Context
from sync_engine.engine.passes.missing import has_left
from sync_engine.errors import NotionNotFound
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.workspace import Page

FEW = 3
"""Target pages that are read one by one; more are asked for with one query for fifty."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Missing:
    """A link that a relation of a page was known to have, and has no more."""

    page_id: str
    field: FieldMapping
    key: str
    target: str


def without_blind_relations(
    context: Context,
    mapping: TableMapping,
    pages: Sequence[Page],
    written: Mapping[str, Iterable[str]] | None = None,
) -> Sequence[Page]:
    """The pages without what only seems to be gone: links whose targets Notion does not show prove nothing.

    An emptied relation to one is left out, a relation to many keeps the links concerned. `written` has the
    fields, by page id, that this connection has just written itself. Costs no request as long as no known link
    has disappeared. Raises NotionUnavailable.
    """
    missing = _missing(context, mapping, pages, written or {})
    if not missing:
        return pages
    unseen: dict[str, list[_Missing]] = {}
    for table in {item.field.relation_to for item in missing}:
        pointing = [item for item in missing if item.field.relation_to == table]
        shown = _shown(context, context.by_name[table], sorted({item.key for item in pointing}))
        for item in pointing:
            if item.key not in shown:
                unseen.setdefault(item.page_id, []).append(item)
    if unseen:
        _log.warning(
            "%s: %d pages show a relation without a target that this connection cannot see; it is left as it was",
            mapping.name,
            len(unseen),
            extra={"event": "relation_not_shown", "table": mapping.name},
        )
    return [_as_known(page, unseen.get(page.id, ())) for page in pages]


def without_empty_relations(mapping: TableMapping, pages: Sequence[Page]) -> Sequence[Page]:
    """The pages without any relation that could miss a link: for when nothing more can be asked."""
    relations = [field for field in mapping.fields if field.relation_to]
    return [_without(page, [field.property_id for field in relations if _may_miss(page, field)]) for page in pages]


def _missing(
    context: Context, mapping: TableMapping, pages: Sequence[Page], written: Mapping[str, Iterable[str]]
) -> list[_Missing]:
    relations = [field for field in mapping.fields if field.relation_to in context.by_name and field.property_id]
    candidates = [page for page in pages if any(_may_miss(page, field) for field in relations)]
    if not candidates:
        return []
    with context.database.transaction() as uow:
        known = uow.records.by_page(mapping.id, [page.id for page in candidates])
        lost = [
            (page, field, key)
            for page in candidates
            if page.id in known
            for field in relations
            if _may_miss(page, field) and field.name not in written.get(page.id, ())
            for key in targets_of(notion_value(known[page.id], field))
        ]
        targets = _target_pages(uow, context, {(field.relation_to, key) for _, field, key in lost})
    return [
        _Missing(page.id, field, key, target)
        for page, field, key in lost
        for target in [targets.get((field.relation_to, key), "")]
        if field.junction is None or (target and target not in page_ids(page.properties[field.property_id]))
    ]


def _target_pages(
    uow: UnitOfWork, context: Context, wanted: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """The page of each (table, key) that has or had one."""
    keys: dict[str, list[str]] = {}
    for table, key in sorted(wanted):
        keys.setdefault(table, []).append(key)
    return {
        (table, key): record.page_id
        for table, several in keys.items()
        for key, record in uow.records.by_key(context.by_name[table].id, several).items()
    }


def _may_miss(page: Page, field: FieldMapping) -> bool:
    """Whether the page could lack a link that it had: a relation to one that is empty, or any to many."""
    try:
        found = field.property_id in page.properties and page_ids(page.properties[field.property_id])
    except FieldError:
        return False
    return found == [] or (field.junction is not None and found is not False)


def _as_known(page: Page, unseen: Sequence[_Missing]) -> Page:
    """The page without the relations to one that cannot be believed, and with the links of those to many."""
    page = _without(page, [item.field.property_id for item in unseen if item.field.junction is None])
    kept: dict[str, list[str]] = {}
    for item in unseen:
        if item.field.junction is not None:
            kept.setdefault(item.field.property_id, []).append(item.target)
    shown = {name: relation_value([*page_ids(page.properties[name]), *targets]) for name, targets in kept.items()}
    return replace(page, properties={**page.properties, **shown}) if shown else page


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
