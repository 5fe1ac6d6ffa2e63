"""The Starlette application: routes, and the pages of what went wrong."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sync_engine.errors import (
    BrakeEngaged,
    ConfigurationError,
    ConstraintRejected,
    DatabaseUnavailable,
    LockHeld,
    NotionError,
    NotSetUp,
    SyncEngineError,
    UsageError,
)
from sync_engine.web.gate import Gate
from sync_engine.web.pages import conflicts, history, jobs, overview, runs, tables
from sync_engine.web.site import Site

_STATIC = Path(__file__).parent / "static"

_SAID: tuple[tuple[type[SyncEngineError], int, str], ...] = (
    (LockHeld, 409, "Something else is at work"),
    (BrakeEngaged, 409, "Stopped by the mass-change brake"),
    (NotSetUp, 409, "Not set up yet"),
    (UsageError, 404, "That cannot be done"),
    (ConfigurationError, 500, "The configuration cannot be used"),
    (ConstraintRejected, 400, "Postgres cannot take this"),
    (DatabaseUnavailable, 503, "Postgres cannot be reached"),
    (NotionError, 502, "Notion said no"),
)
"""Status and title by class of error; the first that fits."""

_HTTP: dict[int, tuple[str, str, str]] = {
    403: ("This form was refused", "", "go back, load the page again, and repeat what you did there"),
    404: ("Not here", "there is no page at this address", "begin at the overview"),
    405: ("Not here", "this address takes forms only", "begin at the overview"),
}


def application(site: Site) -> ASGIApp:
    """The console as an ASGI application."""
    pages = (overview, tables, conflicts, history, runs, jobs)
    routes = [route for page in pages for route in page.routes(site)]

    def failed(request: Request, error: Exception) -> Response:
        if not isinstance(error, SyncEngineError):
            return _page(site, request, 500, ("Something went wrong", str(error), ""))
        status, title = _told(error)
        status = 400 if status == 404 and request.method == "POST" else status
        return _page(site, request, status, (title, error.message, error.hint))

    def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else ""
        title, what, mend = _HTTP.get(status, ("This did not work", detail, ""))
        return _page(site, request, status, (title, what or detail, mend))

    def unforeseen(request: Request, _error: Exception) -> Response:
        what = "the console met an error that nobody foresaw"
        mend = "its log has the trace; please report it with what you did"
        return _page(site, request, 500, ("Something went wrong", what, mend))

    app = Starlette(
        routes=[*routes, Mount("/static", StaticFiles(directory=_STATIC))],
        exception_handlers={SyncEngineError: failed, HTTPException: refused, Exception: unforeseen},
    )
    return Gate(app)


def _told(error: SyncEngineError) -> tuple[int, str]:
    for kind, status, title in _SAID:
        if isinstance(error, kind):
            return status, title
    return 500, "This did not work"


def _page(site: Site, request: Request, status: int, told: tuple[str, str, str]) -> Response:
    title, what, mend = told
    where = f"{request.method} {request.url.path}"
    view = {"title": title, "what": what, "mend": mend, "where": where, "back": _back(request)}
    return site.show(request, "error.html", view, status)


def _back(request: Request) -> str:
    """The page that the request came from, when it is one of ours."""
    came = request.headers.get("referer", "")
    base = str(request.base_url)
    return "/" + came.removeprefix(base) if came.startswith(base) else "/"
