"""A local Notion on staged time, a table in it, and two workspaces: the connection's and a person's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from sync_engine.adapters.notion import NotionWorkspace, open_workspace
from sync_engine.domain.schema import DataSource
from sync_engine.sandbox import Sandbox
from tests.support.staged import StagedClock


@dataclass
class Line(httpx.BaseTransport):
    """The way to the local Notion: answers carry the staged time; `before` may do things between requests."""

    clock: StagedClock
    before: Callable[[httpx.Request], None] = lambda _request: None
    inner: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)
    requests: int = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.before(request)
        response = self.inner.handle_request(request)
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return response

    def close(self) -> None:
        self.inner.close()


@dataclass
class LocalNotion:
    """The server, the clock it shares with the workspaces, and how to open more of them."""

    server: Sandbox
    clock: StagedClock
    opened: list[NotionWorkspace] = field(default_factory=list)

    def open(
        self,
        *,
        token: str = "",
        person: bool = False,
        per_minute: int | None = None,
        clock: StagedClock | None = None,
    ) -> tuple[NotionWorkspace, Line]:
        """A workspace and its line; `clock` when it has a clock of its own."""
        line = Line(self.clock)
        token = token or (self.server.person_token if person else self.server.token)
        workspace = open_workspace(
            token, self.server.url, per_minute, clock or self.clock, jitter=lambda: 0.5, transport=line
        )
        self.opened.append(workspace)
        return workspace, line

    def committed(self, method: str, path: str) -> int:
        """How many of the requests changed something."""
        return sum(1 for each in self.server.requests.matching(method, path) if each.committed)


@pytest.fixture
def clock() -> StagedClock:
    return StagedClock()


@pytest.fixture
def notion(clock: StagedClock) -> Iterator[LocalNotion]:
    with Sandbox.start(port=0, requests_per_minute=None, clock=clock.now) as server:
        local = LocalNotion(server, clock)
        yield local
        for workspace in local.opened:
            workspace.close()


@pytest.fixture
def workspace(notion: LocalNotion) -> NotionWorkspace:
    return notion.open()[0]


@pytest.fixture
def person(notion: LocalNotion) -> NotionWorkspace:
    return notion.open(person=True)[0]


SCHEMA: dict[str, Any] = {
    "Name": {"title": {}},
    "Sync Key": {"rich_text": {}},
    "Text": {"rich_text": {}},
    "Score": {"number": {"format": "number"}},
    "Tier": {"select": {"options": [{"name": "low"}, {"name": "high"}]}},
    "Tags": {"multi_select": {"options": []}},
    "Done": {"checkbox": {}},
    "Due": {"date": {}},
    "Site": {"url": {}},
    "People": {"people": {}},
}


@dataclass(frozen=True)
class Table:
    """A data source and the ids of its properties by name."""

    source: DataSource

    @property
    def id(self) -> str:
        return self.source.id

    def __getitem__(self, name: str) -> str:
        found = self.source.by_name(name)
        assert found is not None
        return found.id

    def row(self, key: str, **more: Any) -> dict[str, Any]:
        """Properties of a row, by id."""
        values = {"Sync Key": text(key), "Name": {"title": text(f"row {key}")["rich_text"]}, **more}
        return {self[name]: value for name, value in values.items()}


def text(content: str) -> dict[str, Any]:
    """A rich text value, cut into runs of 2,000 UTF-16 units as the codecs do it."""
    runs, start = [], 0
    while start < len(content):
        end = start
        units = 0
        while end < len(content) and units + (2 if content[end] > "\uffff" else 1) <= 2000:
            units += 2 if content[end] > "\uffff" else 1
            end += 1
        runs.append({"type": "text", "text": {"content": content[start:end]}})
        start = end
    return {"rich_text": runs}


@pytest.fixture
def table(notion: LocalNotion, workspace: NotionWorkspace) -> Table:
    return Table(workspace.create_database(notion.server.parent_page_id, "Agents", "🤖", SCHEMA))
