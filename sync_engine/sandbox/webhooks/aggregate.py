"""Many events become few: what happened to one object in a while is told once, opposites cancel out.

Documented: events are aggregated per object, and opposite ones may collapse to the net result or to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.webhooks.events import Event

_OPPOSITES = {"deleted": "undeleted", "undeleted": "deleted", "locked": "unlocked", "unlocked": "locked"}
_MERGED = ("properties_updated", "schema_updated", "content_updated", "updated", "moved")


@dataclass(slots=True)
class Told:
    """One event to deliver, with everyone who had a part in it."""

    event: Event
    authors: list[str] = field(default_factory=list)


def aggregated(events: Iterable[Event]) -> list[Told]:
    """Return what is left to tell, in the order in which it last happened."""
    by_entity: dict[str, list[Told]] = {}
    for event in events:
        _add(by_entity.setdefault(event.entity_id, []), event)
    left = [told for group in by_entity.values() for told in group]
    return sorted(left, key=lambda told: told.event.at)


def _add(group: list[Told], event: Event) -> None:
    action = event.kind.rpartition(".")[2]
    created = next((told for told in group if told.event.kind.endswith(".created")), None)
    if action == "deleted" and created is not None:
        group.clear()
        return
    if created is not None and action in _MERGED:
        _join(created, event, created.event.data)
        return
    for told in group:
        known = told.event.kind.rpartition(".")[2]
        if known == _OPPOSITES.get(action):
            group.remove(told)
            return
        if known == action:
            _join(told, event, _union(told.event.data, event.data))
            return
    group.append(Told(event, [event.author]))


def _join(told: Told, event: Event, data: JsonObject) -> None:
    told.event = replace(told.event, data=data, at=event.at)
    if event.author not in told.authors:
        told.authors.append(event.author)


def _union(old: JsonObject, new: JsonObject) -> JsonObject:
    names: list[Json] = list(old.get("updated_properties", []))
    names += [each for each in new.get("updated_properties", []) if each not in names]
    return {**old, **new, **({"updated_properties": names} if names else {})}
