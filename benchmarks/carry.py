"""A whole pass: records a second both ways, and requests per changed page, against the local Notion.

    python -m benchmarks --only carry

The local Notion runs as a process of its own and shares the machine, so what says something is the number of
requests per changed page (target 1.02) and the rate against bare `POST /v1/pages` requests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psycopg

from sync_engine.adapters.embedded import EmbeddedServer
from sync_engine.bootstrap import App, open_app
from sync_engine.engine.configure.setup import setup
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.summary import PassSummary
from sync_engine.settings import load_settings

SERVE = "from sync_engine.sandbox.serve import serve; serve(0, None, None, None, json_output=True)"
CONFIG = """
version = 1
[[tables]]
name = "bench"
title = "name"
"""
SCHEMA = """
CREATE TABLE bench (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, prompt text, score numeric(10,6),
    active boolean, tags text[], meta jsonb, a integer, b integer, c text, d text, e date,
    created_at timestamptz DEFAULT now());
INSERT INTO bench (name, prompt, score, active, tags, meta, a, b, c, d, e)
SELECT 'row ' || n, repeat('x', 700), n / 7.0, true, '{a,b}', '{"a": 1}', n, n, 'c', 'd', current_date
  FROM generate_series(1, %s) n
"""


def main(*, quick: bool) -> None:
    """Print one line a kind of pass."""
    rows = 200 if quick else 2_000
    notion = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(notion.stdout.readline()) if notion.stdout else {}
        with EmbeddedServer.ephemeral() as server, tempfile.TemporaryDirectory() as folder:
            server.create_database("bench")
            url = server.url("bench")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(SCHEMA.replace("%s", str(rows)).encode())
                with _opened(url, ready, Path(folder)) as app:
                    _passes(app, connection, rows, ready)
    finally:
        notion.terminate()
        notion.wait()
        if notion.stdout:
            notion.stdout.close()


def _opened(url: str, ready: dict[str, str], folder: Path):  # type: ignore[no-untyped-def]
    (folder / "sync.toml").write_text(CONFIG)
    environment = {
        "DATABASE_URL": url,
        "NOTION_TOKEN": ready["token"],
        "NOTION_API_URL": ready["url"],
        "NOTION_PARENT_PAGE_ID": ready["parent_page_id"],
        "NOTION_REQUESTS_PER_MINUTE": "100000",
    }
    return open_app(load_settings(folder / "sync.toml", environment))


def _passes(
    app: App, connection: psycopg.Connection[tuple[object, ...]], rows: int, ready: dict[str, str]
) -> None:
    setup(app.installation)
    bare = _bare_creates(app, ready, min(rows, 300))
    first = _timed(app, "first sync: rows to pages", rows)
    print(f"  {rows / first.seconds / bare:.2f} of the rate of bare POST requests ({bare:,.0f}/s)")
    _timed(app, "nothing changed", 0)
    connection.execute("UPDATE bench SET prompt = 'changed', a = a + 1")
    changed = _timed(app, "every row changed", rows)
    polls = changed.requests["notion"] - rows
    print(
        f"  {changed.requests['notion'] / rows:.3f} requests a changed page ({polls} of them polls), target 1.02"
    )
    connection.execute("UPDATE bench SET prompt = 'first'; UPDATE bench SET prompt = 'second', b = 0;")
    collapsed = _timed(app, "two edits a row before its turn", rows)
    print(f"  {collapsed.requests['notion'] / rows:.3f} requests a changed page")
    edited = min(rows, 500)
    _edit_pages(app, ready, edited)
    _timed(app, "pages edited by a person", edited)


def _timed(app: App, what: str, records: int) -> PassSummary:
    begun = time.perf_counter()
    summary = sync(app.context, SyncOptions())
    summary.seconds = time.perf_counter() - begun
    applied = sum(summary.total.applied.values())
    rate = f"{records / summary.seconds:>8,.0f} records/s" if records else " " * 18
    print(f"{what:<34}{summary.seconds:>8.2f} s{rate}   {applied} written, {summary.requests['notion']} requests")
    return summary


def _client(ready: dict[str, str]) -> httpx.Client:
    headers = {"Authorization": f"Bearer {ready['person_token']}", "Notion-Version": "2026-03-11"}
    return httpx.Client(base_url=f"{ready['url']}/v1", headers=headers)


def _bare_creates(app: App, ready: dict[str, str], count: int) -> float:
    """Pages a second by nothing but requests, into a database of their own."""
    with _client(ready) as client:
        made = client.post(
            "/databases",
            json={
                "parent": {"type": "page_id", "page_id": ready["parent_page_id"]},
                "title": [{"text": {"content": "bare"}}],
                "initial_data_source": {"properties": {"Name": {"title": {}}, "Text": {"rich_text": {}}}},
            },
        ).json()
        parent = {"type": "data_source_id", "data_source_id": made["data_sources"][0]["id"]}
        text = [{"text": {"content": "x" * 700}}]
        begun = time.perf_counter()
        for number in range(count):
            title = [{"text": {"content": f"row {number}"}}]
            body = {"parent": parent, "properties": {"Name": {"title": title}, "Text": {"rich_text": text}}}
            client.post("/pages", json=body).raise_for_status()
        return count / (time.perf_counter() - begun)


def _edit_pages(app: App, ready: dict[str, str], count: int) -> None:
    source = app.context.mapping("bench").data_source_id
    with _client(ready) as client:
        cursor: dict[str, str] = {}
        edited = 0
        while edited < count:
            page = client.post(f"/data_sources/{source}/query", json={"page_size": 100, **cursor}).json()
            for item in page["results"][: count - edited]:
                text = {"rich_text": [{"text": {"content": "by a person"}}]}
                client.patch(f"/pages/{item['id']}", json={"properties": {"Prompt": text}}).raise_for_status()
                edited += 1
            cursor = {"start_cursor": page["next_cursor"]} if page["has_more"] else {}


if __name__ == "__main__":
    main(quick=False)
