"""`Sandbox`: a local Notion in this process, for tests, the demo and `sandbox serve`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

from sync_engine.errors import ConfigurationError, UsageError
from sync_engine.sandbox.app import build_app
from sync_engine.sandbox.chaos import Chaos
from sync_engine.sandbox.clock import SandboxClock
from sync_engine.sandbox.connections import Connections
from sync_engine.sandbox.faults import Fault, Faults
from sync_engine.sandbox.ids import IdSource
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import Page
from sync_engine.sandbox.ratelimit import RateLimit
from sync_engine.sandbox.requestlog import RequestLog
from sync_engine.sandbox.seed import CAPABILITIES, add_connection, people, seed
from sync_engine.sandbox.sqlitefile import SqliteKeeper
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.workspace import Workspace
from sync_engine.serving import HttpServer

LOOPBACK = "127.0.0.1"
DEFAULT_BUDGET = 180
"""Requests per minute of all plans but Business and Enterprise (documented)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the workspace. What `token` writes shows this person as its author."""

    id: str
    name: str
    token: str


class Sandbox:
    """A running local Notion; use `Sandbox.start(...)` as a context manager."""

    def __init__(self, workspace: Workspace, server: HttpServer) -> None:
        self.workspace = workspace
        self._server = server

    @classmethod
    def start(
        cls,
        port: int = 0,
        data: Path | str | None = None,
        requests_per_minute: int | None = DEFAULT_BUDGET,
        clock: Callable[[], datetime] | None = None,
        *,
        chaos: int | None = None,
        search_lag_seconds: float = 0,
        id_seed: int | None = None,
    ) -> Sandbox:
        """Start on the loopback address and return when it answers.

        `port` 0 takes a free one; `data` None keeps everything in memory; `requests_per_minute` None lifts
        the budget; `clock` gives aware times; `chaos` is a seed. Raises ConfigurationError when the port or
        the file cannot be used.
        """
        store = Store(SqliteKeeper(Path(data)) if data is not None else None)
        try:
            return cls._over(store, port, requests_per_minute, clock, chaos, search_lag_seconds, id_seed)
        except ConfigurationError:
            store.close()
            raise

    @classmethod
    def _over(
        cls,
        store: Store,
        port: int,
        requests_per_minute: int | None,
        clock: Callable[[], datetime] | None,
        chaos: int | None,
        search_lag_seconds: float,
        id_seed: int | None,
    ) -> Sandbox:
        staged, ids = SandboxClock(clock), IdSource(id_seed)
        doors = seed(store, ids, staged.milliseconds())
        workspace = Workspace(store, ids, staged, doors, RateLimit(requests_per_minute))
        workspace.chaos = None if chaos is None else Chaos(chaos)
        workspace.search_lag = int(search_lag_seconds * 1000)
        connections = Connections()
        server = HttpServer(
            build_app(workspace, connections),
            LOOPBACK,
            port,
            "sandbox",
            http=connections.protocol(),
            timeout_keep_alive=60,
        )
        server.start()
        return cls(workspace, server)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._server.port

    @property
    def url(self) -> str:
        """Return the base address, without `/v1`: what NOTION_API_URL takes."""
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def token(self) -> str:
        """Return the connection's token; what it writes shows the bot as author."""
        return self.workspace.doors.token

    @property
    def person_token(self) -> str:
        """Return a person's token; what it writes shows that person as author."""
        return self.workspace.doors.person_token

    @property
    def parent_page_id(self) -> str:
        """Return the page shared with the connection, to create databases under."""
        return self.workspace.doors.parent_page_id

    @property
    def people(self) -> list[Person]:
        """Return the people of the workspace; the first one's token is `person_token`."""
        with self.workspace.lock:
            found = people(self.workspace.store)
        return [Person(user.id, user.name, token.secret) for user, token in found]

    def add_connection(self, name: str, capabilities: tuple[str, ...] = CAPABILITIES) -> str:
        """Add another connection with these capabilities only and return its token; it has its own budget."""
        unknown = [each for each in capabilities if each not in CAPABILITIES]
        if unknown:
            raise UsageError(f"there is no capability {unknown[0]!r}", hint=f"one of {', '.join(CAPABILITIES)}")
        with self.workspace.lock:
            return add_connection(self.workspace.store, self.workspace.ids, name, capabilities).secret

    @property
    def requests(self) -> RequestLog:
        """Return the handled API requests, oldest first."""
        return self.workspace.log

    @property
    def faults(self) -> Faults:
        """Return the rules of faults; `fail_next` is the usual way to add one."""
        return self.workspace.faults

    def clear_requests(self) -> None:
        """Forget the handled requests."""
        self.workspace.log.clear()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock; budget windows and page times follow it."""
        with self.workspace.lock:
            self.workspace.clock.advance(seconds)

    def now(self) -> datetime:
        """Return the sandbox's time in UTC."""
        return self.workspace.clock.now()

    def fail_next(self, method: str, path_pattern: str, fault: Fault | str, times: int = 1, skip: int = 0) -> None:
        """Let a fault strike the next `times` requests that fit, after letting `skip` of them pass.

        `method` may be `*`; `path_pattern` is a regular expression searched in the path (`/v1/pages`).
        """
        with self.workspace.lock:
            self.workspace.faults.add(method, path_pattern, fault, times, skip)

    def revoke_access(self, object_id: str) -> None:
        """Cut the connections off from a page or database and all below it: they answer 404 from now on."""
        with self.workspace.lock:
            self.workspace.revoked.add(object_id)

    def restore_access(self, object_id: str) -> None:
        """Share a page or database again."""
        with self.workspace.lock:
            self.workspace.revoked.discard(object_id)

    def purge(self, page_id: str) -> None:
        """Delete a page for ever, as a person may in the trash: 404 from now on, and gone from all relations."""
        with self.workspace.lock:
            store = self.workspace.store
            for page in store.every(Page):
                values = {name: _without(value, page_id) for name, value in page.values.items()}
                if values != page.values:
                    store.put(replace(page, values=values))
            store.delete(Page, page_id)
            store.commit()

    def subscribe_webhook(self, url: str) -> str:
        """Send webhooks to an address and return the key of their signatures, after the handshake."""
        return self.workspace.webhooks.subscribe(url).token

    def deliver_webhooks(self) -> int:
        """Deliver the events so far (aggregated, some twice, shuffled); return how many were accepted."""
        return self.workspace.deliver_webhooks()

    def stop(self) -> None:
        """Stop answering and close the data file. Safe to call twice."""
        self._server.stop()
        self.workspace.store.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _without(value: Json, page_id: str) -> Json:
    """The value of a property without a link to the page."""
    return [item for item in value if item != page_id] if isinstance(value, list) else value
