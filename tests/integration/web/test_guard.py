"""Who may talk to the console, and what it never lets into a page."""

from __future__ import annotations

import httpx
import pytest

from sync_engine.errors import ConfigurationError
from sync_engine.web import Console
from tests.integration.web.conftest import Browser, Form
from tests.support.world import World

EVIL = "<script>alert('x')</script>\"'>"


def test_another_host_name_is_refused(console: Console) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "", "[::1", "evil.example:80"):
        answer = httpx.get(console.url, headers={"host": host})
        assert answer.status_code in (400, 421)
        assert "sync-engine" not in answer.text
    port = console.url.rpartition(":")[2]
    assert httpx.get(console.url, headers={"host": f"localhost:{port}"}).status_code == 200


def test_only_loopback_is_listened_on(world: World) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        with pytest.raises(ConfigurationError, match="does not listen"):
            Console.start(world.app, host=host)


def test_a_taken_port_is_told(world: World, console: Console) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen"):
        Console.start(world.app, port=int(console.url.rpartition(":")[2]))


def test_a_form_without_our_token_or_from_elsewhere_changes_nothing(
    world: World, browser: Browser, agent: str
) -> None:
    fields = Form(browser.page("/tables/agents", row=agent, edit="prompt")).forms["/cell/agents"]
    fields = {**fields, "value": "changed"}
    forged: list[tuple[dict[str, str], dict[str, str]]] = [
        ({**fields, "token": "0" * 64}, {}),
        ({name: value for name, value in fields.items() if name != "token"}, {}),
        (fields, {"origin": "https://evil.example"}),
        (fields, {"origin": "null"}),
        (fields, {"sec-fetch-site": "cross-site"}),
        (fields, {"sec-fetch-site": "same-site"}),
    ]
    for data, headers in forged:
        answer = browser.client.post("/cell/agents", data=data, headers=headers)
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    stranger = httpx.post(f"{browser.url}/cell/agents", data=fields)
    assert stranger.status_code == 403
    assert world.sql("SELECT prompt FROM agents") == [("be kind",)]


def test_every_form_that_changes_something_is_guarded(browser: Browser, agent: str) -> None:
    for path in ("/sync", "/cell/agents", "/conflicts/1/decide", "/runs/1/plan", "/runs/1/rollback"):
        assert browser.client.post(path, data={"choice": "swap"}).status_code == 403
        assert browser.client.get(path).status_code in (404, 405)
        assert browser.client.put(path).status_code == 405


def test_a_form_that_is_too_large_is_not_read(browser: Browser) -> None:
    answer = browser.client.post("/sync", content=b"x" * 9_000_000)
    assert answer.status_code == 413


def test_a_form_cannot_lead_to_another_site(browser: Browser, agent: str) -> None:
    page = browser.page("/")
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example"):
        answer = browser.client.post("/sync", data={**Form(page).forms["/sync"], "back": back})
        assert answer.status_code == 200
        assert str(answer.url).startswith(f"{browser.url}/?ran=")


def test_whatever_a_row_holds_is_shown_as_text(world: World, browser: Browser, agent: str) -> None:
    world.sql(
        """UPDATE agents SET name = %s, prompt = repeat(%s, 40), tags = ARRAY[%s],
                             metadata = jsonb_build_object('x', %s::text)""",
        *[EVIL] * 4,
    )
    page = world.pages("agents")[0]
    world.edit(page["id"], Prompt={"rich_text": [{"text": {"content": EVIL}}]})
    world.sync()
    opened = [
        browser.get("/tables/agents", row=agent, edit=name) for name in ("name", "prompt", "tags", "metadata")
    ]
    others = [
        browser.get("/"),
        browser.get("/tables/agents", q=EVIL),
        browser.get("/tables/agents", key=EVIL, after=EVIL, saved=EVIL, ran=EVIL),
        browser.get("/history/agents", key=agent),
        browser.get("/conflicts", show=EVIL),
        browser.get(f"/tables/{EVIL}"),
        browser.get(f"/runs/{EVIL}"),
        browser.get(str(Form(browser.page("/runs")).forms and "/runs")),
    ]
    for answer in [*opened, *others]:
        assert "<script>" not in answer.text
        assert answer.text.count("<script") == 1
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "&lt;script&gt;" in others[3].text


def test_nothing_is_fetched_from_elsewhere(browser: Browser, agent: str) -> None:
    for path in ("/", "/tables/agents", "/conflicts", "/runs"):
        page = browser.page(path)
        assert 'src="http' not in page and 'stylesheet" href="http' not in page
        assert " style=" not in page and " onclick=" not in page
    for asset in ("/static/console.css", "/static/console.js"):
        assert browser.get(asset).status_code == 200
        assert "http" not in browser.get(asset).text


def test_errors_are_pages_without_traces(browser: Browser, agent: str) -> None:
    for path, what in (
        ("/tables/nope", "is not in sync.toml"),
        ("/runs/nope", "there is no run"),
        ("/conflicts/99", "there is no conflict"),
        ("/nowhere", "no page at this address"),
        ("/jobs/nope", "no page at this address"),
    ):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert what in answer.text
        assert "Traceback" not in answer.text
