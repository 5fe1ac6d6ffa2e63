"""uvicorn in a thread, on a free port when asked, with a clean stop."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from sync_engine.errors import ConfigurationError

_START_WITHIN = 20
"""Seconds a start or a stop may take."""


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class HttpServer:
    """One application on one port of one host."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        """Bind, so that a taken port is told at once. Raises ConfigurationError."""
        self._socket = _bound(host, port)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}"
        self._server = _Server(
            uvicorn.Config(
                app,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._thread = threading.Thread(target=self._run, name="console-http", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Start and return when requests are answered. Raises ConfigurationError."""
        self._thread.start()
        if not self._server.listening.wait(_START_WITHIN):
            raise ConfigurationError(f"the console did not start on {self.url}")

    def stop(self) -> None:
        """Stop and return when the port is free."""
        self._server.should_exit = True
        self._thread.join(_START_WITHIN)
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigurationError(
            f"the console cannot listen on {host}:{port}: {error.strerror}",
            hint="choose another port with --port, or 0 for a free one",
        ) from error
    return made
