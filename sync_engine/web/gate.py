"""The gate in front of every page: which host names and request sizes are let in, and the protective headers."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Host names that are answered, so that no other name can be pointed at this server (DNS rebinding)."""

MAX_BODY = 8_000_000
"""Bytes of the largest form: a cell of a few million characters."""

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """Wraps the application; answers also its error pages with the headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = _refusal(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, dressed)


def _refusal(method: str, headers: Headers) -> PlainTextResponse | None:
    host = _name(headers.get("host", ""))
    if host not in HOSTS:
        return PlainTextResponse("This console answers only as 127.0.0.1 or localhost.", 421)
    if method in ("GET", "HEAD"):
        return None
    if method != "POST":
        return PlainTextResponse("This console knows GET and POST.", 405)
    size = headers.get("content-length", "")
    if not size.isdigit() or int(size) > MAX_BODY:
        return PlainTextResponse(f"A form can have {MAX_BODY:,} bytes at most.", 413)
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
