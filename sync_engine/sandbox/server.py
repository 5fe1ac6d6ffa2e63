"""uvicorn in a thread, on a free port when asked, with a clean stop."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from sync_engine.errors import ConfigurationError
from sync_engine.sandbox.connections import Connections

_START_WITHIN = 20
"""Seconds a start may take before it counts as failed."""


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """A running server. `port` is the real one, also when 0 was asked for."""

    def __init__(self, app: ASGIApp, connections: Connections, host: str, port: int) -> None:
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            app,
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="sandbox-http", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Start and return when requests are answered."""
        self._thread.start()
        if not self._server.listening.wait(_START_WITHIN):
            raise ConfigurationError(f"the sandbox did not start on {self.host}:{self.port}")

    def stop(self) -> None:
        """Stop and return when the port is free."""
        self._server.should_exit = True
        self._thread.join(_START_WITHIN)
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    """Return a bound socket; asyncio turns Nagle off only when the protocol is named (40 ms an answer)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigurationError(
            f"the sandbox cannot listen on {host}:{port}: {error.strerror}",
            hint="choose another port with --port, or 0 for a free one",
        ) from error
    return made
