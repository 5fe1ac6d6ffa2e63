"""The workspace port over Notion's HTTP API."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import httpx

from sync_engine.adapters.notion.authors import Authors
from sync_engine.adapters.notion.bodies import Bodies
from sync_engine.adapters.notion.budget import Budget, BudgetState
from sync_engine.adapters.notion.client import BearerToken, NotionClient
from sync_engine.adapters.notion.databases import Databases
from sync_engine.adapters.notion.keys import PropertySpelling
from sync_engine.adapters.notion.reading import Reader
from sync_engine.adapters.notion.writing import Writer
from sync_engine.domain.lanes import Lane
from sync_engine.domain.retry import RetryPolicy
from sync_engine.domain.schema import DataSource
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import ConfigurationError
from sync_engine.ports.clock import Clock
from sync_engine.ports.ledger import RequestLedger
from sync_engine.ports.workspace import Author, Page, PageBatch, RequestCounts

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_CONNECTIONS = 10

_log = logging.getLogger(__name__)


class NotionWorkspace:
    """All threads of a process share one instance: one budget, one pause, one set of connections."""

    def __init__(self, client: NotionClient, clock: Clock) -> None:
        # Filters and bodies may take different spellings: each side learns its own.
        self._client = client
        self._authors = Authors(client, clock)
        self._databases = Databases(client, clock)
        self._bodies = Bodies(client)
        self._reader = Reader(client, self._authors, PropertySpelling())
        self._writer = Writer(client, self._reader, PropertySpelling())

    def whoami(self) -> Author:
        """This connection's user; asked for once."""
        return self._authors.me()

    def data_source(self, data_source_id: str) -> DataSource:
        """Schema of a data source."""
        return self._databases.data_source(data_source_id)

    def data_sources_of(self, database_id: str) -> Sequence[str]:
        """Ids of the data sources in a database; NotionRejected for a linked view."""
        return self._databases.data_sources_of(database_id)

    def child_databases(self, parent_page_id: str) -> Sequence[tuple[str, str]]:
        """(database id, title) of the databases directly under a page."""
        return self._databases.children_of(parent_page_id)

    def create_database(self, parent_page_id: str, title: str, icon: str, properties: JsonObject) -> DataSource:
        """Create a database with its first data source; never repeated when its answer is lost."""
        return self._databases.create(parent_page_id, title, icon, properties)

    def restore_database(self, database_id: str) -> None:
        """Take a database out of the trash; its pages come back with it."""
        self._databases.restore(database_id)

    def update_properties(self, data_source_id: str, properties: JsonObject) -> DataSource:
        """Change the schema; after a lost answer only what is still missing is sent again."""
        return self._databases.change(data_source_id, properties)

    def changed_since(self, data_source_id: str, since: datetime | None) -> Iterator[PageBatch]:
        """Pages edited at `since`, floored to its minute, or later; see `scan.py` for why none is missed.

        The first batch's `served_at` is when the scan began by Notion's clock; each batch's `served_at` is when
        its pages were read, or later. All pages (since None) come by creation, changed ones by edit.
        """
        return self._reader.changed_since(data_source_id, since)

    def page(self, page_id: str) -> Page:
        """One page, trashed or not."""
        return self._reader.page(page_id)

    def named(self, page: Page) -> Page:
        """The page with its last editor known as well as can be; asks for users once."""
        return self._reader.named(page)

    def find_by_key(self, data_source_id: str, key_property_id: str, keys: Sequence[str]) -> Sequence[Page]:
        """Pages whose key property equals one of `keys`, by exact comparison."""
        return self._reader.find_by_key(data_source_id, key_property_id, keys)

    def create_page(self, data_source_id: str, properties: Mapping[str, Json]) -> Page:
        """Create a page; when Notion saved it without an answer but named it, it is read and returned."""
        return self._writer.create(data_source_id, properties)

    def update_page(self, page_id: str, properties: Mapping[str, Json]) -> Page:
        """Patch only the given properties; returns the page as stored."""
        return self._writer.update(page_id, properties)

    def trash_page(self, page_id: str) -> Page:
        """Move to the trash; already there is success."""
        return self._writer.set_trash(page_id, True)

    def restore_page(self, page_id: str) -> Page:
        """Take out of the trash; already out is success."""
        return self._writer.set_trash(page_id, False)

    def write_texts(self, page_id: str, name: str, texts: Sequence[tuple[str, str]]) -> None:
        """Have the body of a page hold these texts whole, in one toggle of that name; safe to repeat."""
        self._bodies.write(page_id, name, texts)

    def counts(self) -> RequestCounts:
        """Requests so far."""
        return self._client.counts()

    def clock_skew(self) -> timedelta:
        """Worst measured difference of the latest answers, half a round trip and a second added."""
        if (bound := self._client.skew.bound()) is None:
            self.whoami()
            bound = self._client.skew.bound()
        return bound if bound is not None else timedelta()

    def lane(self, lane: Lane) -> AbstractContextManager[None]:
        """Requests of this thread inside the block take their turn in that lane (interactive outside)."""
        return self._client.lane(lane)

    def guarded(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """`check` is called before each request of any thread inside the block; what it raises ends the call."""
        return self._client.guarded(check)

    def budget(self) -> BudgetState:
        """How much of the request budget is used now."""
        return self._client.budget()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def open_workspace(
    token: str,
    base_url: str,
    requests_per_minute: int | None,
    clock: Clock,
    *,
    ledger: RequestLedger | None = None,
    policy: RetryPolicy | None = None,
    jitter: Callable[[], float] = random.random,
    transport: httpx.BaseTransport | None = None,
) -> NotionWorkspace:
    """A workspace for one connection; nothing is sent yet.

    `requests_per_minute` None lifts the budget (a local Notion). The `ledger` counts the requests of all processes
    of the installation. `jitter` gives numbers in [0, 1); `transport` replaces the network in tests. Raises
    ConfigurationError for a token or address that cannot be used.
    """
    url = _checked_url(base_url)
    http = httpx.Client(
        auth=BearerToken(token),
        transport=transport,
        # A proxy from the environment must not stand between us and a Notion on this machine.
        trust_env=url.host not in _LOCAL_HOSTS,
        limits=httpx.Limits(max_connections=_CONNECTIONS),
    )
    policy = policy or RetryPolicy()
    client = NotionClient(
        http,
        str(url).rstrip("/"),
        clock=clock,
        budget=Budget(clock, requests_per_minute, patience=policy.patience, ledger=ledger),
        policy=policy,
        jitter=jitter,
    )
    return NotionWorkspace(client, clock)


def _checked_url(base_url: str) -> httpx.URL:
    hint = "NOTION_API_URL is an address like https://api.notion.com, without /v1"
    try:
        url = httpx.URL(base_url.strip().rstrip("/").removesuffix("/v1"))
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"NOTION_API_URL {base_url!r} is no address", hint=hint) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"NOTION_API_URL {base_url!r} is no http(s) address", hint=hint)
    if url.scheme == "http" and url.host not in _LOCAL_HOSTS:
        _log.warning("the Notion token goes to %s without encryption", url.host)
    return url
