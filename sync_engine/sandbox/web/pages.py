"""The routes of the page for people; every change goes through the API's own endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from sync_engine.sandbox.access import page_of, source_of
from sync_engine.sandbox.api import pages
from sync_engine.sandbox.apierrors import ApiError, invalid
from sync_engine.sandbox.call import Actor, Call
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Database, DataSource, Page, Token
from sync_engine.sandbox.properties.schema import source_name
from sync_engine.sandbox.seed import people
from sync_engine.sandbox.web.cells import editor_of
from sync_engine.sandbox.web.forms import Fields, value_of
from sync_engine.sandbox.web.guard import PERSON, Guard
from sync_engine.sandbox.web.tables import listed_databases, table_of
from sync_engine.sandbox.webhooks.events import Event
from sync_engine.sandbox.workspace import Workspace

_PACKAGE = Path(__file__).parent.parent
Handler = Callable[[Request], Awaitable[Response]]


class WebPages:
    """The pages over one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._space = workspace
        self._guard = Guard()
        self._templates = Jinja2Templates(directory=_PACKAGE / "templates")

    def routes(self) -> list[BaseRoute]:
        """Return the Starlette routes."""
        return [
            Route("/", self._home),
            Route("/person", self._choose_person, methods=["POST"]),
            Route("/database/{database_id}", self._database),
            Route("/cell", self._changing(self._edit), methods=["POST"]),
            Route("/row", self._changing(self._add), methods=["POST"]),
            Route("/trash", self._changing(self._trash), methods=["POST"]),
            Mount("/static", StaticFiles(directory=_PACKAGE / "static")),
        ]

    async def _home(self, request: Request) -> Response:
        with self._space.lock:
            call = self._call(request)
            return self._shown(request, "home.html", {"groups": listed_databases(call)})

    async def _database(self, request: Request) -> Response:
        with self._space.lock:
            call = self._call(request)
            database = call.store.find(Database, request.path_params["database_id"])
            if database is None or not database.data_sources:
                return self._shown(request, "gone.html", {}, status=404)
            asked = request.query_params
            wanted = asked.get("source", database.data_sources[0])
            source = call.store.take(
                DataSource, wanted if wanted in database.data_sources else database.data_sources[0]
            )
            trash, search = asked.get("show") == "trash", asked.get("q", "")
            number = int(asked["page"]) if asked.get("page", "").isdigit() else 1
            table = table_of(call, source, number, search, trash=trash)
            view = {
                "database": database,
                "source": source,
                "name": source_name(call, source),
                "tabs": [
                    (each, source_name(call, call.store.take(DataSource, each))) for each in database.data_sources
                ],
                "table": table,
                "trash": trash,
                "search": search,
                "editor": self._editor(call, source, asked.get("edit", "")),
                "error": asked.get("error", ""),
                "back": _without(dict(asked), "edit", "error"),
            }
            return self._shown(request, "table.html", view)

    def _editor(self, call: Call, source: DataSource, asked: str) -> object:
        page_id, _, property_id = asked.partition(":")
        page, prop = call.store.find(Page, page_id), source.properties.get(property_id)
        if page is None or prop is None or page.parent.id != source.id:
            return None
        return editor_of(call, prop, page)

    async def _choose_person(self, request: Request) -> Response:
        form = await request.form()
        if not self._guard.accepts(request, str(form.get("token", ""))):
            return Response("This form has expired. Go back and load the page again.", 403)
        response = RedirectResponse(_local(str(form.get("back", "/"))), 303)
        response.set_cookie(PERSON, str(form.get("person", "")), httponly=True, samesite="strict")
        return response

    def _changing(self, change: Callable[[Call, Fields], None]) -> Handler:
        """Wrap a change: guard, carry out as the chosen person, go back with the error if there is one."""

        async def handler(request: Request) -> Response:
            form = await request.form()
            values: dict[str, list[str]] = {}
            for name, value in form.multi_items():
                values.setdefault(name, []).append(str(value))
            fields = Fields(values)
            if not self._guard.accepts(request, fields.one("token")):
                return Response("This form has expired. Go back and load the page again.", 403)
            back = _local(fields.one("back"))
            with self._space.lock:
                error = self._carried_out(change, self._call(request), fields)
            if error:
                joint = "&" if "?" in back else "?"
                back += joint + urlencode({"error": error})
            elif fields.one("page"):
                back += "#row-" + quote(fields.one("page"))
            return RedirectResponse(back, 303)

        return handler

    def _carried_out(self, change: Callable[[Call, Fields], None], call: Call, fields: Fields) -> str:
        events: list[Event] = []

        def emit(kind: str, entity: str, entity_id: str, data: JsonObject) -> None:
            events.append(Event(kind, entity, entity_id, data, call.actor.user_id, call.now))

        call.emit = emit
        try:
            change(call, fields)
        except ApiError as error:
            call.store.rollback()
            return error.message
        if call.store.commit():
            self._space.webhooks.take(events)
        return ""

    def _edit(self, call: Call, fields: Fields) -> None:
        page = page_of(call, fields.one("page"))
        source = source_of(call, page.parent.id)
        prop = source.properties.get(fields.one("property"))
        if prop is None:
            raise invalid("This property is not there any more.")
        before = editor_of(call, prop, page)
        if prop.type in ("title", "rich_text") and before.text == fields.one("value"):
            return
        call.path, call.body = {"page_id": page.id}, {"properties": {prop.id: value_of(call, prop, fields)}}
        pages.update(call)

    def _add(self, call: Call, fields: Fields) -> None:
        title = [{"text": {"content": fields.one("title")}}]
        parent = {"data_source_id": fields.one("source")}
        call.body = {"parent": parent, "properties": {"title": {"title": title}}}
        pages.create(call)

    def _trash(self, call: Call, fields: Fields) -> None:
        call.path, call.body = {"page_id": fields.one("page")}, {"in_trash": fields.one("flag") == "true"}
        pages.update(call)

    def _call(self, request: Request) -> Call:
        space = self._space
        return Call(space.store, space.ids, Actor(self._person(request)), space.clock.milliseconds())

    def _person(self, request: Request) -> Token:
        tokens = {user.id: token for user, token in people(self._space.store)}
        chosen = request.cookies.get(PERSON, "")
        return tokens[chosen] if chosen in tokens else next(iter(tokens.values()))

    def _shown(self, request: Request, template: str, view: JsonObject, status: int = 200) -> Response:
        session = self._guard.session(request)
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        common = {
            "people": [user for user, _ in people(self._space.store)],
            "person": self._person(request).user_id,
            "token": self._guard.token(session),
            "here": address,
        }
        response = self._templates.TemplateResponse(request, template, {**common, **view}, status_code=status)
        return self._guard.dress(response, session)


def _local(address: str) -> str:
    """Return an address within this server, whatever a form said."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"


def _without(query: dict[str, str], *names: str) -> str:
    return urlencode({name: value for name, value in query.items() if name not in names})
