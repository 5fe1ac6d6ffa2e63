"""The Notion side as the engine sees it: data sources, pages, and writes that may or may not have happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sync_engine.domain.lanes import Lane
from sync_engine.domain.schema import DataSource
from sync_engine.domain.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Author:
    """Who last edited a page. `name` may be empty (partial user); `is_self` is this connection."""

    id: str
    name: str = ""
    is_self: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One row of a data source. `properties` are raw property values by property id (as returned, encoded).

    Relation and people values are complete (paged where Notion truncates them at 25). In a listing,
    `last_edited_by` may be an id only, and `is_self` not known (`Workspace.named`).
    """

    id: str
    data_source_id: str
    properties: Mapping[str, Json]
    created_time: datetime
    last_edited_time: datetime
    last_edited_by: Author
    in_trash: bool = False
    is_archived: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class PageBatch:
    """Up to 100 pages of one query answer. `served_at` is Notion's own clock (HTTP `Date`)."""

    pages: Sequence[Page]
    served_at: datetime


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """HTTP requests since the workspace was opened."""

    total: int = 0
    retried: int = 0
    rate_limited: int = 0


class BudgetUse(Protocol):
    """How full the request budget is: `used` of `limit` requests in the last minute (None: unlimited), and the
    seconds of a pause that Notion asked for."""

    @property
    def used(self) -> int: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def paused(self) -> float: ...


class Workspace(Protocol):
    """All calls obey the budget, retry what is safe to retry, and raise NotionUnavailable, NotionRejected,
    NotionNotFound or ConnectionBlocked. A write that may have happened raises NotionUnavailable with
    `may_have_committed`; `create_page` is never repeated by the adapter itself."""

    def whoami(self) -> Author:
        """This connection's user."""
        ...

    def data_source(self, data_source_id: str) -> DataSource:
        """Schema of a data source. Raises NotionNotFound."""
        ...

    def data_sources_of(self, database_id: str) -> Sequence[str]:
        """Ids of the data sources in a database. Raises NotionNotFound."""
        ...

    def child_databases(self, parent_page_id: str) -> Sequence[tuple[str, str]]:
        """(database id, title) of the databases directly under a page; how `setup` finds what it made."""
        ...

    def create_database(self, parent_page_id: str, title: str, icon: str, properties: JsonObject) -> DataSource:
        """Create a database with its first data source. `properties` is Notion's schema form, by name."""
        ...

    def restore_database(self, database_id: str) -> None:
        """Take a database out of the trash, with its pages; already out is success. Raises NotionNotFound."""
        ...

    def update_properties(self, data_source_id: str, properties: JsonObject) -> DataSource:
        """Add, rename or change properties; Notion's schema PATCH form, by name or id."""
        ...

    def changed_since(self, data_source_id: str, since: datetime | None) -> Iterator[PageBatch]:
        """Pages with `last_edited_time >= since` (all when None), oldest edit first, until complete.

        At least one batch, possibly empty. Raises NotionUnavailable when it cannot be completed; a partial list
        never looks like a whole one. Trashed and archived pages are not among them.
        """
        ...

    def page(self, page_id: str) -> Page:
        """One page, trashed or not. Raises NotionNotFound."""
        ...

    def named(self, page: Page) -> Page:
        """The page with its last editor known as well as can be. Only needed for pages of listings and look-ups,
        which tell no more of him than Notion put into the listing."""
        ...

    def find_by_key(self, data_source_id: str, key_property_id: str, keys: Sequence[str]) -> Sequence[Page]:
        """Pages whose key property equals one of `keys`."""
        ...

    def create_page(self, data_source_id: str, properties: Mapping[str, Json]) -> Page:
        """Create a page; `properties` by property id."""
        ...

    def update_page(self, page_id: str, properties: Mapping[str, Json]) -> Page:
        """Patch only the given properties, by property id; returns the page as stored."""
        ...

    def trash_page(self, page_id: str) -> Page:
        """Move to the trash; already there is success."""
        ...

    def restore_page(self, page_id: str) -> Page:
        """Take out of the trash; already out is success."""
        ...

    def write_texts(self, page_id: str, name: str, texts: Sequence[tuple[str, str]]) -> None:
        """Have the body of a page hold these (label, text) whole, of any length, in one toggle of that name.

        Safe to repeat: what is there is completed, a toggle of another name replaced. What people wrote into the
        body stays. After NotionUnavailable a part of it may be there.
        """
        ...

    def counts(self) -> RequestCounts:
        """Requests so far."""
        ...

    def clock_skew(self) -> timedelta:
        """Bound on the difference between Notion's clock and this process' clock, as measured; never negative."""
        ...

    def lane(self, lane: Lane) -> AbstractContextManager[None]:
        """Requests of this thread inside the block wait for their turn in that lane (interactive outside)."""
        ...

    def guarded(self, check: Callable[[], None]) -> AbstractContextManager[None]:
        """While the block runs, `check` is called before each request of any thread; what it raises, the call
        raises, and nothing is sent."""
        ...

    def budget(self) -> BudgetUse:
        """How much of the request budget is used now."""
        ...
