"""Mentions inside rich text: stored as ids, shown with the name the target has now."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Database, Page
from sync_engine.sandbox.usershapes import person_value


def runs_out(call: Call, runs: list[Json]) -> list[Json]:
    """Return runs as shown; texts and equations are stored in their shown form already."""
    if all(run["type"] != "mention" for run in runs):
        return runs
    return [_mention_out(call, run) if run["type"] == "mention" else run for run in runs]


def _mention_out(call: Call, run: JsonObject) -> JsonObject:
    mention = run["mention"]
    kind = mention["type"]
    text, href = run["plain_text"], run["href"]
    if kind == "user":
        user = person_value(call, mention["user"]["id"])
        mention = {"type": "user", "user": user}
        text = f"@{user.get('name') or 'Anonymous'}"
    elif kind == "page":
        page = call.store.find(Page, mention["page"]["id"])
        text, href = _page_name(page), f"https://www.notion.so/{_hex(mention['page']['id'])}"
    elif kind in ("database", "data_source"):
        database = call.store.find(Database, mention[kind]["id"])
        text = _joined(database.title) if database else "Untitled"
        href = f"https://www.notion.so/{_hex(mention[kind]['id'])}"
    elif kind == "date":
        date = mention["date"]
        text = date["start"] + (f" → {date['end']}" if date["end"] else "")
    return {**run, "mention": mention, "plain_text": text, "href": href}


def _page_name(page: Page | None) -> str:
    return (_joined(page.values.get("title") or []) if page else "") or "Untitled"


def _joined(runs: list[Json]) -> str:
    return "".join(run["plain_text"] for run in runs)


def _hex(object_id: str) -> str:
    return object_id.replace("-", "")
