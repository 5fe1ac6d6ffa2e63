"""The body of a webhook: who, what and where, but never a value (documented)."""

from __future__ import annotations

import hashlib
import hmac

from sync_engine.sandbox.call import V2026
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Database, DataSource, Page, User
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.webhooks.aggregate import Told


def envelope(store: Store, told: Told, event_id: str, subscription_id: str, integration_id: str) -> JsonObject:
    """Return the body of one event, for a first attempt."""
    event = told.event
    return {
        "id": event_id,
        "timestamp": page_time(event.at),
        "workspace_id": store.setting("workspace_id"),
        "workspace_name": store.setting("workspace_name"),
        "subscription_id": subscription_id,
        "integration_id": integration_id,
        "authors": [{"id": author, "type": _author_type(store, author)} for author in told.authors],
        "attempt_number": 1,
        "api_version": V2026,
        "type": event.kind,
        "entity": {"id": event.entity_id, "type": event.entity},
        "data": {"parent": _parent(store, event.entity_id), **event.data},
    }


def signature(token: str, body: bytes) -> str:
    """Return the `X-Notion-Signature` of a raw body."""
    return "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def _author_type(store: Store, user_id: str) -> str:
    user = store.find(User, user_id)
    return user.type if user else "person"


def _parent(store: Store, entity_id: str) -> JsonObject:
    source = store.find(DataSource, entity_id)
    if source is not None:
        return {"id": source.database_id, "type": "database"}
    record = store.find(Page, entity_id) or store.find(Database, entity_id)
    if record is None or record.parent.type == "workspace":
        return {"id": store.setting("workspace_id"), "type": "space"}
    if record.parent.type == "data_source_id":
        home = store.find(DataSource, record.parent.id)
        database_id = home.database_id if home else ""
        return {"id": database_id, "type": "database", "data_source_id": record.parent.id}
    return {"id": record.parent.id, "type": "page"}
