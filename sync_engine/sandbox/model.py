"""The records the local Notion keeps; frozen, so a change is a new record and undo is the old one.

Times are milliseconds since 1970, already cut to the minute where Notion cuts them. Property values are
kept in their stored form (see `properties/`): option ids, user ids, page ids, runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sync_engine.sandbox.jsontypes import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Parent:
    """Where an object hangs. `type` is `workspace`, `page_id`, `database_id`, `data_source_id`, `block_id`."""

    type: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot of the workspace. `email` only for persons."""

    id: str
    name: str
    type: str
    email: str = ""
    avatar_url: str | None = None
    listed: bool = True
    """False for a guest: readable by id, absent from the list (documented)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A way in: acts as `user_id`; 404 texts name the connection; the budget is counted per id."""

    id: str
    secret: str
    user_id: str
    connection: str
    capabilities: tuple[str, ...] = ()
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a data source. `id` is the decoded form; `config` the stored schema entry."""

    id: str
    name: str
    type: str
    config: JsonObject = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """The container of data sources. `created` and `edited` keep their milliseconds (recorded)."""

    id: str
    parent: Parent
    created: int
    edited: int
    created_by: str
    edited_by: str
    data_sources: tuple[str, ...]
    seq: int = 0
    title: list[Json] = field(default_factory=list)
    description: list[Json] = field(default_factory=list)
    icon: Json = None
    cover: Json = None
    is_inline: bool = False
    is_locked: bool = False
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class DataSource:
    """A table: its schema by decoded property id, and the counter of its `unique_id`."""

    id: str
    database_id: str
    created: int
    edited: int
    created_by: str
    edited_by: str
    properties: dict[str, Property]
    title: list[Json] = field(default_factory=list)
    icon: Json = None
    cover: Json = None
    in_trash: bool = False
    counter: int = 0
    revision: int = 0
    """Grows with each change of the schema; rendered pages are cached under it."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page. `values` maps decoded property id to stored value; absent means empty."""

    id: str
    parent: Parent
    created: int
    edited: int
    created_by: str
    edited_by: str
    seq: int
    values: dict[str, Json] = field(default_factory=dict)
    number: int = 0
    icon: Json = None
    cover: Json = None
    in_trash: bool = False
    is_archived: bool = False
    is_locked: bool = False
    touched: int = 0
    """When it last changed, to the millisecond; only the lag of the search looks at it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page's content. `order` sorts the children of one parent."""

    id: str
    parent: Parent
    type: str
    content: JsonObject
    created: int
    edited: int
    created_by: str
    edited_by: str
    order: float
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a page or block, in a discussion."""

    id: str
    parent: Parent
    discussion_id: str
    created: int
    edited: int
    created_by: str
    rich_text: list[Json]
    order: int
    display_name: JsonObject = field(default_factory=dict)
    attachments: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was announced, and its length once it was sent; the content is not kept."""

    id: str
    created: int
    created_by: str
    mode: str
    seq: int
    filename: str | None = None
    content_type: str | None = None
    length: int | None = None
    status: str = "pending"


@dataclass(frozen=True, slots=True)
class Setting:
    """One named value of the workspace itself, such as the id of its parent page."""

    id: str
    value: Json


Record: TypeAlias = User | Token | Database | DataSource | Page | Block | Comment | Upload | Setting
