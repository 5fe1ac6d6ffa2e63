"""The console's life: started on a free port of this machine, stopped with its block."""

from __future__ import annotations

import ipaddress
from types import TracebackType

from sync_engine.bootstrap import App
from sync_engine.errors import ConfigurationError
from sync_engine.serving import HttpServer
from sync_engine.web.application import application
from sync_engine.web.site import Site


class Console:
    """A running console. `url` is its address; leaving the block stops it."""

    def __init__(self, site: Site, server: HttpServer) -> None:
        self._site = site
        self._server = server
        self.url = server.url

    @classmethod
    def start(cls, app: App, port: int = 0, host: str = "127.0.0.1") -> Console:
        """Start and return when pages are served; port 0 takes a free one.

        Raises ConfigurationError for a host other than loopback, and when the port is taken.
        """
        if not is_loopback(host):
            raise ConfigurationError(
                f"the console does not listen on {host}: whoever reaches it can change both sides",
                hint="use 127.0.0.1, and an SSH tunnel from elsewhere",
            )
        site = Site(app)
        server = HttpServer(application(site), host, port, "console", server_header=False)
        server.start()
        return cls(site, server)

    def close(self) -> None:
        """Stop serving; a pass that is under way is given a moment to end."""
        self._server.stop()
        self._site.jobs.close()

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
