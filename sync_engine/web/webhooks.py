"""The webhook endpoint: checks who sent it, stores a hint, and answers; `run` reads what really changed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from hmac import compare_digest

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sync_engine.engine.continuous.webhooks import (
    LARGEST,
    Verdict,
    fingerprint,
    is_genuine,
    read_delivery,
    verification_token,
)
from sync_engine.errors import SyncEngineError
from sync_engine.ports.clock import Clock
from sync_engine.ports.database import Database
from sync_engine.ports.hints import Hint

SIGNATURE = "x-notion-signature"

_log = logging.getLogger(__name__)


class Webhooks:
    """Takes deliveries. `token` empty: none is accepted yet. `show` is given the token of a handshake; without it
    only that one came is told. `outcomes` counts what was answered."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        token: str,
        max_age: timedelta,
        show: Callable[[str], None] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._token = token
        self._max_age = max_age
        self._show = show
        self.outcomes: Counter[str] = Counter()

    @property
    def is_configured(self) -> bool:
        """Whether deliveries are accepted."""
        return bool(self._token)

    async def endpoint(self, request: Request) -> Response:
        """One delivery."""
        raw = await _body(request)
        if raw is None:
            return self._answer("too_large", 413)
        token = verification_token(raw)
        if token:
            return self._handshake(token)
        if not self._token:
            return self._answer("not_configured", 503)
        if not is_genuine(self._token, raw, request.headers.get(SIGNATURE, "")):
            _log.warning(
                "a webhook delivery with a wrong signature was refused", extra={"event": "webhook_refused"}
            )
            return self._answer("wrong_signature", 401)
        return await run_in_threadpool(self._take, raw)

    def _handshake(self, token: str) -> Response:
        """Once, when the subscription is made. Anybody could send one, so a person decides what becomes of it."""
        if self._token:
            known = compare_digest(token.encode(), self._token.encode())
            return self._answer("verified", 200) if known else self._answer("wrong_token", 401)
        _log.warning(
            "a webhook verification token arrived (fingerprint %s). If you have just made a subscription in "
            "Notion, set NOTION_WEBHOOK_TOKEN to it, start `serve` again and enter it in Notion; otherwise ignore "
            "this. `serve --show-verification-token` prints it when it is sent again",
            fingerprint(token),
            extra={"event": "webhook_token"},
        )
        if self._show is not None:
            self._show(token)
        return self._answer("token_received", 200)

    def _take(self, raw: bytes) -> Response:
        found = read_delivery(raw, self._clock.now(), self._max_age)
        if not isinstance(found, Hint):
            return self._answer(found.value, 200 if found is Verdict.IGNORED else 400)
        try:
            with self._database.transaction() as uow:
                new = uow.hints.add(found)
        except SyncEngineError as error:
            _log.warning("a webhook delivery could not be stored: %s", error, extra={"event": "webhook_lost"})
            return self._answer("unavailable", 503)  # Notion delivers it again
        return self._answer("stored" if new else "repeated", 200)

    def _answer(self, outcome: str, status: int) -> Response:
        self.outcomes[outcome] += 1
        return JSONResponse({"outcome": outcome}, status)


async def _body(request: Request) -> bytes | None:
    """The raw body, or None when it is larger than any delivery."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)
