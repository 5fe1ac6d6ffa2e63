"""One request as the handlers see it: who asks, in which version, with what, over which store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sync_engine.sandbox.apierrors import ApiError, not_found
from sync_engine.sandbox.clock import minute_floor
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Page, Token
from sync_engine.sandbox.store import Store

V2022 = "2022-06-28"
V2025 = "2025-09-03"
V2026 = "2026-03-11"
VERSIONS = (V2022, V2025, V2026)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who a request acts as. `user_id` is what `created_by` and `last_edited_by` will show."""

    token: Token

    @property
    def user_id(self) -> str:
        """Return the bot's id, or the person's when a person's token is used."""
        return self.token.user_id


@dataclass(slots=True)
class Call:
    """A request that passed the gateway. `now` is in milliseconds; `body` is {} when none was sent."""

    store: Store
    ids: IdSource
    actor: Actor
    now: int
    version: str = V2026
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    body: JsonObject = field(default_factory=dict)
    content: bytes | None = None
    """The file of a multipart body."""
    emit: Callable[[str, str, str, JsonObject], None] = lambda *_: None
    """Told of each change as (event type, entity type, entity id, data); webhooks listen."""
    search_lag: int = 0
    """Milliseconds before a change shows in the search."""
    stale_before: int | None = None
    """A query answers as it would have at this time, when set."""
    revoked: frozenset[str] = frozenset()
    """Pages and databases this connection was cut off from, with all below them."""
    shows: Callable[[Page], bool] = lambda _page: True
    """Whether the connection may see a page."""

    @property
    def minute(self) -> int:
        """Return the time that pages store: now, cut to the minute."""
        return minute_floor(self.now)

    @property
    def legacy_archived(self) -> bool:
        """Return whether this version still shows and takes `archived` (removed in 2026-03-11)."""
        return self.version < V2026

    def missing(self, kind: str, object_id: str) -> ApiError:
        """Return the 404 for an object this connection cannot see."""
        connection = self.actor.token.connection
        return not_found(kind, object_id, connection, self.integration_id)

    @property
    def integration_id(self) -> str:
        """Return the id that 404 bodies carry; it equals the bot's user id (recorded)."""
        return self.actor.token.id

    def allowed(self, *keys: str) -> tuple[str, ...]:
        """Return the keys a body may have, with `archived` where the version still takes it."""
        return (*keys, "archived") if self.legacy_archived else keys

    def asked(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    def trash_flag(self) -> Json:
        """Return what the body says about the trash: True, False or None when it says nothing."""
        if "in_trash" in self.body:
            return self.body["in_trash"]
        return self.body.get("archived")
