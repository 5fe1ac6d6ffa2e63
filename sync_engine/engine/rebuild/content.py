"""Content: what the page of each record showed at a moment, by the log. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.timeline import PageThen
from sync_engine.domain.unresolved import is_unresolved
from sync_engine.domain.values import Value
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.rebuild.told_rows import Told

UNKEYED = "notion:"
"""How the record key begins that stands on a page which had no row yet; `sync` gives it that of its row."""


def page_values(mapping: TableMapping, told: Told, page: PageThen) -> Mapping[str, Value]:
    """What the page showed; the row's own value where the page showed a weaker form of just that."""
    row = told.then.rows.get(page.key)
    strong = decode_image(row.image, mapping) if row is not None and row.exists else {}
    values: dict[str, Value] = {}
    for name, shown in page.values.items():
        item = mapping.field_named(name)
        if item is not None and not is_unresolved(shown):
            same = name in strong and item.codec.weaken(strong[name]) == shown
            values[name] = strong[name] if same else shown
    return values


def told_content(mapping: TableMapping, told: Told) -> Mapping[str, Mapping[str, Value]]:
    """By record key: what its page showed, and the row's values where there was a row without a page."""
    found: dict[str, Mapping[str, Value]] = {}
    for key, row in told.then.rows.items():
        if row.exists and (told.wanted is None or key in told.wanted):
            found[key] = decode_image(row.image, mapping)
    for page in told.then.pages.values():
        key = page.key or UNKEYED + page.page_id
        wanted = told.wanted is None or not told.wanted.isdisjoint((page.key, page.page_id))
        if page.exists and wanted and (not page.key or _is_current(told, page)):
            found[key] = {**found.get(key, {}), **page_values(mapping, told, page)}
    return found


def _is_current(told: Told, page: PageThen) -> bool:
    """Whether it was the page of its record, not one that was made anew since or a copy."""
    current = told.then.page_of(page.key)
    return current is not None and current.page_id == page.page_id
