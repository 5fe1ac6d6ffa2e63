"""One change as a webhook will tell of it."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.sandbox.jsontypes import JsonObject


@dataclass(frozen=True, slots=True)
class Event:
    """A change. `kind` is such as `page.properties_updated`, `entity` such as `page`; `at` in milliseconds."""

    kind: str
    entity: str
    entity_id: str
    data: JsonObject
    author: str
    at: int
