"""`serve`: webhooks from the world, health and metrics, and the console on loopback only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sync_engine.engine.continuous.webhooks import LARGEST
from sync_engine.web.service import Service
from tests.support.looping import Stage
from tests.support.world import World, text
from tests.unit.test_webhook_deliveries import delivery, signed

TOKEN = "secret_webhook_token"
EVENT = "367cba44-b6f3-4c92-81e7-6a2e9659ef"


def configured(world: World) -> World:
    world.environment["NOTION_WEBHOOK_TOKEN"] = TOKEN
    world.reopen()
    return world


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with Service(configured(world).app, "127.0.0.1", 0) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    # As a tunnel or a proxy passes a delivery on.
    with httpx.Client(base_url=service.url, headers={"Host": "sync.example.org"}) as made:
        yield made


def now(world: World, ago: timedelta = timedelta()) -> str:
    return (world.app.clock.now() - ago).isoformat()


def post(client: httpx.Client, raw: bytes, token: str = TOKEN) -> httpx.Response:
    return client.post("/webhooks/notion", content=raw, headers={"X-Notion-Signature": signed(token, raw)})


def hints(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT event_id, kind FROM sync_engine.sync_hints ORDER BY received_at")


def test_a_genuine_delivery_is_stored_once(world: World, client: httpx.Client) -> None:
    raw = delivery(timestamp=now(world))
    assert post(client, raw).json() == {"outcome": "stored"}
    again = delivery(timestamp=now(world), attempt_number=2)
    assert post(client, again).json() == {"outcome": "repeated"}
    assert len(hints(world)) == 1


def test_deliveries_may_come_in_any_order(world: World, client: httpx.Client) -> None:
    for number in (3, 1, 2):
        ago = timedelta(minutes=10 - number)
        raw = delivery(id=f"{EVENT}{number:02}", timestamp=now(world, ago))
        assert post(client, raw).status_code == 200
    assert len(hints(world)) == 3


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=" + "0" * 64, "é".encode()])
def test_a_wrong_signature_is_refused(world: World, client: httpx.Client, signature: Any) -> None:
    headers = {} if signature is None else {"X-Notion-Signature": signature}
    answer = client.post("/webhooks/notion", content=delivery(timestamp=now(world)), headers=headers)
    assert (answer.status_code, hints(world)) == (401, [])


def test_a_delivery_changed_on_the_way_is_refused(world: World, client: httpx.Client) -> None:
    raw = delivery(timestamp=now(world))
    headers = {"X-Notion-Signature": signed(TOKEN, raw)}
    changed = raw.replace(b"properties_updated", b"deleted")
    assert client.post("/webhooks/notion", content=changed, headers=headers).status_code == 401
    assert hints(world) == []


def test_a_replay_of_long_ago_is_refused(world: World, client: httpx.Client) -> None:
    assert post(client, delivery(timestamp=now(world, timedelta(hours=49)))).status_code == 400
    assert post(client, delivery(timestamp=now(world, timedelta(hours=47)))).status_code == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"id": 1}'])
def test_signed_garbage_is_refused_without_harm(world: World, client: httpx.Client, raw: bytes) -> None:
    assert post(client, raw).status_code == 400
    assert hints(world) == []


def test_other_news_is_taken_and_ignored(world: World, client: httpx.Client) -> None:
    assert post(client, delivery(type="comment.created", timestamp=now(world))).json() == {"outcome": "ignored"}
    assert hints(world) == []


def test_a_huge_body_is_refused(client: httpx.Client) -> None:
    assert post(client, b" " * (LARGEST + 1)).status_code == 413


def test_only_post(client: httpx.Client) -> None:
    assert client.get("/webhooks/notion").status_code == 405


def test_a_handshake_with_another_token_is_refused(client: httpx.Client) -> None:
    def handshake(token: str) -> int:
        return client.post("/webhooks/notion", json={"verification_token": token}).status_code

    assert handshake("secret_of_a_stranger") == 401
    assert handshake(TOKEN) == 200


def test_before_a_token_is_set_nothing_is_accepted(world: World, caplog: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    with Service(world.app, "127.0.0.1", 0, shown.append) as service, httpx.Client(base_url=service.url) as client:
        assert post(client, delivery(timestamp=now(world)), "").status_code == 503
        assert client.post("/webhooks/notion", json={"verification_token": "secret_new"}).status_code == 200
        assert post(client, delivery(timestamp=now(world)), "secret_new").status_code == 503
    assert hints(world) == []
    assert shown == ["secret_new"]
    told = [record.getMessage() for record in caplog.records if "NOTION_WEBHOOK_TOKEN" in record.getMessage()]
    assert len(told) == 1 and "secret_new" not in told[0]


def test_without_the_database_notion_is_asked_to_come_again(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync_engine.errors import DatabaseUnavailable

    def gone(*_arguments: str) -> None:
        raise DatabaseUnavailable("no server")

    monkeypatch.setattr(world.app.database, "transaction", gone)
    assert post(client, delivery(timestamp=now(world))).status_code == 503
    assert client.get("/healthz").status_code == 503
    assert client.get("/metrics").status_code == 503


def test_a_delivery_leads_to_the_page_itself(world: World, client: httpx.Client) -> None:
    """The payload says nothing of values, and would not be believed."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('Ada', 'be kind')")
    stage = Stage(world)
    stage.run_until(400)
    page = world.page("agents", "Ada")["id"]
    world.edit(page, Prompt=text("really"))
    raw = delivery(entity={"id": page, "type": "page"}, data={"prompt": "forged"}, timestamp=now(world))
    assert post(client, raw).json() == {"outcome": "stored"}
    stage.run_for(1.5)
    assert world.sql("SELECT prompt FROM agents") == [("really",)]


def test_health_and_metrics(world: World, client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"ok": True, "run": False, "webhooks": True}
    world.sql("INSERT INTO agents (name) VALUES ('Ada')")
    post(client, delivery(timestamp=now(world)))
    shown = client.get("/metrics").text
    assert 'sync_engine_backlog_records{table="agents"} 0' in shown
    assert "sync_engine_hints_waiting 1" in shown
    assert 'sync_engine_webhook_deliveries_total{outcome="stored"} 1' in shown
    assert "sync_engine_run_active 0" in shown


def test_the_console_answers_on_this_machine_only(world: World, service: Service, client: httpx.Client) -> None:
    assert service.has_console
    assert client.get("/").status_code == 421, "a name that is not this machine's"
    assert httpx.get(service.url).status_code == 200
    with Service(world.app, "0.0.0.0", 0) as outside:
        port = outside.url.rpartition(":")[2]
        assert not outside.has_console
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").json()["ok"] is True
        raw = delivery(timestamp=now(world))
        headers = {"X-Notion-Signature": signed(TOKEN, raw)}
        answer = httpx.post(f"http://127.0.0.1:{port}/webhooks/notion", content=raw, headers=headers)
        assert json.loads(answer.text) == {"outcome": "stored"}
