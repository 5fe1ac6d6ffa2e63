"""Another Notion: a proxy in front of the local one that answers differently wherever the facts leave it open."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import httpx

EMPTY = "empty:"
"""Cursor of an answer without results that says that there are more."""

OPTIONAL = frozenset(
    {"url", "public_url", "icon", "cover", "created_by", "is_archived", "is_locked", "request_id"}
)
"""Keys of pages, data sources and lists that newer or older versions do without."""


@dataclass(frozen=True)
class Variant:
    """What is different; each flag is one liberty that the facts leave to Notion.

    `clutter`: unknown keys, types and objects everywhere. `shuffled`: no order of keys, ties in any order. `few`:
    no more than seven rows an answer, some answers empty with more to come. `cut`: relations cut to two. `bare`:
    optional keys and headers missing. `moments`: times in their other form. `floats`: whole numbers as 7.0.
    `words`: other texts in errors. `gone`: 404 for an edit of a page in the trash. `decoded`: filters know decoded
    property ids only. `cursors`: some are forgotten. `partial`: writes are answered with an id only. `split`:
    texts in other runs. `silent`: users cannot be listed.
    """

    clutter: bool = False
    shuffled: bool = False
    few: bool = False
    cut: bool = False
    bare: bool = False
    moments: bool = False
    floats: bool = False
    words: bool = False
    gone: bool = False
    decoded: bool = False
    cursors: bool = False
    partial: bool = False
    split: bool = False
    silent: bool = False


EACH = [Variant(**{item.name: True}) for item in fields(Variant)]
ALL = Variant(**{item.name: True for item in fields(Variant)})


@dataclass
class Answer:
    """What goes back to the client."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Proxy:
    """Passes requests on to the local Notion, and changes them and their answers."""

    def __init__(self, upstream: str, variant: Variant, seed: int = 0) -> None:
        self.variant = variant
        self.requests: list[tuple[str, str]] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._client = httpx.Client(base_url=upstream, timeout=30)
        self._forgot_at = 0

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        """Answer one request."""
        with self._lock:
            self.requests.append((method, path))
            refused = self._refused(method, path, body)
            if refused is not None:
                return refused
            body = self._asked(path, body)
            if path.endswith("/query") and self._hides_results(body):
                return Answer(200, _nothing_yet(body))
            sent = {"authorization": headers["authorization"], "notion-version": headers["notion-version"]}
            got = self._client.request(method, path, json=body, headers=sent)
            return self._changed(method, path, Answer(got.status_code, got.json(), _kept(got.headers)))

    def close(self) -> None:
        self._client.close()

    # --- requests

    def _refused(self, method: str, path: str, body: Any) -> Answer | None:
        variant = self.variant
        if variant.silent and path.startswith("/v1/users?"):
            return _error(403, "restricted_resource")
        if variant.decoded and path.endswith("/query") and any(name != unquote(name) for name in _filtered(body)):
            return _error(400, "validation_error")
        cursor = (body or {}).get("start_cursor", "") if method == "POST" else ""
        if variant.cursors and cursor and len(self.requests) > self._forgot_at + 20:
            self._forgot_at = len(self.requests)
            return _error(400, "validation_error")
        return None

    def _asked(self, path: str, body: Any) -> Any:
        if not path.endswith("/query") or not isinstance(body, dict):
            return body
        asked = {**body}
        if self.variant.few:
            asked["page_size"] = min(7, asked.get("page_size", 100))
        return asked

    def _hides_results(self, body: Any) -> bool:
        cursor = body.get("start_cursor", "")
        if cursor.startswith(EMPTY):
            body["start_cursor"] = cursor.removeprefix(EMPTY)
            if not body["start_cursor"]:
                del body["start_cursor"]
            return False
        return self.variant.few and self._random.random() < 0.3

    # --- answers

    def _changed(self, method: str, path: str, answer: Answer) -> Answer:
        variant = self.variant
        if answer.status != 200:
            return self._failure(method, path, answer)
        writes = method == "PATCH" or (method == "POST" and path == "/v1/pages")
        if variant.partial and writes and answer.body.get("object") == "page":
            return Answer(200, {"object": "page", "id": answer.body["id"]}, answer.headers)
        if variant.bare:
            answer.headers.pop("date", None)
        body = self._walked(answer.body)
        if isinstance(body.get("results"), list):
            self._list(path, body)
        return replace(answer, body=self._shuffled(body) if variant.shuffled else body)

    def _failure(self, method: str, path: str, answer: Answer) -> Answer:
        body = answer.body
        trashed = "archived" in body.get("message", "")
        if self.variant.gone and trashed and method == "PATCH":
            return _error(404, "object_not_found")
        if self.variant.words:
            body["message"] = "The request could not be carried out."
            body.pop("additional_data", None)
        return answer

    def _list(self, path: str, body: dict[str, Any]) -> None:
        if self.variant.shuffled and path.endswith("/query"):
            body["results"] = self._ties_shuffled(body["results"])
        if self.variant.clutter:
            body["results"].insert(0, {"object": "hologram", "id": "11111111-1111-4111-8111-111111111111"})
        if self.variant.bare and not body.get("has_more"):
            body.pop("next_cursor", None)

    def _ties_shuffled(self, results: list[Any]) -> list[Any]:
        groups: dict[str, list[Any]] = {}
        for item in results:
            groups.setdefault(item.get("created_time", ""), []).append(item)
        for group in groups.values():
            self._random.shuffle(group)
        return [item for group in groups.values() for item in group]

    def _walked(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._walked(item) for item in value]
        if not isinstance(value, dict):
            return value
        return self._object({key: self._walked(item) for key, item in value.items()})

    def _object(self, found: dict[str, Any]) -> dict[str, Any]:
        variant = self.variant
        kind = found.get("object")
        if variant.bare and kind in ("page", "data_source", "database", "list"):
            found = {key: item for key, item in found.items() if key not in OPTIONAL}
        if variant.moments:
            found = {key: _other_form(item) for key, item in found.items()}
        if variant.floats and isinstance(found.get("number"), int) and found.get("type") == "number":
            found["number"] = float(found["number"])
        if variant.cut and found.get("type") == "relation" and isinstance(found.get("relation"), list):
            found["has_more"] = found.get("has_more", False) or len(found["relation"]) > 2
            found["relation"] = found["relation"][:2]
        if variant.split and isinstance(found.get("rich_text"), list):
            found["rich_text"] = [part for run in found["rich_text"] for part in _halves(run)]
        if variant.clutter:
            found = {**found, "x_new_key": {"type": "unheard_of", "unheard_of": [None, 1.5, "…"]}}
            if kind in ("page", "data_source") and isinstance(found.get("properties"), dict):
                found["properties"]["Aura"] = {"id": "zz%3Az", "name": "Aura", "type": "aura", "aura": {"hue": 7}}
                found["properties"].pop("x_new_key", None)
        return found

    def _shuffled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        items = [(key, self._shuffled(item)) for key, item in value.items()]
        self._random.shuffle(items)
        return dict(items)


def _error(status: int, code: str) -> Answer:
    body = {
        "object": "error",
        "status": status,
        "code": code,
        "message": "This is not possible.",
        "request_id": "r",
    }
    return Answer(status, body)


def _nothing_yet(body: Mapping[str, Any]) -> Any:
    cursor = EMPTY + body.get("start_cursor", "")
    return {
        "object": "list",
        "results": [],
        "has_more": True,
        "next_cursor": cursor,
        "type": "page_or_data_source",
        "page_or_data_source": {},
    }


def _filtered(body: Any) -> Iterator[str]:
    """Names or ids of the properties in a filter."""
    if isinstance(body, list):
        for item in body:
            yield from _filtered(item)
    elif isinstance(body, dict):
        if isinstance(body.get("property"), str):
            yield body["property"]
        for item in body.values():
            yield from _filtered(item)


def _other_form(value: Any) -> Any:
    if not isinstance(value, str) or len(value) not in (24, 29) or value[10:11] != "T":
        return value
    return (
        value[:-1] + "+00:00" if value.endswith("Z") else value.removesuffix("+00:00") + "Z" * (len(value) == 29)
    )


def _halves(run: dict[str, Any]) -> list[dict[str, Any]]:
    """A text run in two."""
    text = run.get("text")
    content = text.get("content", "") if isinstance(text, dict) else ""
    if len(content) < 2:
        return [run]
    middle = len(content) // 2
    pieces = (content[:middle], content[middle:])
    return [{**run, "text": {**(text or {}), "content": piece}, "plain_text": piece} for piece in pieces]


def _kept(headers: httpx.Headers) -> dict[str, str]:
    names = ("date", "retry-after", "x-notion-request-id")
    return {name: headers[name] for name in names if name in headers}


@contextmanager
def variant_of(upstream: str, variant: Variant, seed: int = 0) -> Iterator[tuple[str, Proxy]]:
    """Run the proxy on a free port; its address and itself."""
    proxy = Proxy(upstream, variant, seed)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", proxy
    finally:
        server.shutdown()
        server.server_close()
        proxy.close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            raw = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = proxy.answer(self.command, self.path, headers, json.loads(raw) if raw else None)
            content = json.dumps(answer.body).encode()
            self.send_response_only(answer.status)
            for name, value in {**answer.headers, "content-type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
