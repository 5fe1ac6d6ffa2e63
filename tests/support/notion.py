"""Notion played by a function: scripted answers, recorded requests, no network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync_engine.adapters.notion import NotionWorkspace, open_workspace
from sync_engine.domain.retry import RetryPolicy
from tests.support.staged import StagedClock

Handler = Callable[[httpx.Request], httpx.Response]

TOKEN = "ntn_secret_0123456789"
BOT = "00000000-0000-4000-8000-0000000000b0"
RECORDED = Path(__file__).parents[3] / "shared" / "notion-recorded"


def recorded() -> Iterator[dict[str, Any]]:
    """Every recorded exchange; skips the test where the recordings are not there."""
    files = [RECORDED / "notion-sdk-py.jsonl", RECORDED / "ultimate-notion.jsonl"]
    if not all(path.exists() for path in files):
        pytest.skip("the recorded Notion traffic is not there")
    for path in files:
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def error(
    status: int, code: str, message: str = "no", headers: dict[str, str] | None = None, **extra: Any
) -> httpx.Response:
    """An error answer in Notion's shape."""
    body = {"object": "error", "status": status, "code": code, "message": message, "request_id": "r-1"}
    if extra:
        body["additional_data"] = extra
    return httpx.Response(status, json=body, headers=headers)


def html(status: int, headers: dict[str, str] | None = None) -> httpx.Response:
    """What a proxy in front of Notion answers."""
    return httpx.Response(status, html="<html><title>Bad Gateway</title></html>", headers=headers)


def page(page_id: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A page object with the keys of 2026-03-11."""
    return {
        "object": "page",
        "id": page_id,
        "created_time": "2026-11-20T09:00:00.000Z",
        "last_edited_time": "2026-11-20T09:00:00.000Z",
        "created_by": {"object": "user", "id": BOT},
        "last_edited_by": {"object": "user", "id": BOT},
        "parent": {"type": "data_source_id", "data_source_id": "ds", "database_id": "db"},
        "in_trash": False,
        "is_archived": False,
        "properties": properties or {},
        "url": "https://www.notion.so/x",
        **more,
    }


def results(found: list[Any], cursor: str | None = None, **more: Any) -> httpx.Response:
    """A list answer."""
    body = {"object": "list", "results": found, "has_more": cursor is not None, "next_cursor": cursor}
    return httpx.Response(200, json={**body, **more})


@dataclass
class Played(httpx.BaseTransport):
    """A transport that answers with `handler`, stamps the staged time on answers and keeps the requests."""

    clock: StagedClock
    handler: Handler
    latency: float = 0.0
    requests: list[httpx.Request] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.requests.append(request)
            self.sent_at.append(self.clock.monotonic())
        self.clock.advance(self.latency)
        if request.url.path == "/v1/users/me":
            response = httpx.Response(200, json={"object": "user", "id": BOT, "name": "Bot", "type": "bot"})
        else:
            response = self.handler(request)
        response.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return response

    def bodies(self) -> list[Any]:
        """JSON bodies of the requests, the look-up of the own user left out."""
        return [json.loads(request.content or b"null") for request in self.calls]

    @property
    def calls(self) -> list[httpx.Request]:
        """Requests, the look-up of the own user left out."""
        return [request for request in self.requests if request.url.path != "/v1/users/me"]


def answering(*responses: httpx.Response | Exception) -> Handler:
    """One after the other; the last one again and again."""
    left = list(responses)

    def handler(_request: httpx.Request) -> httpx.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(response.status_code, content=response.content, headers=dict(response.headers))

    return handler


def play(
    handler: Handler,
    *,
    clock: StagedClock | None = None,
    per_minute: int | None = None,
    latency: float = 0.0,
    policy: RetryPolicy | None = None,
) -> tuple[NotionWorkspace, Played]:
    """A workspace whose Notion is `handler`."""
    staged = clock or StagedClock()
    played = Played(staged, handler, latency)
    workspace = open_workspace(
        TOKEN, "https://api.notion.com", per_minute, staged, policy=policy, jitter=lambda: 0.5, transport=played
    )
    return workspace, played
