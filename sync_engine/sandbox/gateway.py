"""The way of a request through the local Notion: fault, token, budget, version, route, body, endpoint, log.

Pure of HTTP: it takes what a server read and returns what the server shall send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson

from sync_engine.sandbox.access import visible
from sync_engine.sandbox.apierrors import (
    ApiError,
    invalid,
    invalid_json,
    invalid_url,
    unauthorized,
)
from sync_engine.sandbox.call import VERSIONS, Actor, Call
from sync_engine.sandbox.faults import BAD_GATEWAY_HTML, DROPS, Fault, error_of
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Token
from sync_engine.sandbox.multipart import file_of
from sync_engine.sandbox.requestlog import Logged
from sync_engine.sandbox.routes import Route, all_routes
from sync_engine.sandbox.validation import shown
from sync_engine.sandbox.webhooks.events import Event
from sync_engine.sandbox.workspace import Workspace

LARGEST_BODY = 500_000
"""Bytes of a request body (documented: 500 KB; the error text is UNVERIFIED)."""

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as read from the wire. `path` is raw (percent-encoded) and starts with `/v1/`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send. `drop`: cut the connection instead. `delay`: seconds to wait first."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    delay: float = 0


@dataclass(slots=True)
class Journey:
    """What became known of a request on its way; the log is written from it."""

    request: Request
    request_id: str
    fault: Fault | None = None
    token: Token | None = None
    body: JsonObject = field(default_factory=dict)
    code: str | None = None
    committed: bool = False
    events: list[Event] = field(default_factory=list)


class Gateway:
    """Answers requests, one at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._routes = all_routes()

    def handle(self, request: Request) -> Answer:
        """Answer one request and log it."""
        with self.workspace.lock:
            journey = Journey(request, self.workspace.ids.uuid())
            answer = self._answer(journey)
            self._log(journey, answer)
            if journey.committed:
                self.workspace.webhooks.take(journey.events)
            return answer

    def _answer(self, journey: Journey) -> Answer:
        try:
            self._begin(journey)
            result = self._run(journey)
            return self._finish(journey, result)
        except ApiError as error:
            return self._failure(journey, error)
        finally:
            self.workspace.store.rollback()

    def _begin(self, journey: Journey) -> None:
        """Let a fault strike, and find out who asks."""
        request, space = journey.request, self.workspace
        journey.token = self._token(request)
        journey.fault = space.faults.strike(request.method, request.path)
        if journey.fault is None and space.chaos is not None:
            journey.fault = space.chaos.strike(request.method, request.path)
        fault = journey.fault
        if fault is not None and not fault.after_commit and not fault.passes:
            raise error_of(fault, None) if fault.kind not in (*DROPS, "bad_gateway") else _Struck()
        if journey.token is None:
            raise unauthorized()
        space.limit.take(journey.token.id, space.clock.milliseconds())

    def _token(self, request: Request) -> Token | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        return self.workspace.token(secret.strip()) if scheme.lower() == "bearer" else None

    def _run(self, journey: Journey) -> JsonObject:
        """Carry the request out and commit."""
        version = _version(journey.request.headers.get("notion-version"))
        route, path = self._route(journey.request, version)
        journey.body = {} if route.upload else _body(journey.request)
        call = self._call(journey, version, path)
        call.content = file_of(journey.request.body) if route.upload else None
        result = route.endpoint(call)
        journey.committed = self.workspace.store.commit()
        return result

    def _route(self, request: Request, version: str) -> tuple[Route, dict[str, str]]:
        found = self._routes.match(request.method, request.path.removeprefix("/v1"), version)
        if found is None:
            raise invalid_url()
        return found

    def _call(self, journey: Journey, version: str, path: dict[str, str]) -> Call:
        space, fault = self.workspace, journey.fault
        if journey.token is None:
            raise unauthorized()
        call = Call(
            store=space.store,
            ids=space.ids,
            actor=Actor(journey.token),
            now=space.clock.milliseconds(),
            version=version,
            path=path,
            query=parse_qs(journey.request.query, keep_blank_values=True),
            body=journey.body,
            search_lag=space.search_lag,
            revoked=frozenset(space.revoked),
        )
        if fault is not None and fault.kind == "stale":
            call.stale_before = call.now - int(fault.seconds * 1000)

        def emit(kind: str, entity: str, entity_id: str, data: JsonObject) -> None:
            journey.events.append(Event(kind, entity, entity_id, data, call.actor.user_id, call.now))

        call.emit = emit
        call.shows = lambda page: visible(call, page)
        return call

    def _finish(self, journey: Journey, result: JsonObject) -> Answer:
        fault = journey.fault
        if fault is not None and fault.after_commit:
            if fault.kind == "drop_after":
                return Answer(0, b"", drop=True)
            return self._failure(journey, error_of(fault, _committed(journey.request, result)))
        named = {} if journey.request.path.endswith("/templates") else {"request_id": journey.request_id}
        body = orjson.dumps({**result, **named})
        delay = fault.seconds if fault is not None and fault.kind == "latency" else 0
        return Answer(200, body, self._headers(journey), delay=delay)

    def _failure(self, journey: Journey, error: ApiError) -> Answer:
        if isinstance(error, _Struck) and journey.fault is not None:
            if journey.fault.kind in DROPS:
                return Answer(0, b"", drop=True)
            return Answer(502, BAD_GATEWAY_HTML, {"content-type": "text/html"})
        journey.code = error.code
        headers = {**self._headers(journey), **error.headers}
        return Answer(error.status, orjson.dumps(error.body(journey.request_id)), headers)

    def _headers(self, journey: Journey) -> dict[str, str]:
        return {"content-type": _JSON, "x-notion-request-id": journey.request_id}

    def _log(self, journey: Journey, answer: Answer) -> None:
        request = journey.request
        entry = Logged(
            at=self.workspace.clock.now().isoformat(),
            method=request.method,
            path=request.path,
            query=request.query,
            status=answer.status,
            user=journey.token.user_id if journey.token else None,
            version=request.headers.get("notion-version"),
            body=journey.body or None,
            fault=journey.fault.kind if journey.fault else None,
            code=journey.code,
            committed=journey.committed,
        )
        self.workspace.log.append(entry)


class _Struck(ApiError):
    """A fault whose answer is no JSON: a cut connection, or HTML."""

    def __init__(self) -> None:
        super().__init__(0, "", "")


def _version(given: str | None) -> str:
    if given in VERSIONS:
        return str(given)
    if given is None:
        text = "Notion-Version header should be defined, instead was `undefined`."
    else:
        listed = ", ".join(f'`"{each}"`' for each in VERSIONS[:-1]) + f', or `"{VERSIONS[-1]}"`'
        text = f"Notion-Version header should be {listed}, instead was `{shown(given)}`."
    raise ApiError(400, "missing_version", f"Notion-Version header failed validation: {text}")


def _body(request: Request) -> JsonObject:
    if len(request.body) > LARGEST_BODY:
        raise invalid(
            f"body failed validation: body.length should be ≤ `{LARGEST_BODY}`, instead was `{len(request.body)}`."
        )
    if request.method not in ("POST", "PATCH") or not request.body:
        return {}
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise invalid_json() from error
    if not isinstance(found, dict):
        raise invalid(f"body failed validation: body should be an object, instead was `{shown(found)}`.")
    return found


def _committed(request: Request, result: JsonObject) -> JsonObject:
    """Return what a 503 after commit tells: the id of what was created, nothing for an update."""
    if request.method == "POST" and "id" in result:
        return {"committed": {"committed_resource_id": result["id"]}}
    if request.path.endswith("/children") and request.method == "PATCH":
        ids = [block["id"] for block in result.get("results", [])]
        parent = request.path.split("/")[-2]
        return {"committed": {"committed_resource_id": parent, "committed_child_ids": ids}}
    return {}
