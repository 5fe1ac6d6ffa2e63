"""Bodies bent out of shape are refused with a 400 or taken, but never break the server."""

from __future__ import annotations

import copy
import random
from typing import Any

import orjson
import pytest

from sync_engine.sandbox.clock import SandboxClock
from sync_engine.sandbox.gateway import Gateway, Request
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.ratelimit import RateLimit
from sync_engine.sandbox.seed import seed
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.workspace import Workspace

JUNK: list[Any] = [None, True, 0, -1, 2.5, "", "x", "a,b", [], [None], [[]], [{}], {}, {"x": 1}, {"id": 7}, "💥"]
SCHEMA: dict[str, Any] = {
    "Name": {"title": {}},
    "Text": {"rich_text": {}},
    "Score": {"number": {"format": "euro"}},
    "Done": {"checkbox": {}},
    "Day": {"date": {}},
    "Tier": {"select": {"options": [{"name": "gold", "color": "yellow"}]}},
    "Tags": {"multi_select": {"options": [{"name": "a"}]}},
    "State": {"status": {}},
    "Owner": {"people": {}},
    "Home": {"url": {}},
    "Files": {"files": {}},
    "ID": {"unique_id": {"prefix": "T"}},
    "Where": {"place": {}},
    "Sum": {"formula": {"expression": 'prop("Score") + 1'}},
}


class World:
    """A gateway with a database and a row, and bodies that are right."""

    def __init__(self) -> None:
        self.ids = IdSource(1)
        self.store = Store()
        clock = SandboxClock()
        self.doors = seed(self.store, self.ids, clock.milliseconds())
        self.gateway = Gateway(Workspace(self.store, self.ids, clock, self.doors, RateLimit(None)))
        made = self.send("POST", "databases", self.create())
        self.database, self.source = made["id"], made["data_sources"][0]["id"]
        related = {"relation": {"data_source_id": self.source, "dual_property": {}}}
        self.send("PATCH", f"data_sources/{self.source}", {"properties": {"Rel": related}})
        rolled = {"relation_property_name": "Rel", "rollup_property_name": "Score", "function": "sum"}
        self.send("PATCH", f"data_sources/{self.source}", {"properties": {"Roll": {"rollup": rolled}}})
        self.page = self.send("POST", "pages", {"parent": {"data_source_id": self.source}})["id"]
        self.user = self.send("GET", "users/me")["id"]

    def create(self) -> Any:
        return {
            "parent": {"type": "page_id", "page_id": self.doors.parent_page_id},
            "title": [{"text": {"content": "T"}}],
            "icon": {"emoji": "🔥"},
            "initial_data_source": {"properties": SCHEMA},
        }

    def answer(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.doors.token}", "notion-version": "2026-03-11"}
        raw = b"" if body is None else orjson.dumps(body)
        answered = self.gateway.handle(Request(method, f"/v1/{path}", "", headers, raw))
        return answered.status, orjson.loads(answered.body)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.answer(method, path, body)
        assert status == 200, answer
        return answer

    def values(self) -> Any:
        text = [
            {
                "type": "text",
                "text": {"content": "t", "link": {"url": "https://e.com"}},
                "annotations": {"bold": True},
            }
        ]
        mention = [{"mention": {"type": "page", "page": {"id": self.page}}}, {"equation": {"expression": "x"}}]
        return {
            "Name": {"title": text},
            "Text": {"rich_text": mention},
            "Score": {"number": 1},
            "Done": {"checkbox": True},
            "Day": {"date": {"start": "2026-01-01T10:00:00", "end": "2026-01-02T10:00:00", "time_zone": "UTC"}},
            "Tier": {"select": {"name": "gold"}},
            "Tags": {"multi_select": [{"name": "a"}]},
            "State": {"status": {"name": "Done"}},
            "Owner": {"people": [{"id": self.user}]},
            "Home": {"url": "https://e.com"},
            "Files": {"files": [{"name": "f", "external": {"url": "https://e.com"}}]},
            "Where": {"place": {"lat": 1, "lon": 2}},
            "Rel": {"relation": [{"id": self.page}]},
        }

    def right_bodies(self) -> list[tuple[str, str, Any]]:
        filters = [
            {"property": "Text", "rich_text": {"equals": "x"}},
            {"property": "Score", "number": {"greater_than": 1}},
            {"property": "Day", "date": {"on_or_after": "2026-01-01"}},
            {"property": "Day", "date": {"past_week": {}}},
            {"property": "Tier", "select": {"equals": "gold"}},
            {"property": "Rel", "relation": {"contains": self.page}},
            {"property": "Sum", "formula": {"number": {"equals": 1}}},
            {"property": "Roll", "rollup": {"number": {"equals": 1}}},
            {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-01-01T00:00:00Z"}},
        ]
        sorts = [
            {"property": "Score", "direction": "ascending"},
            {"timestamp": "created_time", "direction": "descending"},
        ]
        typed = {name: {"type": next(iter(entry)), **entry} for name, entry in SCHEMA.items()}
        block = {"type": "paragraph", "paragraph": {"rich_text": [{"text": {"content": "p"}}], "color": "red"}}
        table = {"type": "table", "table": {"table_width": 1, "children": [{"table_row": {"cells": [[]]}}]}}
        query = f"data_sources/{self.source}/query"
        after = {"type": "after_block", "after_block": {"id": self.page}}
        return [
            ("POST", "databases", self.create()),
            ("PATCH", f"databases/{self.database}", {"title": [{"text": {"content": "T"}}], "in_trash": False}),
            ("PATCH", f"data_sources/{self.source}", {"properties": {**typed, "Score": {"name": "Points"}}}),
            (
                "POST",
                "pages",
                {
                    "parent": {"type": "data_source_id", "data_source_id": self.source},
                    "properties": {name: {"type": next(iter(v)), **v} for name, v in self.values().items()},
                    "children": [block],
                    "icon": {"type": "emoji", "emoji": "x"},
                },
            ),
            ("PATCH", f"pages/{self.page}", {"properties": self.values(), "icon": None, "in_trash": False}),
            ("PATCH", f"blocks/{self.page}/children", {"children": [block, table], "position": after}),
            ("POST", "search", {"query": "T", "filter": {"property": "object", "value": "page"}, "page_size": 5}),
            ("POST", "comments", {"parent": {"page_id": self.page}, "rich_text": [{"text": {"content": "c"}}]}),
            *[("POST", query, {"filter": {"and": [each]}, "sorts": sorts}) for each in filters],
        ]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container and key inside a value."""
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found.append((value, key))
        found += places(inner)
    return found


@pytest.mark.parametrize("number", range(17))
def test_bent_bodies(number: int) -> None:
    world, chance = World(), random.Random(number)
    method, path, right = world.right_bodies()[number]
    for _ in range(300):
        body = copy.deepcopy(right)
        for _ in range(chance.choice((1, 1, 2))):
            holder, key = chance.choice(places(body))
            act = chance.random()
            if act < 0.75:
                holder[key] = copy.deepcopy(chance.choice(JUNK))
            elif isinstance(holder, dict):
                holder[f"{key}?"] = holder.pop(key)
            else:
                holder.extend(copy.deepcopy(holder))
        status, answer = world.answer(method, path, body)
        assert status in (200, 400, 404), answer
        if status == 200 and chance.random() < 0.2:
            world.answer("PATCH", f"databases/{world.database}", {"in_trash": False})


@pytest.mark.parametrize("junk", ["null", "[]", "1", '"x"', "{", "\xff", '{"a":"\\ud800"}'])
def test_bodies_that_are_no_object(junk: str) -> None:
    world = World()
    headers = {"authorization": f"Bearer {world.doors.token}", "notion-version": "2026-03-11"}
    request = Request("POST", "/v1/search", "", headers, junk.encode("latin-1"))
    assert world.gateway.handle(request).status == 400


@pytest.mark.parametrize(
    "path", ["", "/", "//", "%", "%00", "pages/%2e%2e", "users/me/", "pages//properties/", "é".encode().hex()]
)
def test_strange_addresses(path: str) -> None:
    assert World().answer("GET", path)[0] in (200, 400, 404)
