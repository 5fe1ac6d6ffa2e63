"""Requests per second of the local Notion with 20,000 pages in a file, over HTTP, one client.

    python -m benchmarks --only sandbox_throughput

The server runs as its own process, as
`sandbox serve` does; the client shares the machine. Prints one line per kind of request and a mixed line,
with the ratio to the target of 300 requests a second.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

TARGET = 300
SERVE = (
    "import sys; from sync_engine.sandbox.serve import serve; serve(0, sys.argv[1], None, None, json_output=True)"
)
SCHEMA: dict[str, Any] = {
    "Name": {"title": {}},
    "Key": {"rich_text": {}},
    "Text": {"rich_text": {}},
    "Score": {"number": {}},
    "Done": {"checkbox": {}},
    "Tier": {"select": {"options": [{"name": name} for name in ("gold", "silver", "bronze")]}},
    "Tags": {"multi_select": {"options": [{"name": f"tag {n}"} for n in range(8)]}},
    "Day": {"date": {}},
    "Home": {"url": {}},
    "Owner": {"people": {}},
}


class Client:
    """A connection that keeps its socket open."""

    def __init__(self, doors: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {doors['token']}", "Notion-Version": "2026-03-11"}
        self.http = httpx.Client(base_url=f"{doors['url']}/v1", headers=headers, timeout=60)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, path, body).json()

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request and leave the answer unread: what is measured is the server."""
        return self.http.request(method, path, json=body).raise_for_status()


def values(number: int) -> dict[str, Any]:
    text = f"Row {number}. " + "A careful sentence about this record. " * 8
    return {
        "Name": {"title": [{"text": {"content": f"Row {number}"}}]},
        "Key": {"rich_text": [{"text": {"content": f"key-{number}"}}]},
        "Text": {"rich_text": [{"text": {"content": text}}]},
        "Score": {"number": number},
        "Done": {"checkbox": number % 2 == 0},
        "Tier": {"select": {"name": ("gold", "silver", "bronze")[number % 3]}},
        "Tags": {"multi_select": [{"name": f"tag {number % 8}"}]},
        "Day": {"date": {"start": "2026-06-27T10:00:00Z"}},
        "Home": {"url": f"https://example.com/{number}"},
    }


def measured(name: str, seconds: float, act: Callable[[], Any]) -> float:
    act()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        act()
        count += 1
    rate = count / (time.perf_counter() - start)
    print(f"{name:42} {rate:8.0f} requests/s   {rate / TARGET:5.1f} x target")
    return rate


def run(pages: int, seconds: float, doors: dict[str, str]) -> None:
    client, chance = Client(doors), random.Random(1)
    made = client.send(
        "POST",
        "/databases",
        {
            "parent": {"page_id": doors["parent_page_id"]},
            "title": [{"text": {"content": "Benchmark"}}],
            "initial_data_source": {"properties": SCHEMA},
        },
    )
    source = made["data_sources"][0]["id"]
    start = time.perf_counter()
    ids = [
        client.send("POST", "/pages", {"parent": {"data_source_id": source}, "properties": values(number)})["id"]
        for number in range(pages)
    ]
    spent = time.perf_counter() - start
    print(
        f"{'create, filling to ' + format(pages, ','):42} {pages / spent:8.0f} requests/s   "
        f"{pages / spent / TARGET:5.1f} x target"
    )
    numbers, query = itertools.count(), f"/data_sources/{source}/query"
    cursor = client.send("POST", query, {"page_size": 100})["next_cursor"]
    soon = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2099-01-01T00:00:00Z"}}

    def patch() -> None:
        body = {"properties": {"Score": {"number": next(numbers)}}}
        client.ask("PATCH", f"/pages/{chance.choice(ids)}", body)

    def lookup() -> None:
        key = {"property": "Key", "rich_text": {"equals": f"key-{chance.randrange(pages)}"}}
        client.ask("POST", query, {"filter": key, "page_size": 1})

    acts: dict[str, Callable[[], Any]] = {
        "retrieve a page": lambda: client.ask("GET", f"/pages/{chance.choice(ids)}"),
        "patch one value": patch,
        "poll: last_edited_time, nothing new": lambda: client.ask("POST", query, {"filter": soon}),
        "query 100 rows by cursor": lambda: client.ask("POST", query, {"start_cursor": cursor}),
        "look up one row by its key": lookup,
        "retrieve a data source": lambda: client.ask("GET", f"/data_sources/{source}"),
    }
    for name, act in acts.items():
        measured(name, seconds, act)
    turn = itertools.cycle(acts.values())
    measured("all of them in turn", seconds * 2, lambda: next(turn)())


def main(*, quick: bool) -> None:
    """Print requests a second by kind."""
    pages, seconds = (500, 0.3) if quick else (20_000, 3.0)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "sandbox.db"
        server = subprocess.Popen([sys.executable, "-c", SERVE, str(data)], stdout=subprocess.PIPE, text=True)
        try:
            run(pages, seconds, json.loads(server.stdout.readline() if server.stdout else "{}"))
        finally:
            server.terminate()
            server.wait(20)
        print(f"data file: {data.stat().st_size / 1e6:.0f} MB; server left with exit code {server.returncode}")


if __name__ == "__main__":
    main(quick=False)
