"""What a failed request means: Notion's answer, or its absence, as one of our errors and a kind of failure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from notion_client.errors import HTTPResponseError, InvalidPathParameterError, RequestTimeoutError

from sync_engine.adapters.notion.calls import Call
from sync_engine.adapters.notion.skew import header_time
from sync_engine.adapters.notion.wire import as_object, as_text
from sync_engine.domain.retry import Failure
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import (
    ConnectionBlocked,
    NotionError,
    NotionNotFound,
    NotionRejected,
    NotionUnavailable,
)

_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_SAVED = re.compile(r"change was saved|do not repeat the write", re.IGNORECASE)
_PROPERTY = re.compile(
    r"body\.properties\.(?P<path>.+?)\.(?:title|rich_text|number|select|multi_select|status|date|people|files"
    r"|checkbox|url|email|phone_number|relation|place|id|type|name)\b"
    r"|(?P<unknown>[^\n.]+?) is not a property that exists"
    r"|(?P<type>[^\n.]+?) is expected to be \w+"
    r"|property with name or id: (?P<missing>[^\n]+)"
)
_LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed try. `asked` is Retry-After in seconds; `limited`: Notion counted us as too fast."""

    failure: Failure
    error: NotionError
    asked: float | None = None
    limited: bool = False


class SavedWithoutAnswer(NotionUnavailable):
    """Notion saved the write and could not build the answer (503 after commit, notion-api.md §5)."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An answer that is not 2xx, taken apart; `body` is empty when it is no JSON object."""

    call: Call
    status: int
    headers: Mapping[str, str]
    body: JsonObject

    @property
    def code(self) -> str:
        return as_text(self.body.get("code"))

    @property
    def extra(self) -> JsonObject:
        return as_object(self.body.get("additional_data"))

    @property
    def said(self) -> str:
        """Notion's own words on one line, cut to a readable length; empty for HTML."""
        words = " ".join(as_text(self.body.get("message")).split())
        return words if len(words) <= _LONGEST_MESSAGE else words[: _LONGEST_MESSAGE - 1] + "…"

    def describe(self, what: str) -> str:
        name = f"{self.status} {self.code}".strip()
        words = f": {self.said}" if self.said else ""
        return f"Notion {what} {self.call} ({name}){words}"


def may_be_lost_cursor(error: NotionError) -> bool:
    """Whether Notion may have refused the cursor of a listing whose beginning it has answered: nothing else is new
    in such a request, and the words for it are known from one report only."""
    return error.status == 400


def fault_of(raised: Exception, call: Call) -> Fault:
    """Classify what `notion_client` or httpx raised for a call; anything else is a bug and raised again."""
    if isinstance(raised, HTTPResponseError):
        return _refused(_Refusal(call, raised.status, raised.headers, _json_object(raised.body)))
    if isinstance(raised, RequestTimeoutError):
        # The SDK hides which phase timed out; httpx's own exception is the context of the SDK's.
        cause = raised.__context__
        if isinstance(cause, _NOTHING_SENT):
            return _unreached(call, cause)
        return _lost(call, "did not answer in time")
    if isinstance(raised, _NOTHING_SENT):
        return _unreached(call, raised)
    if isinstance(raised, httpx.HTTPError):
        return _lost(call, f"broke the connection ({type(raised).__name__})")
    if isinstance(raised, (json.JSONDecodeError, UnicodeDecodeError)):
        return _lost(call, "sent a broken answer")
    if isinstance(raised, InvalidPathParameterError):
        return Fault(Failure.FINAL, NotionRejected(f"{call} is not a possible address"))
    raise raised


def broken_answer(call: Call) -> Fault:
    """A 2xx whose JSON is not what was asked for."""
    return _lost(call, "sent a broken answer")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of the Retry-After header (whole seconds, notion-api.md §5; a proxy may send a time), or None."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    until, now = header_time(text), header_time(headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _refused(refusal: _Refusal) -> Fault:
    status = refusal.status
    if status == 401:
        return _blocked(refusal, "check NOTION_TOKEN: it must be the secret of a connection that still exists")
    if status in (429, 529):
        return _throttled(refusal)
    if status == 409 and refusal.code != "row_limit_exceeded":
        error = _unavailable(refusal, "could not complete", may_have_committed=False)
        return Fault(Failure.CONFLICT, error, retry_after(refusal.headers))
    if status >= 500 or status == 408 or (status == 404 and not refusal.code):
        # A 404 that is not Notion's (a proxy, a wrong address) must never look like a page that is gone.
        return _server_failed(refusal)
    return Fault(Failure.FINAL, _rejected(refusal))


def _blocked(refusal: _Refusal, hint: str) -> Fault:
    error = ConnectionBlocked(refusal.describe("refused"), hint=hint, status=refusal.status, api_code=refusal.code)
    return Fault(Failure.FINAL, error)


def _throttled(refusal: _Refusal) -> Fault:
    reason = as_text(refusal.extra.get("rate_limit_reason"))
    if reason == "public_api_request_blocked":
        return _blocked(refusal, "Notion stopped this connection; ask Notion's support before trying again")
    asked = retry_after(refusal.headers)
    if asked is None:
        asked = retry_after({"retry-after": as_text(refusal.extra.get("retry_after"))})
    error = _unavailable(
        refusal,
        "is limiting requests:",
        may_have_committed=False,
        hint=f"Notion asks to wait {asked:.0f} s; lower NOTION_REQUESTS_PER_MINUTE if this repeats"
        if asked is not None
        else "lower NOTION_REQUESTS_PER_MINUTE if this repeats",
    )
    return Fault(Failure.THROTTLED, error, asked, limited=refusal.status == 429)


def _server_failed(refusal: _Refusal) -> Fault:
    asked = retry_after(refusal.headers)
    committed = as_text(refusal.extra.get("committed_resource_id"))
    guidance = json.dumps(refusal.extra.get("retry_guidance", ""), ensure_ascii=False)
    writes = refusal.call.writes
    if writes and (committed or _SAVED.search(refusal.said) or _SAVED.search(guidance)):
        error = SavedWithoutAnswer(
            refusal.describe("saved, but did not answer"),
            status=refusal.status,
            api_code=refusal.code,
            may_have_committed=True,
            committed_resource_id=committed,
        )
        return Fault(Failure.SAVED, error, asked)
    return Fault(Failure.UNCERTAIN, _unavailable(refusal, "failed on", may_have_committed=writes), asked)


def _rejected(refusal: _Refusal) -> NotionRejected:
    kind = NotionNotFound if refusal.status == 404 else NotionRejected
    return kind(refusal.describe("refused"), hint=_hint(refusal), status=refusal.status, api_code=refusal.code)


def _hint(refusal: _Refusal) -> str:
    if refusal.status == 404:
        return "it was deleted, moved away, or is not shared with this connection"
    if refusal.status == 403:
        return _hint_403(refusal)
    if refusal.status in (301, 302, 307, 308):
        return "NOTION_API_URL points to a server that redirects"
    if refusal.status == 413:
        return "the values are too large for one request"
    if refusal.code == "row_limit_exceeded":
        return "the data source holds as many rows as Notion allows"
    named = property_named(refusal.said)
    return f"property {named!r}" if named else ""


def _hint_403(refusal: _Refusal) -> str:
    if "block_limit" in refusal.extra or "block limit" in refusal.said.lower():
        return "the workspace's free plan has used up its blocks; pages can still be changed, not created"
    if not refusal.body and "x-notion-request-id" not in refusal.headers:
        return "this came from the network edge before Notion, not from permissions; try from another network"
    return "give the connection this capability and share the page with it (••• → Connections)"


def property_named(message: str) -> str:
    """The property (name or id) that a validation message is about, or empty."""
    found = _PROPERTY.search(message)
    if not found:
        return ""
    named: str = next(text for text in found.groups() if text)
    return named.strip().strip('`"')


def _unavailable(refusal: _Refusal, what: str, *, may_have_committed: bool, hint: str = "") -> NotionUnavailable:
    return NotionUnavailable(
        refusal.describe(what),
        hint=hint,
        status=refusal.status,
        api_code=refusal.code,
        may_have_committed=may_have_committed,
    )


def _unreached(call: Call, cause: Exception) -> Fault:
    why = " ".join(str(cause).split()) or type(cause).__name__
    error = NotionUnavailable(
        f"Notion cannot be reached for {call} ({why})", hint="check the network and NOTION_API_URL"
    )
    return Fault(Failure.UNREACHED, error)


def _lost(call: Call, what: str) -> Fault:
    error = NotionUnavailable(f"Notion {what} on {call}", may_have_committed=call.writes)
    return Fault(Failure.UNCERTAIN, error)


def _json_object(text: str) -> JsonObject:
    try:
        parsed: Json = json.loads(text)
    except ValueError:
        return {}
    return as_object(parsed)
