"""Parents, addresses and the trash of ancestors, shared by all shapes."""

from __future__ import annotations

import re

from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Block, Database, DataSource, Page, Parent
from sync_engine.sandbox.store import Store

HOST = "https://www.notion.so"
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]+")


def parent_shape(store: Store, parent: Parent) -> JsonObject:
    """Show a parent; a row's names both its data source and its database (recorded)."""
    if parent.type == "workspace":
        return {"type": "workspace", "workspace": True}
    shape: JsonObject = {"type": parent.type, parent.type: parent.id}
    if parent.type == "data_source_id":
        source = store.find(DataSource, parent.id)
        shape["database_id"] = source.database_id if source else None
    return shape


def page_url(page_id: str, title: str) -> str:
    """Return `https://www.notion.so/Some-Title-<32 hex>`; never to be parsed by a client."""
    slug = _NOT_WORD.sub("-", title).strip("-")
    return f"{HOST}/{slug + '-' if slug else ''}{page_id.replace('-', '')}"


def database_url(database_id: str) -> str:
    """Return a database's address; its data sources have the same."""
    return f"{HOST}/{database_id.replace('-', '')}"


def above(
    store: Store, record: Page | Database | DataSource | Block
) -> Page | Database | DataSource | Block | None:
    """Return the object that a record hangs under, or None at the top."""
    if isinstance(record, DataSource):
        return store.find(Database, record.database_id)
    parent = record.parent
    if parent.type == "data_source_id":
        return store.find(DataSource, parent.id)
    if parent.type == "page_id":
        return store.find(Page, parent.id)
    if parent.type == "database_id":
        return store.find(Database, parent.id)
    if parent.type == "block_id":
        return store.find(Block, parent.id)
    return None


def trashed(store: Store, record: Page | Database | DataSource | Block) -> bool:
    """Return whether the object or anything above it is in the trash (documented)."""
    at: Page | Database | DataSource | Block | None = record
    while at is not None:
        if at.in_trash:
            return True
        at = above(store, at)
    return False
