"""The whole web application: the API, the control endpoints and the page for people."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from sync_engine.sandbox.connections import Connections
from sync_engine.sandbox.control import control_routes
from sync_engine.sandbox.gateway import Gateway
from sync_engine.sandbox.httpapi import HttpApi
from sync_engine.sandbox.web.pages import WebPages
from sync_engine.sandbox.workspace import Workspace

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
"""Host names under which control and page answer, so that no other name can be pointed at this server."""


class FrontDoor:
    """Sends API requests straight to the API, which has its own guard (the token), the rest to Starlette."""

    def __init__(self, api: ASGIApp, others: ASGIApp) -> None:
        self._api = api
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        of_api = scope["type"] == "http" and scope["path"].startswith("/v1/")
        await (self._api if of_api else self._others)(scope, receive, send)


def build_app(workspace: Workspace, connections: Connections) -> ASGIApp:
    """Return the application over a workspace."""
    guarded = [Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)]
    routes = [*control_routes(workspace), *WebPages(workspace).routes()]
    return FrontDoor(HttpApi(Gateway(workspace), connections), Starlette(routes=routes, middleware=guarded))
