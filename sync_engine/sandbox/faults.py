"""Faults on demand: what goes wrong, for which requests, how many times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sync_engine.errors import UsageError
from sync_engine.sandbox.apierrors import ApiError, rate_limited
from sync_engine.sandbox.jsontypes import JsonObject

BAD_GATEWAY_HTML = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)

KINDS = {
    "rate_limited": "429, this connection's budget",
    "workspace_rate_limited": "429, the workspace's budget; Retry-After may exceed a minute",
    "endpoint_rate_limited": "429, one endpoint's own limit",
    "blocked": "429 with `public_api_request_blocked`: never to be retried",
    "conflict": "409 conflict_error",
    "row_limit": "409 row_limit_exceeded",
    "internal_error": "500 internal_server_error",
    "bad_gateway": "502 with an HTML body",
    "unavailable": "503 service_unavailable, nothing saved",
    "unavailable_after_commit": "503 after the write was saved, with committed_resource_id for creates",
    "gateway_timeout": "504 gateway_timeout, nothing saved",
    "gateway_timeout_after_commit": "504 after the write was saved",
    "overload": "529 service_overload",
    "drop_before": "the connection is cut, nothing saved",
    "drop_after": "the connection is cut after the write was saved",
    "latency": "the answer comes `seconds` later",
    "stale": "a query answers as it would have `seconds` ago",
    "unauthorized": "401, the token is invalid",
    "not_found": "404, as if the object were not shared any more",
    "restricted": "403, a capability is missing",
}
"""Every kind of fault, with what the client sees."""

AFTER_COMMIT = ("unavailable_after_commit", "gateway_timeout_after_commit", "drop_after")
DROPS = ("drop_before", "drop_after")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `seconds` is Retry-After, the latency or the age of a stale answer."""

    kind: str
    seconds: float = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"there is no fault {self.kind!r}", hint=f"one of {', '.join(KINDS)}")

    @property
    def after_commit(self) -> bool:
        """Return whether the request is carried out before the fault strikes."""
        return self.kind in AFTER_COMMIT

    @property
    def passes(self) -> bool:
        """Return whether the request is answered as usual, only later or from older data."""
        return self.kind in ("latency", "stale")


@dataclass(slots=True)
class Rule:
    """A fault for the next `times` requests whose method and path fit; after `skip` that fit are let go."""

    method: str
    path: re.Pattern[str]
    fault: Fault
    times: int = 1
    skip: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Return whether a request is meant, and count it."""
        if self.times <= 0 or self.method not in ("*", method) or not self.path.search(path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Faults:
    """The rules in force, oldest first."""

    rules: list[Rule] = field(default_factory=list)

    def add(self, method: str, path_pattern: str, fault: Fault | str, times: int = 1, skip: int = 0) -> None:
        """Add a rule. `method` may be `*`; `path_pattern` is searched in the path, `/v1/...` included."""
        made = fault if isinstance(fault, Fault) else Fault(fault)
        self.rules.append(Rule(method.upper(), re.compile(path_pattern), made, times, skip))

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, using it up, or None."""
        for rule in self.rules:
            if rule.fits(method, path):
                self.rules = [each for each in self.rules if each.times > 0]
                return rule.fault
        return None

    def clear(self) -> None:
        """Forget all rules."""
        self.rules.clear()


_REASONS = {
    "rate_limited": "public_api_request_rate_limit",
    "workspace_rate_limited": "public_api_space_request_rate_limit",
    "endpoint_rate_limited": "public_api_endpoint_rate_limit",
    "blocked": "public_api_request_blocked",
}
_PLAIN = {
    "conflict": (409, "conflict_error", "Conflict occurred while saving. Please try again."),
    "row_limit": (409, "row_limit_exceeded", "This data source has reached its limit of rows."),
    "internal_error": (500, "internal_server_error", "Unexpected error occurred."),
    "gateway_timeout": (504, "gateway_timeout", "The request timed out. Please try again."),
    "gateway_timeout_after_commit": (504, "gateway_timeout", "The request timed out. Please try again."),
    "overload": (529, "service_overload", "Notion is overloaded. Please try again in a few minutes."),
    "unauthorized": (401, "unauthorized", "API token is invalid."),
    "not_found": (
        404,
        "object_not_found",
        "Could not find the object. Make sure the relevant pages and databases are shared with your integration.",
    ),
    "restricted": (403, "restricted_resource", "API token does not have access to this resource."),
}
_SAVED = "The change was saved, but the response could not be built in time."
_RETRY = ["Retry with exponential backoff.", "Reduce page_size.", "Narrow the filter."]


def error_of(fault: Fault, answer: JsonObject | None) -> ApiError:
    """Return the error answer of a fault; `answer` is what the request would have answered, if it ran."""
    if fault.kind in _REASONS:
        return rate_limited(int(fault.seconds) or 1, _REASONS[fault.kind])
    if fault.kind == "unavailable":
        return ApiError(
            503,
            "service_unavailable",
            "Public API service is temporarily unavailable. Please try again later.",
            additional={"retry_guidance": _RETRY},
        )
    if fault.kind == "unavailable_after_commit":
        return _saved_but_503(answer or {})
    status, code, message = _PLAIN[fault.kind]
    headers = {"retry-after": str(int(fault.seconds) or 1)} if fault.kind == "overload" else None
    return ApiError(status, code, message, headers=headers)


def _saved_but_503(answer: JsonObject) -> ApiError:
    """Return the documented 503 of a write that was saved; the id only for creates and appends."""
    guidance = ["Read the object again to see the saved state.", "Do not repeat the write."]
    return ApiError(
        503,
        "service_unavailable",
        _SAVED,
        additional={"retry_guidance": guidance, **answer.get("committed", {})},
    )
