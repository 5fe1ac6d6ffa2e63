"""What every page shares: the installation, the templates, the forms' guard and the jobs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from sync_engine.bootstrap import App
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.context import Context
from sync_engine.errors import NotSetUp, SyncEngineError
from sync_engine.web import shown
from sync_engine.web.forms import SESSION, Guard
from sync_engine.web.jobs import Job, Jobs

WHO = "console"
"""In whose name the console edits."""

_FOLDER = Path(__file__).parent


class Site:
    """One console over one installation."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.guard = Guard()
        self.jobs = Jobs(app.ids.new_id)
        self._lock = threading.Lock()
        environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(shown.FILTERS)
        environment.filters["ago"] = lambda moment: shown.ago(moment, app.clock.now())
        environment.globals["address"] = address
        self._templates = Jinja2Templates(env=environment)

    def context(self) -> Context:
        """The installation as it is now. Raises NotSetUp, and what opening it raises.

        The app builds it once; a console that was opened before `setup`, or before somebody altered a table, finds
        out here.
        """
        with self._lock:
            if not self.app.database.is_set_up():
                raise NotSetUp("the engine schema is not in this database", hint="run `sync-engine setup`")
            context = self.app.context
            with self.app.database.transaction() as uow:
                fits = uow.rows.fingerprint(context.mappings) == context.fingerprint
            if fits and all(_is_registered(mapping) for mapping in context.mappings):
                return context
            return self.app.remapped()

    @property
    def requests_per_minute(self) -> int | None:
        """Notion's budget for this connection."""
        return self.app.settings.notion.requests_per_minute

    def notion_address(self, database_id: str) -> str:
        """Where a person opens a database of Notion (or of a local one); empty when that is not known."""
        api = self.app.settings.notion.api_url
        if not database_id:
            return ""
        if urlsplit(api).hostname == "api.notion.com":
            return f"https://www.notion.so/{database_id.replace('-', '')}"
        local = urlsplit(api).hostname in ("127.0.0.1", "localhost", "::1")
        return f"{api.rstrip('/')}/database/{database_id}" if local else ""

    def show(self, request: Request, template: str, view: Mapping[str, object], status: int = 200) -> Response:
        """A page."""
        session = self.guard.session(request)
        query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
        common: dict[str, object] = {
            "token": self.guard.token(session),
            "here": request.url.path + query if request.method == "GET" else "/",
            "job": self.jobs.running,
        }
        page = self._templates.TemplateResponse(request, template, {**common, **view}, status_code=status)
        page.set_cookie(SESSION, session, httponly=True, samesite="strict")
        return page

    def after(self, job: Job) -> Response:
        """Where the browser goes after a form has started a job. Raises the job's error."""
        if job.error is not None:
            raise job.error
        if job.finished.is_set() and job.result is None:
            raise SyncEngineError(f"{job.title} met an unexpected error", hint="the console's log has its trace")
        return see(job.result.address if job.result is not None else address("jobs", job.id))


def _is_registered(mapping: TableMapping) -> bool:
    return bool(mapping.id and mapping.data_source_id)


def see(where: str) -> Response:
    """Send the browser to a page of this console after a form."""
    return RedirectResponse(where, 303)


def address(*parts: str, **query: str | None) -> str:
    """The address of a page; parameters that are None or empty are left out."""
    path = "/" + "/".join(shown.path_part(part) for part in parts)
    asked = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{asked}" if asked else path


def with_query(where: str, **query: str) -> str:
    """An address of this console with other parameters."""
    path, _, rest = where.partition("#")[0].partition("?")
    kept = shown.query_of(rest)
    for name in ("ran", "saved"):
        kept.pop(name, None)
    asked = urlencode({**kept, **query})
    return f"{path}?{asked}" if asked else path
