"""The open TCP connections, so that a fault can cut the one a request came over."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """Transports by the client's address."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return the HTTP protocol that keeps this registry up to date."""
        opened = self._open

        class Registered(H11Protocol):
            """uvicorn's protocol, known to the registry while its connection lives."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                opened[_address(transport)] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                opened.pop(_address(self.transport), None)
                super().connection_lost(exc)

        return Registered

    async def cut(self, scope: Scope, receive: Receive) -> None:
        """Reset the connection of a request and wait until it is gone."""
        transport = self._open.get(tuple(scope["client"]))
        if transport is None:
            return
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue


def _address(transport: asyncio.BaseTransport) -> tuple[str, int]:
    host, port, *_ = transport.get_extra_info("peername") or ("", 0)
    return cast(str, host), cast(int, port)
