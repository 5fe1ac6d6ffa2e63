"""A console over a whole installation, and a browser without JavaScript."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from sync_engine.web import Console
from tests.support.world import World


class Form(HTMLParser):
    """The forms of a page: address and hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.forms.setdefault(given.get("action", ""), {})
        if tag == "input" and given.get("type") == "hidden":
            self._open[given["name"]] = given.get("value", "")


class Browser:
    """Cookies, pages and forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, follow_redirects=True, timeout=60)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.client.get(path, params=query or None)

    def page(self, path: str, **query: str) -> str:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def submit(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Send the form of a page that goes to an address, with its hidden fields."""
        hidden = Form(page).forms[action]
        return self.client.post(action, data={**hidden, **fields})

    def edit(self, table: str, key: str, field: str, **fields: str) -> httpx.Response:
        """Open a cell of a table and save it."""
        opened = self.page(f"/tables/{table}", row=key, edit=field)
        return self.submit(opened, f"/cell/{table}", **fields)


def visible(page: str) -> str:
    """The text of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def console(world: World) -> Iterator[Console]:
    with Console.start(world.app) as running:
        yield running


@pytest.fixture
def browser(console: Console) -> Iterator[Browser]:
    made = Browser(console.url)
    yield made
    made.client.close()


@pytest.fixture
def agent(world: World) -> str:
    """The key of an agent called Ada, of a team, in sync."""
    world.sql("INSERT INTO teams (name) VALUES ('Field'), ('Home')")
    [(key,)] = world.sql(
        """INSERT INTO agents (name, prompt, tags, metadata, is_active, team_id)
           SELECT 'Ada', 'be kind', ARRAY['a', 'b'], '{"z": 1}', true, id FROM teams WHERE name = 'Field'
           RETURNING id::text"""
    )
    world.sync()
    return str(key)
