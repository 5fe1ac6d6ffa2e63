"""`sandbox serve`: the local Notion alone, until it is told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import orjson

from sync_engine.sandbox.sandbox import DEFAULT_BUDGET, Sandbox

_DELIVER_EVERY = 1.0
"""Seconds between deliveries of webhooks, when an address is subscribed."""


def serve(
    port: int = 0,
    data: Path | str | None = None,
    chaos: int | None = None,
    requests_per_minute: int | None = DEFAULT_BUDGET,
    json_output: bool = False,
) -> None:
    """Run until SIGTERM or SIGINT, then stop cleanly and return. Must be called in the main thread.

    The first line on stdout, when ready, is `{"url", "token", "person_token", "parent_page_id"}` with
    `json_output`, else a few readable lines. Raises ConfigurationError when port or file cannot be used.
    """
    stop = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with Sandbox.start(port, data, requests_per_minute, chaos=chaos) as sandbox:
            sys.stdout.write(_ready(sandbox, json_output))
            sys.stdout.flush()
            while not stop.wait(_DELIVER_EVERY):
                sandbox.deliver_webhooks()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ready(sandbox: Sandbox, json_output: bool) -> str:
    doors = {
        "url": sandbox.url,
        "token": sandbox.token,
        "person_token": sandbox.person_token,
        "parent_page_id": sandbox.parent_page_id,
    }
    if json_output:
        return orjson.dumps(doors).decode() + "\n"
    return (
        f"Local Notion on {sandbox.url} (open it in a browser to edit as a person; stop with Ctrl-C)\n"
        f"  NOTION_API_URL={sandbox.url}\n"
        f"  NOTION_TOKEN={sandbox.token}\n"
        f"  NOTION_PARENT_PAGE_ID={sandbox.parent_page_id}\n"
        f"  a person's token: {sandbox.person_token}\n"
    )
