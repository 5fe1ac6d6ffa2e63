"""What keeps other sites from acting through a person's browser: same origin, and a token in each form."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

SESSION = "sandbox_session"
PERSON = "sandbox_person"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data: https:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Makes and checks the tokens; its key lives as long as the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def session(self, request: Request) -> str:
        """Return the session of a browser, a new one when it has none."""
        return request.cookies.get(SESSION) or secrets.token_urlsafe(18)

    def token(self, session: str) -> str:
        """Return the token that forms of this session carry."""
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def accepts(self, request: Request, token: str) -> bool:
        """Return whether a state change comes from our own page."""
        session = request.cookies.get(SESSION)
        if not session or not hmac.compare_digest(self.token(session), token):
            return False
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")

    def dress(self, response: Response, session: str) -> Response:
        """Set the session cookie and the protective headers."""
        response.set_cookie(SESSION, session, httponly=True, samesite="strict")
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response
