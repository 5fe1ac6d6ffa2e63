"""Forms: their fields, and the proof that they come from a page of this console."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

SESSION = "sync_engine_console"
"""Cookie of a browser's session. Cookies are shared by all ports of a host; the key of the tokens is not."""

EXPIRED = "This form was not sent from a page of this console that is still open."


class Fields:
    """The fields of a form; a field may come several times."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def one(self, name: str) -> str:
        """A field's value with plain line ends, or an empty text."""
        return (self._values.get(name) or [""])[-1].replace("\r\n", "\n")


Handler = Callable[[Request, Fields], Response]


class Guard:
    """Makes and checks the tokens that forms carry; its key lives as long as the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def session(self, request: Request) -> str:
        """The session of a browser, a new one when it has none."""
        return request.cookies.get(SESSION) or secrets.token_urlsafe(24)

    def token(self, session: str) -> str:
        """The token that forms of this session carry."""
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def check(self, request: Request, token: str) -> None:
        """Raises HTTPException (403) unless the form comes from a page of ours in the same browser."""
        session = request.cookies.get(SESSION)
        own = bool(session) and hmac.compare_digest(self.token(session or ""), token)
        site = request.headers.get("sec-fetch-site", "same-origin")
        if not own or site not in ("same-origin", "none") or not _same_origin(request):
            raise HTTPException(403, EXPIRED)

    def changing(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a form that changes something: checked first, then run in a thread."""

        async def endpoint(request: Request) -> Response:
            async with request.form(max_fields=2_000) as form:
                values: dict[str, list[str]] = {}
                for name, value in form.multi_items():
                    values.setdefault(name, []).append(str(value))
            fields = Fields(values)
            self.check(request, fields.one("token"))
            return await run_in_threadpool(handler, request, fields)

        return endpoint


def _same_origin(request: Request) -> bool:
    """Whether `Origin` is ours. Browsers send it with every form; what sends none has no cookies to misuse."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def local_address(address: str) -> str:
    """An address within this console, whatever a form said."""
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"
