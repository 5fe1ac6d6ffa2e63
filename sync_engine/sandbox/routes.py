"""The table of endpoints and the matching of a path against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from sync_engine.sandbox.api import (
    blocks,
    children,
    comments,
    data_sources,
    databases,
    file_uploads,
    pages,
    property_items,
    search,
    users,
)
from sync_engine.sandbox.api.query import Query
from sync_engine.sandbox.call import V2022, V2025, Call
from sync_engine.sandbox.jsontypes import JsonObject

Endpoint = Callable[[Call], JsonObject]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `writes`: it may change something; `upload`: its body is a file in multipart form."""

    method: str
    template: str
    endpoint: Endpoint
    since: str = V2022
    writes: bool = False
    upload: bool = False
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.template.split("/")))


class Routes:
    """Finds the endpoint of a request; path segments stay percent-encoded but for the ids' dashes."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_size: dict[tuple[str, int], list[Route]] = {}
        for route in routes:
            self._by_size.setdefault((route.method, len(route.parts)), []).append(route)

    def match(self, method: str, path: str, version: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and its path values, or None. `path` is raw, without `/v1/`."""
        segments = path.strip("/").split("/")
        for route in self._by_size.get((method, len(segments)), []):
            values: dict[str, str] = {}
            for part, segment in zip(route.parts, segments, strict=True):
                if part.startswith("{"):
                    values[part[1:-1]] = unquote(segment)
                elif part != segment:
                    break
            else:
                if version >= route.since:
                    return route, values
        return None


def all_routes() -> Routes:
    """Return every endpoint, with fresh memories."""
    return Routes(
        [
            Route("GET", "users", users.index),
            Route("GET", "users/me", users.me),
            Route("GET", "users/{user_id}", users.retrieve),
            Route("POST", "databases", databases.create, V2025, writes=True),
            Route("GET", "databases/{database_id}", databases.retrieve, V2025),
            Route("PATCH", "databases/{database_id}", databases.update, V2025, writes=True),
            Route("POST", "data_sources", data_sources.create, V2025, writes=True),
            Route("GET", "data_sources/{data_source_id}", data_sources.retrieve, V2025),
            Route("PATCH", "data_sources/{data_source_id}", data_sources.update, V2025, writes=True),
            Route("POST", "data_sources/{data_source_id}/query", Query(), V2025),
            Route("GET", "data_sources/{data_source_id}/templates", data_sources.templates, V2025),
            Route("POST", "pages", pages.create, writes=True),
            Route("GET", "pages/{page_id}", pages.retrieve),
            Route("PATCH", "pages/{page_id}", pages.update, writes=True),
            Route("POST", "pages/{page_id}/move", pages.move, writes=True),
            Route("GET", "pages/{page_id}/properties/{property_id}", property_items.retrieve),
            Route("POST", "search", search.search),
            Route("GET", "blocks/{block_id}", blocks.retrieve),
            Route("PATCH", "blocks/{block_id}", blocks.update, writes=True),
            Route("DELETE", "blocks/{block_id}", blocks.delete, writes=True),
            Route("GET", "blocks/{block_id}/children", children.index),
            Route("POST", "file_uploads", file_uploads.create, writes=True),
            Route("GET", "file_uploads", file_uploads.index),
            Route("GET", "file_uploads/{file_upload_id}", file_uploads.retrieve),
            Route("POST", "file_uploads/{file_upload_id}/send", file_uploads.send, writes=True, upload=True),
            Route("POST", "file_uploads/{file_upload_id}/complete", file_uploads.complete, writes=True),
            Route("POST", "comments", comments.create, writes=True),
            Route("GET", "comments", comments.index),
            Route("GET", "comments/{comment_id}", comments.retrieve),
            Route("PATCH", "comments/{comment_id}", comments.update, writes=True),
            Route("DELETE", "comments/{comment_id}", comments.delete, writes=True),
            Route("PATCH", "blocks/{block_id}/children", children.append, writes=True),
        ]
    )
