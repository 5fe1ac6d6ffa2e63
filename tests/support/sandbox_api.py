"""A small client for the local Notion, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from sync_engine.sandbox import Sandbox


@dataclass
class Api:
    """Calls the API as the connection, or as a person."""

    sandbox: Sandbox
    client: httpx.Client
    version: str = "2026-03-11"
    secret: str = ""

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.secret or self.sandbox.token}",
            "Notion-Version": self.version,
            **options.pop("headers", {}),
        }
        return self.client.request(method, f"{self.sandbox.url}/v1/{path}", json=body, headers=headers, **options)

    def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = self.send(method, path, body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, status: int = 400, **options: Any) -> Any:
        answer = self.send(method, path, body, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def as_person(self) -> Api:
        return Api(self.sandbox, self.client, self.version, self.sandbox.person_token)

    def in_version(self, version: str) -> Api:
        return Api(self.sandbox, self.client, version, self.secret)

    def database(self, properties: dict[str, Any] | None = None, title: str = "Things") -> tuple[str, str]:
        """Make a database and return its id and its data source's."""
        body: dict[str, Any] = {
            "parent": {"type": "page_id", "page_id": self.sandbox.parent_page_id},
            "title": text(title),
            "initial_data_source": {"properties": {"Name": {"title": {}}, **(properties or {})}},
        }
        made = self.ok("POST", "databases", body)
        return made["id"], made["data_sources"][0]["id"]

    def row(self, source: str, title: str = "", **properties: Any) -> Any:
        """Make a row; values are given whole (`Score={"number": 1}`)."""
        values = {"Name": {"title": text(title)}, **properties}
        return self.ok("POST", "pages", {"parent": {"data_source_id": source}, "properties": values})

    def query(self, source: str, **body: Any) -> Any:
        return self.ok("POST", f"data_sources/{source}/query", body)


def text(content: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": {"content": content}}] if content else []


def titles(answer: Any) -> list[str]:
    """Return the titles of a query's rows."""
    return ["".join(run["plain_text"] for run in row["properties"]["Name"]["title"]) for row in answer["results"]]
