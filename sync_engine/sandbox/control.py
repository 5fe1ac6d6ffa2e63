"""The control endpoints under `/_sandbox`: faults, chaos, log, clock, access, limits.

They take `application/json` only, so that a web page of another site cannot reach them unseen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync_engine.errors import UsageError
from sync_engine.sandbox.chaos import Chaos
from sync_engine.sandbox.faults import KINDS, Fault
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.workspace import Workspace

Action = Callable[[Workspace, JsonObject], Json]


def _faults(space: Workspace, body: JsonObject) -> Json:
    """Add `{method, path, fault, seconds, times, skip}`, or list and describe."""
    if body:
        fault = Fault(str(body["fault"]), float(body.get("seconds", 0)))
        times, skip = int(body.get("times", 1)), int(body.get("skip", 0))
        space.faults.add(str(body.get("method", "*")), str(body.get("path", "")), fault, times, skip)
    rules = [
        {"method": r.method, "path": r.path.pattern, "fault": r.fault.kind, "times": r.times}
        for r in space.faults.rules
    ]
    return {"rules": rules, "kinds": KINDS}


def _clear_faults(space: Workspace, body: JsonObject) -> Json:
    space.faults.clear()
    space.chaos = None
    return {"rules": []}


def _chaos(space: Workspace, body: JsonObject) -> Json:
    """Start chaos with `{seed, share}`; `{seed: null}` ends it."""
    if "seed" in body:
        seed = body["seed"]
        space.chaos = None if seed is None else Chaos(int(seed), float(body.get("share", 0.08)))
    return {"chaos": space.chaos is not None}


def _requests(space: Workspace, body: JsonObject) -> Json:
    return {"requests": [each.as_json() for each in space.log]}


def _clear_requests(space: Workspace, body: JsonObject) -> Json:
    space.log.clear()
    return {"requests": []}


def _clock(space: Workspace, body: JsonObject) -> Json:
    """Move the clock by `{advance}` seconds; tell the time."""
    space.clock.advance(float(body.get("advance", 0)))
    return {"now": space.clock.now().isoformat()}


def _access(space: Workspace, body: JsonObject) -> Json:
    """Take `{revoke: id}` away from the connections, or `{grant: id}` it again."""
    if "revoke" in body:
        space.revoked.add(str(body["revoke"]))
    space.revoked.discard(str(body.get("grant")))
    return {"revoked": sorted(space.revoked)}


def _limits(space: Workspace, body: JsonObject) -> Json:
    """Set `{requests_per_minute, search_lag_seconds}`; null lifts the budget."""
    if "requests_per_minute" in body:
        space.limit.per_minute = body["requests_per_minute"]
    if "search_lag_seconds" in body:
        space.search_lag = int(float(body["search_lag_seconds"]) * 1000)
    return {"requests_per_minute": space.limit.per_minute, "search_lag_seconds": space.search_lag / 1000}


def _webhooks(space: Workspace, body: JsonObject) -> Json:
    """Subscribe `{url}`, or deliver what is waiting with `{deliver: true}`."""
    if "url" in body:
        space.webhooks.subscribe(str(body["url"]))
    delivered = space.deliver_webhooks() if body.get("deliver") else 0
    known = space.webhooks.subscription
    return {
        "subscription": {"id": known.id, "url": known.url, "token": known.token} if known else None,
        "delivered": delivered,
    }


ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "chaos"): _chaos,
    ("POST", "chaos"): _chaos,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("GET", "access"): _access,
    ("POST", "access"): _access,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks"): _webhooks,
    ("GET", "limits"): _limits,
    ("POST", "limits"): _limits,
}


def control_routes(space: Workspace) -> list[Route]:
    """Return the Starlette routes."""
    return [
        Route(f"/_sandbox/{name}", _endpoint(space, action), methods=[method])
        for (method, name), action in ACTIONS.items()
    ]


def _endpoint(space: Workspace, action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        if raw and not request.headers.get("content-type", "").startswith("application/json"):
            return _json({"error": "send application/json"}, 415)
        try:
            body = orjson.loads(raw) if raw else {}
            given = body if isinstance(body, dict) else {}
            return _json(await run_in_threadpool(_carried_out, space, action, given))
        except (ValueError, KeyError, TypeError, UsageError) as error:
            return _json({"error": str(error)}, 400)

    return endpoint


def _carried_out(space: Workspace, action: Action, body: JsonObject) -> Json:
    if action is _webhooks:
        return action(space, body)
    with space.lock:
        return action(space, body)


def _json(value: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
