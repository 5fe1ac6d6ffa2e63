"""The whole web application: the API, the control endpoints and the page for people."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount

from sync_engine.sandbox.connections import Connections
from sync_engine.sandbox.control import control_routes
from sync_engine.sandbox.gateway import Gateway
from sync_engine.sandbox.httpapi import HttpApi
from sync_engine.sandbox.web.pages import WebPages
from sync_engine.sandbox.workspace import Workspace

HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
"""Host headers that are answered, so that no other name can be pointed at this server."""


def build_app(workspace: Workspace, connections: Connections) -> Starlette:
    """Return the application over a workspace."""
    routes: list[BaseRoute] = [
        Mount("/v1", app=HttpApi(Gateway(workspace), connections)),
        *control_routes(workspace),
        *WebPages(workspace).routes(),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)])
