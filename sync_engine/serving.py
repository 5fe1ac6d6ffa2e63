"""One web application on one port: uvicorn in a thread, on a free port when asked, with a clean stop."""

from __future__ import annotations

import socket
import threading
from typing import Any

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
    """A server of one application. `port` is the real one, also when 0 was asked for."""

    def __init__(self, app: ASGIApp, host: str, port: int, what: str, **options: Any) -> None:
        """Bind, so that a taken port is told at once. `what` names it to people, `options` are uvicorn's.

        Raises ConfigurationError.
        """
        self._what = what
        self._socket = _bound(host, port, what)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.port}"
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            **options,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name=f"{what} http", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Start and return when requests are answered. Raises ConfigurationError."""
        self._thread.start()
        if not self._server.listening.wait(_START_WITHIN):
            raise ConfigurationError(f"the {self._what} did not start on {self.url}")

    def stop(self) -> None:
        """Stop and return when the port is free."""
        self._server.should_exit = True
        self._thread.join(_START_WITHIN)
        self._socket.close()


def _bound(host: str, port: int, what: str) -> socket.socket:
    """Return a bound socket; asyncio turns Nagle off only when the protocol is named (40 ms an answer)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise ConfigurationError(
            f"the {what} cannot listen on {host}:{port}: {error.strerror}",
            hint="choose another port with --port, or 0 for a free one",
        ) from error
    return made
