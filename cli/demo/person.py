"""A person in Notion: reads and edits pages over HTTP with a person's token, as a browser would."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import Request, urlopen

import orjson

from sync_engine.domain.values import JsonObject
from sync_engine.errors import NotionError

VERSION = "2026-03-11"
WITHIN = 30
"""Seconds to wait for an answer."""


@dataclass(frozen=True)
class Person:
    """Someone with an account in the workspace."""

    url: str
    token: str

    def page_titled(self, data_source_id: str, title_property: str, title: str) -> JsonObject:
        """The page of that title. Raises NotionError when there is not exactly one."""
        wanted: JsonObject = {"filter": {"property": title_property, "title": {"equals": title}}}
        found = self._call("POST", f"data_sources/{data_source_id}/query", wanted)["results"]
        if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
            raise NotionError(f"there is not exactly one page called {title!r}")
        return found[0]

    def edit(self, page_id: str, properties: JsonObject) -> None:
        """Change properties of a page, by name, in Notion's shapes."""
        self._call("PATCH", f"pages/{page_id}", {"properties": properties})

    def _call(self, method: str, path: str, body: JsonObject) -> JsonObject:
        request = Request(
            f"{self.url}/v1/{path}",
            orjson.dumps(body),
            {
                "Authorization": f"Bearer {self.token}",
                "Notion-Version": VERSION,
                "Content-Type": "application/json",
            },
            method=method,
        )
        try:
            with urlopen(request, timeout=WITHIN) as answer:
                result: JsonObject = orjson.loads(answer.read())
        except URLError as error:
            raise NotionError(f"the local Notion did not take an edit: {error}") from error
        return result


def plain_text(value: str) -> JsonObject:
    """A rich text property."""
    return {"rich_text": [{"text": {"content": value}}]}


def choice(name: str) -> JsonObject:
    """A select property."""
    return {"select": {"name": name}}
