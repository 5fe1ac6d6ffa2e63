"""Webhooks: signed, aggregated, doubled, out of order, tried again (notion-api.md 7)."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from tests.support.sandbox_api import Api, text


class Receiver:
    """An address that takes webhooks and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[tuple[bytes, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                receiver.taken.append((raw, self.headers["X-Notion-Signature"]))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/notion"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def bodies(self) -> list[Any]:
        return [json.loads(raw) for raw, _ in self.taken]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def token(api: Api, receiver: Receiver) -> str:
    secret = api.sandbox.subscribe_webhook(receiver.url)
    api.sandbox.workspace.webhooks.duplicated = 0
    return secret


def test_handshake_and_signature(api: Api, receiver: Receiver, token: str) -> None:
    assert receiver.bodies() == [{"verification_token": token}]
    api.database()
    api.sandbox.deliver_webhooks()
    for raw, signature in receiver.taken:
        assert signature == "sha256=" + hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()


def test_an_event_says_who_and_what_but_no_value(api: Api, receiver: Receiver, token: str) -> None:
    database, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x")
    api.sandbox.deliver_webhooks()
    receiver.taken.clear()
    api.as_person().ok("PATCH", f"pages/{page['id']}", {"properties": {"Score": {"number": 77_123}}})
    assert api.sandbox.deliver_webhooks() == 1
    (body,) = receiver.bodies()
    person = api.as_person().ok("GET", "users/me")["id"]
    assert (body["type"], body["entity"]) == ("page.properties_updated", {"id": page["id"], "type": "page"})
    assert body["authors"] == [{"id": person, "type": "person"}]
    assert body["data"] == {
        "parent": {"id": database, "type": "database", "data_source_id": source},
        "updated_properties": [page["properties"]["Score"]["id"]],
    }
    assert (body["attempt_number"], body["api_version"]) == (1, "2026-03-11")
    assert "77123" not in json.dumps(body)


def test_events_of_one_page_are_told_once_with_all_authors(api: Api, receiver: Receiver, token: str) -> None:
    _, source = api.database({"A": {"number": {}}, "B": {"number": {}}})
    page = api.row(source, "x")["id"]
    api.sandbox.deliver_webhooks()
    receiver.taken.clear()
    api.ok("PATCH", f"pages/{page}", {"properties": {"A": {"number": 1}}})
    api.as_person().ok("PATCH", f"pages/{page}", {"properties": {"B": {"number": 1}}})
    api.sandbox.deliver_webhooks()
    (body,) = receiver.bodies()
    assert [each["type"] for each in body["authors"]] == ["bot", "person"]
    assert len(body["data"]["updated_properties"]) == 2


def test_opposites_cancel_out(api: Api, receiver: Receiver, token: str) -> None:
    _, source = api.database()
    page = api.row(source, "x")["id"]
    api.sandbox.deliver_webhooks()
    api.ok("PATCH", f"pages/{page}", {"in_trash": True})
    api.ok("PATCH", f"pages/{page}", {"in_trash": False})
    brief = api.row(source, "brief")["id"]
    api.ok("PATCH", f"pages/{brief}", {"in_trash": True})
    assert api.sandbox.deliver_webhooks() == 0


def test_schema_changes_name_the_properties(api: Api, receiver: Receiver, token: str) -> None:
    _, source = api.database()
    api.sandbox.deliver_webhooks()
    receiver.taken.clear()
    api.ok("PATCH", f"data_sources/{source}", {"properties": {"Score": {"number": {}}}})
    api.sandbox.deliver_webhooks()
    (body,) = receiver.bodies()
    (changed,) = body["data"]["updated_properties"]
    assert body["type"] == "data_source.schema_updated"
    assert (changed["name"], changed["action"]) == ("Score", "created")


def test_deliveries_are_doubled_and_shuffled(api: Api, receiver: Receiver, token: str) -> None:
    api.sandbox.workspace.webhooks.duplicated = 1
    _, source = api.database()
    for number in range(12):
        api.row(source, f"{number}")
        api.sandbox.advance(1)
    api.sandbox.deliver_webhooks()
    bodies = receiver.bodies()[1:]
    assert len(bodies) == 2 * len({body["id"] for body in bodies})
    times = [body["timestamp"] for body in bodies]
    assert times != sorted(times)


def test_failed_deliveries_are_tried_eight_times(api: Api, receiver: Receiver, token: str) -> None:
    receiver.status = 500
    api.row(api.database()[1], "x")
    for _ in range(10):
        api.sandbox.deliver_webhooks()
    attempts = [body["attempt_number"] for body in receiver.bodies()[1:]]
    assert set(attempts) == set(range(1, 9))
    receiver.status = 200
    assert api.sandbox.deliver_webhooks() == 0


def test_edits_on_the_page_are_told_too(api: Api, receiver: Receiver, token: str) -> None:
    _, source = api.database()
    api.sandbox.deliver_webhooks()
    receiver.taken.clear()
    with httpx.Client(base_url=api.sandbox.url) as browser:
        shown = browser.get("/").text
        form_token = shown.split('name="token" value="')[1].split('"')[0]
        browser.post("/row", data={"token": form_token, "source": source, "title": "new", "back": "/"})
    api.sandbox.deliver_webhooks()
    assert [body["type"] for body in receiver.bodies()] == ["page.created"]


def test_a_comment_is_told(api: Api, receiver: Receiver, token: str) -> None:
    body = {"parent": {"page_id": api.sandbox.parent_page_id}, "rich_text": text("hello")}
    api.ok("POST", "comments", body)
    api.sandbox.deliver_webhooks()
    assert receiver.bodies()[-1]["type"] == "comment.created"


def test_subscribing_over_the_control_endpoint(api: Api, receiver: Receiver) -> None:
    address = f"{api.sandbox.url}/_sandbox/webhooks"
    told = httpx.post(address, json={"url": receiver.url}).json()
    assert receiver.bodies()[0] == {"verification_token": told["subscription"]["token"]}
    api.database()
    assert httpx.post(address, json={"deliver": True}).json()["delivered"] >= 2
    assert httpx.post(address, json={"url": "file:///etc/passwd"}).status_code == 400
