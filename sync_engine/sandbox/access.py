"""Finding what a connection may see; everything else is the same 404."""

from __future__ import annotations

from sync_engine.sandbox.apierrors import invalid, restricted
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json
from sync_engine.sandbox.model import Block, Database, DataSource, Page
from sync_engine.sandbox.shapes.parents import above, trashed
from sync_engine.sandbox.validation import want_uuid

Placed = Page | Database | DataSource | Block


def visible(call: Call, record: Placed) -> bool:
    """Return whether neither the object nor anything above it was taken away from the connection."""
    if not call.revoked:
        return True
    at: Placed | None = record
    while at is not None:
        if at.id in call.revoked:
            return False
        at = above(call.store, at)
    return True


def path_id(call: Call, name: str) -> str:
    """Return a uuid of the path, dashed; 400 when it is none."""
    return want_uuid(f"path.{name}", call.path.get(name, UNDEFINED))


def page_of(call: Call, page_id: str) -> Page:
    """Return a page, or raise the 404."""
    page = call.store.find(Page, page_id)
    if page is None or not visible(call, page):
        raise call.missing("page", page_id)
    return page


def database_of(call: Call, database_id: str) -> Database:
    """Return a database, or raise the 404."""
    database = call.store.find(Database, database_id)
    if database is None or not visible(call, database):
        raise call.missing("database", database_id)
    return database


def source_of(call: Call, source_id: str) -> DataSource:
    """Return a data source, or raise the 404; a database's id is not a data source's (recorded)."""
    source = call.store.find(DataSource, source_id)
    if source is None or not visible(call, source):
        raise call.missing("data_source", source_id)
    return source


def require(call: Call, capability: str) -> None:
    """Raise 403 when the connection lacks a capability."""
    if capability not in call.actor.token.capabilities:
        raise restricted()


def refuse_trashed(call: Call, record: Placed, flag: Json) -> None:
    """Raise the 400 of an edit in the trash, unless the request itself sets the trash flag."""
    if flag is None and trashed(call.store, record):
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
