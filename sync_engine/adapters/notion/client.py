"""One request from budget to answer: wait for a turn, send, classify, try again; shared by all threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx
from notion_client import Client
from notion_client.errors import NotionClientErrorBase

from sync_engine.adapters.notion.budget import Budget, BudgetState, Stopped, wait_or_stop
from sync_engine.adapters.notion.calls import Answer, Call
from sync_engine.adapters.notion.errors import Fault, broken_answer, fault_of
from sync_engine.adapters.notion.skew import ClockSkew, header_time
from sync_engine.domain.lanes import Lane
from sync_engine.domain.retry import Failure, RetryPolicy
from sync_engine.errors import ConfigurationError, ConnectionBlocked, NotionError, NotionUnavailable
from sync_engine.ports.clock import Clock
from sync_engine.ports.workspace import RequestCounts

NOTION_VERSION = "2026-03-11"

_TIMEOUT_S = 65.0
"""Notion itself gives up after 60 s; a little more lets its own answer arrive."""
_CONNECT_TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)
_sdk_log = logging.getLogger("sync_engine.adapters.notion.sdk")

Adapt = Callable[[Call], Call]
"""Makes an easier call out of one that Notion could not serve in time (a smaller page size)."""


class BearerToken(httpx.Auth):
    """Adds the token to each request; kept out of the SDK's options, whose repr would show it.

    Raises ConfigurationError for a token that no header can carry, without repeating it.
    """

    def __init__(self, token: str) -> None:
        if not token.strip() or not token.strip().isascii() or not token.strip().isprintable():
            raise ConfigurationError(
                "the Notion token is empty or has characters that no token has",
                hint="set NOTION_TOKEN to the secret of the connection, as Notion shows it",
            )
        self._header = f"Bearer {token.strip()}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


class NotionClient:
    """Sends calls. Every failure leaves as an error of `sync_engine.errors`, classified once, here."""

    def __init__(
        self,
        http: httpx.Client,
        base_url: str,
        *,
        clock: Clock,
        budget: Budget,
        policy: RetryPolicy,
        jitter: Callable[[], float],
    ) -> None:
        self._sdk = Client(
            client=http,
            base_url=base_url,
            notion_version=NOTION_VERSION,
            retry=False,
            logger=_sdk_log,
            log_level=logging.CRITICAL,
        )
        http.timeout = httpx.Timeout(_TIMEOUT_S, connect=_CONNECT_TIMEOUT_S)
        http.event_hooks = {"response": [self._saw_response]}
        self._http = http
        self._clock = clock
        self._budget = budget
        self._policy = policy
        self._jitter = jitter
        self._local = threading.local()
        self._lock = threading.Lock()
        self._counts = RequestCounts()
        self._blocked: ConnectionBlocked | None = None
        self._check: Callable[[], None] = _allowed
        self.skew = ClockSkew()

    def send(self, call: Call, adapt: Adapt | None = None) -> Answer:
        """The answer to a call, after as many tries as are safe and useful.

        Raises NotionUnavailable, NotionRejected, NotionNotFound or ConnectionBlocked. `adapt` is applied before
        a read that Notion could not serve in time is repeated.
        """
        attempt, perhaps_done = 0, False
        while True:
            attempt += 1
            try:
                outcome = self._try(call)
            except NotionUnavailable as stopped:
                stopped.may_have_committed = perhaps_done
                raise
            if isinstance(outcome, Answer):
                return outcome
            perhaps_done |= _perhaps_done(outcome)
            if not self._waited(call, outcome, attempt):
                raise _final(outcome, perhaps_done)
            if adapt is not None and outcome.failure is Failure.UNCERTAIN:
                call = adapt(call)
            self._count(retried=1)

    @contextmanager
    def lane(self, lane: Lane) -> Iterator[None]:
        """Calls of this thread inside the block wait for their turn in that lane."""
        before = self._lane
        self._local.lane = lane
        try:
            yield
        finally:
            self._local.lane = before

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """`check` is called before each request of any thread; what it raises leaves `send`."""
        before, self._check = self._check, check
        try:
            yield
        finally:
            self._check = before

    def counts(self) -> RequestCounts:
        """Requests so far."""
        with self._lock:
            return self._counts

    def budget(self) -> BudgetState:
        """How much of the budget is used."""
        return self._budget.state()

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    @property
    def _lane(self) -> Lane:
        lane: Lane = getattr(self._local, "lane", Lane.INTERACTIVE)
        return lane

    def _waited(self, call: Call, fault: Fault, attempt: int) -> bool:
        """Wait for the next try; False when there is to be none, or the process must stop."""
        wait = self._policy.wait(
            fault.failure, attempt, idempotent=call.idempotent, asked=fault.asked, jitter=self._jitter()
        )
        self._react(call, fault, wait)
        if wait is None:
            return False
        try:
            wait_or_stop(self._clock, wait)
        except Stopped:
            return False
        return True

    def _try(self, call: Call) -> Answer | Fault:
        if self._blocked is not None:
            raise ConnectionBlocked(
                self._blocked.message, hint=self._blocked.hint, status=429, api_code=self._blocked.api_code
            )
        with self._budget.slot(self._lane):
            self._check()
            self._count(total=1)
            self._local.date = None
            sent = self._clock.now()
            try:
                body: Any = self._sdk.request(
                    path=call.path, method=call.method, query=call.query or None, body=call.body
                )
            except (NotionClientErrorBase, httpx.HTTPError, ValueError) as raised:
                fault = fault_of(raised, call)
                fault.error.__cause__ = raised
                return fault
            finally:
                served_at = self._measure(sent)
        if not isinstance(body, dict):
            return broken_answer(call)
        return Answer(body, served_at)

    def _measure(self, sent: datetime) -> datetime:
        """Notion's time of the answer just read, or ours when it said none."""
        answered = self._clock.now()
        served_at: datetime | None = self._local.date
        if served_at is None:
            return answered
        self.skew.observe(served_at, sent, answered)
        return served_at

    def _saw_response(self, response: httpx.Response) -> None:
        self._local.date = header_time(response.headers.get("date", ""))
        _log.debug(
            "%s %s -> %d (request %s)",
            response.request.method,
            response.request.url.path,
            response.status_code,
            response.headers.get("x-notion-request-id", "-"),
        )

    def _react(self, call: Call, fault: Fault, wait: float | None) -> None:
        if fault.limited:
            self._count(rate_limited=1)
        if fault.failure is Failure.THROTTLED:
            asked = fault.asked if fault.asked is not None else wait
            self._budget.pause(asked or 0.0)
        if isinstance(fault.error, ConnectionBlocked) and fault.error.status == 429:
            self._blocked = fault.error
        _log.log(
            logging.INFO if wait is not None else logging.WARNING,
            "%s failed: %s, %s (%s)",
            call,
            fault.failure.value,
            "giving up" if wait is None else f"next try in {wait:.1f} s",
            fault.error.message,
        )

    def _count(self, *, total: int = 0, retried: int = 0, rate_limited: int = 0) -> None:
        with self._lock:
            old = self._counts
            self._counts = RequestCounts(old.total + total, old.retried + retried, old.rate_limited + rate_limited)


def _allowed() -> None:
    """Every request may be sent."""


def _perhaps_done(fault: Fault) -> bool:
    return isinstance(fault.error, NotionUnavailable) and fault.error.may_have_committed


def _final(fault: Fault, perhaps_done: bool) -> NotionError:
    """The error of the last try, which does not hide that an earlier try may have been saved."""
    if perhaps_done and isinstance(fault.error, NotionUnavailable):
        fault.error.may_have_committed = True
    return fault.error
