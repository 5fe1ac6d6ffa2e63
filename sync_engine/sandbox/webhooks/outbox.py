"""The subscription and its deliveries: signed, some twice, out of order, tried again when they fail."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from sync_engine.errors import UsageError
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.webhooks.aggregate import aggregated
from sync_engine.sandbox.webhooks.envelope import envelope, signature
from sync_engine.sandbox.webhooks.events import Event

ATTEMPTS = 8
"""Tries of one delivery before it is lost (documented)."""

_TIMEOUT = 10
"""Seconds a receiver has to answer."""

Post = Callable[[str, bytes, dict[str, str]], int]


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a body and return the status, 0 when there was no answer."""
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@dataclass(slots=True)
class Subscription:
    """Where to deliver; `token` is the key of the signatures, sent once in the handshake."""

    id: str
    url: str
    token: str


class Webhooks:
    """Takes the events of committed requests; without a subscription it lets them go."""

    def __init__(self, ids: IdSource, send: Post = post, seed: int = 0) -> None:
        self._ids = ids
        self._send = send
        self._random = random.Random(seed)
        self._events: list[Event] = []
        self._waiting: list[JsonObject] = []
        self.subscription: Subscription | None = None
        self.duplicated = 0.1
        """Share of deliveries that are sent twice."""
        self.shuffled = True
        """Whether deliveries leave out of order."""

    def subscribe(self, url: str) -> Subscription:
        """Subscribe an address and shake hands; the token goes there, signed with itself (SDK docs)."""
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"{url} is no http address", hint="give the whole address of the receiver")
        secret = "secret_" + self._ids.uuid().replace("-", "")
        self.subscription = Subscription(self._ids.uuid(), url, secret)
        self._post({"verification_token": secret})
        return self.subscription

    def take(self, events: Iterable[Event]) -> None:
        """Keep events for delivery."""
        if self.subscription is not None:
            self._events.extend(events)

    def collect(self, store: Store, integration_id: str) -> list[JsonObject]:
        """Return the bodies that are due, in the order they shall leave."""
        if self.subscription is None:
            return []
        events, self._events = self._events, []
        for told in aggregated(events):
            made = envelope(store, told, self._ids.uuid(), self.subscription.id, integration_id)
            self._waiting += [made, dict(made)] if self._random.random() < self.duplicated else [made]
        waiting, self._waiting = self._waiting, []
        if self.shuffled:
            self._random.shuffle(waiting)
        return waiting

    def dispatch(self, bodies: Iterable[JsonObject]) -> int:
        """Send bodies and return how many were accepted; the rest waits for its next try."""
        return sum(self._one(each) for each in bodies)

    def _one(self, body: JsonObject) -> bool:
        if 200 <= self._post(body) < 300:
            return True
        if body["attempt_number"] < ATTEMPTS:
            self._waiting.append({**body, "attempt_number": body["attempt_number"] + 1})
        return False

    def _post(self, body: JsonObject) -> int:
        if self.subscription is None:
            return 0
        raw = orjson.dumps(body)
        headers = {"content-type": "application/json"}
        headers["X-Notion-Signature"] = signature(self.subscription.token, raw)
        return self._send(self.subscription.url, raw, headers)
