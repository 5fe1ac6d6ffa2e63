"""`serve`: the console for this machine, and beside it what the world may reach."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sync_engine.bootstrap import App
from sync_engine.serving import HttpServer
from sync_engine.web.application import application
from sync_engine.web.console import is_loopback
from sync_engine.web.health import Health
from sync_engine.web.site import Site
from sync_engine.web.webhooks import Webhooks

WEBHOOKS, HEALTH, METRICS = "/webhooks/notion", "/healthz", "/metrics"


class Service:
    """A running service. `url` is its address; leaving the block stops it."""

    def __init__(self, app: App, host: str, port: int, show: Callable[[str], None] | None = None) -> None:
        """Start; port 0 takes a free one. On a host other than loopback the console is left out: whoever reaches
        it can change both sides. Raises ConfigurationError when the port is taken."""
        notion = app.settings.notion
        max_age = timedelta(hours=notion.webhook_max_age_hours)
        self.webhooks = Webhooks(app.database, app.clock, notion.webhook_token.value, max_age, show)
        self._site = Site(app) if is_loopback(host) else None
        console = application(self._site) if self._site else _no_console
        beside = _beside(public(app, self.webhooks), console)
        self._server = HttpServer(beside, host, port, "console", server_header=False)
        self._server.start()
        self.url = self._server.url

    @property
    def has_console(self) -> bool:
        """Whether the console is served as well."""
        return self._site is not None

    def close(self) -> None:
        """Stop serving."""
        self._server.stop()
        if self._site is not None:
            self._site.jobs.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def public(app: App, webhooks: Webhooks) -> ASGIApp:
    """What may be reached under any host name, for example through a proxy or a tunnel."""
    health = Health(app, webhooks)
    return Starlette(
        routes=[
            Route(WEBHOOKS, webhooks.endpoint, methods=["POST"]),
            Route(HEALTH, health.healthz),
            Route(METRICS, health.metrics),
        ]
    )


def _beside(outside: ASGIApp, console: ASGIApp) -> ASGIApp:
    """The few public addresses go past the console's gate, which answers to names of this machine only."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        inner = outside if scope.get("path") in (WEBHOOKS, HEALTH, METRICS) else console
        await inner(scope, receive, send)

    return app


async def _no_console(scope: Scope, receive: Receive, send: Send) -> None:
    words = "The console is served on the loopback address only: sync-engine serve --host 127.0.0.1\n"
    await PlainTextResponse(words, 404)(scope, receive, send)
