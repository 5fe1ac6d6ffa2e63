"""The API over ASGI: reads a request, asks the gateway, sends the answer or cuts the connection."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from sync_engine.sandbox.connections import Connections
from sync_engine.sandbox.gateway import Answer, Gateway, Request

_READ_AT_MOST = 22_000_000
"""Bytes of a body that are kept; a part of an upload has up to 20 MB."""


class HttpApi:
    """The ASGI application under `/v1`."""

    def __init__(self, gateway: Gateway, connections: Connections) -> None:
        self._gateway = gateway
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await _read(scope, receive)
        if request is None:
            return
        answer = self._gateway.handle(request)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.drop:
            await self._connections.cut(scope, receive)
        else:
            await _send(answer, send)


async def _read(scope: Scope, receive: Receive) -> Request | None:
    """Read the whole body; None when the client went away."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size <= _READ_AT_MOST:
            pieces.append(piece)
        if not message.get("more_body", False):
            break
    return Request(
        method=scope["method"],
        path=scope.get("raw_path", scope["path"].encode()).decode("ascii", "replace"),
        query=scope["query_string"].decode("ascii", "replace"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"".join(pieces),
    )


async def _send(answer: Answer, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
