"""Rows already written as JSON, so that a query of 100 rows does not render 100 rows each time."""

from __future__ import annotations

from collections import OrderedDict

import orjson

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import DataSource, Page
from sync_engine.sandbox.shapes.pages import page_shape

_VOLATILE = ("formula", "rollup", "files")
"""Types whose shown value depends on more than the page and its schema."""

_MOST = 50_000


class PageCache:
    """Rendered rows by page, schema revision and version; a changed page is another object, so it misses."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, tuple[str, ...]], tuple[Page, int, orjson.Fragment]] = (
            OrderedDict()
        )

    def shown(self, call: Call, source: DataSource, page: Page, only: frozenset[str] | None) -> Json:
        """Return a row ready to be put in a list."""
        if only is not None or call.revoked:
            return page_shape(call, page, only)
        key = (page.id, call.version, call.actor.token.capabilities)
        known = self._known.get(key)
        if known is not None and known[0] is page and known[1] == source.revision:
            return known[2]
        fragment = orjson.Fragment(orjson.dumps(page_shape(call, page)))
        if self._steady(page, source):
            self._known[key] = (page, source.revision, fragment)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return fragment

    def _steady(self, page: Page, source: DataSource) -> bool:
        if any(prop.type in _VOLATILE for prop in source.properties.values()):
            return False
        images = (page.icon, page.cover)
        if any(isinstance(each, dict) and each["type"] in ("file", "file_upload") for each in images):
            return False
        return all(_textual(value) for value in page.values.values())


def _textual(value: Json) -> bool:
    """Return whether a stored value holds no mention, whose text follows its target."""
    if not isinstance(value, list):
        return True
    return not any(isinstance(run, dict) and run.get("type") == "mention" for run in value)
