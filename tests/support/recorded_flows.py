"""Recorded flows: the exchanges of one recording session, in order, and what they need to exist before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[3] / "shared" / "notion-recorded"
FILES = ("ultimate-notion.jsonl", "notion-sdk-py.jsonl", "errors.jsonl")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


@dataclass(frozen=True)
class Exchange:
    """One request and what the real service answered."""

    method: str
    path: str
    query: str
    version: str
    request: Any
    status: int
    response: Any
    endpoint: str


@dataclass(frozen=True)
class Flow:
    """The exchanges of one recording session."""

    name: str
    exchanges: tuple[Exchange, ...]


def flows() -> Iterator[Flow]:
    """Return all recorded flows, one for each recording file and run."""
    gathered: dict[tuple[str, str], list[Exchange]] = {}
    for name in FILES:
        for line in (RECORDED / name).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            path, _, query = entry["path"].partition("?")
            exchange = Exchange(
                entry["method"] or "",
                path,
                query,
                entry["notion_version"] or "",
                entry["request"],
                entry["status"],
                entry["response"],
                entry["endpoint"],
            )
            origin = "" if name == "errors.jsonl" else entry["origin"]
            gathered.setdefault((entry["source"], origin), []).append(exchange)
    for (source, origin), exchanges in gathered.items():
        yield Flow(f"{source} {origin}".strip(), tuple(exchanges))


def undashed(value: str) -> str:
    """Return an id without its dashes."""
    return value.replace("-", "")


def dashed(value: str) -> str:
    """Return an id with its dashes."""
    plain = undashed(value)
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


def ids_in(text: str) -> set[str]:
    """Return every id in a text, dashed."""
    return {dashed(found) for found in _UUID.findall(text)}
