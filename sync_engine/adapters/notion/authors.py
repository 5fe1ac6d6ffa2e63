"""Who edited a page: user ids into names, asked for once and remembered."""

from __future__ import annotations

import logging
import threading

from sync_engine.adapters.notion.calls import get
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.paging import listed
from sync_engine.adapters.notion.wire import as_text, uuid_text
from sync_engine.domain.values import JsonObject
from sync_engine.errors import NotionRejected, NotionUnavailable
from sync_engine.ports.clock import Clock
from sync_engine.ports.workspace import Author

_ASK_AGAIN_S = 3600.0

_log = logging.getLogger(__name__)


class Authors:
    """Thread-safe. Without the capability to read users, names stay empty and nothing fails.

    The list of users is read when an author is met who is not in it, at most once an hour: guests are never in
    it (notion-api.md §2.3).
    """

    def __init__(self, client: NotionClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.RLock()
        self._me: Author | None = None
        self._my_id: str | None = None
        self._known: dict[str, Author] = {}
        self._asked_at: float | None = None

    def me(self) -> Author:
        """This connection's own user."""
        with self._lock:
            if self._me is None:
                found = self._client.send(get("users/me")).body
                self._me = author_of(found, is_self=True)
            return self._me

    def resolve(self, author: Author) -> Author:
        """The author as well as can be known of one whose user object may have been partial, or empty."""
        if not author.id:
            return author
        with self._lock:
            if author.id == self._self_id():
                return self.me()
            if author.name:
                return author
            if author.id not in self._known:
                self._read_users()
            return self._known.get(author.id, author)

    def _self_id(self) -> str:
        if self._my_id is None:
            try:
                self._my_id = self.me().id
            except NotionRejected:
                self._my_id = ""
        return self._my_id

    def _read_users(self) -> None:
        now = self._clock.monotonic()
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_S:
            return
        self._asked_at = now
        try:
            for found in listed(self._client, "users"):
                author = author_of(found)
                self._known[author.id] = author
        except (NotionRejected, NotionUnavailable) as error:
            # Connections without the user capability and personal tokens may not list users (§10).
            _log.info("names of users are not known: %s", error.message)


def author_of(user: JsonObject, *, is_self: bool = False) -> Author:
    """The author as far as a user object tells, which may be partial (`{object, id}`) or empty."""
    return Author(
        id=uuid_text(user.get("id")),
        name=as_text(user.get("name")),
        is_self=is_self,
        is_bot=user.get("type") == "bot",
    )
