"""The jsonb and one-letter forms in which the engine's tables hold sides, presences, pending changes and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sync_engine.domain.events import Side
from sync_engine.domain.record import PendingChange, Presence
from sync_engine.domain.times import Interval

SIDE_CODES = {Side.POSTGRES: "p", Side.NOTION: "n"}
SIDES = {code: side for side, code in SIDE_CODES.items()}

PRESENCE_CODES = {Presence.ABSENT: "a", Presence.PRESENT: "p", Presence.GONE: "g", Presence.OUTSIDE: "o"}
PRESENCES = {code: presence for presence, code in PRESENCE_CODES.items()}


def pending_to_json(changes: Mapping[str, PendingChange]) -> dict[str, Any]:
    """`{field: {"value", "since", "seq"[, "until"][, "actor"][, "origin"]}}`; what is empty is left out."""
    return {name: _change_to_json(change) for name, change in changes.items()}


def pending_from_json(stored: Mapping[str, Any]) -> dict[str, PendingChange]:
    """The inverse of `pending_to_json`."""
    return {name: _change_from_json(change) for name, change in stored.items()}


def _change_to_json(change: PendingChange) -> dict[str, Any]:
    since, until = change.at.since, change.at.until
    stored: dict[str, Any] = {"value": change.value, "since": since, "seq": change.seq}
    if until != since:
        stored["until"] = until
    if change.actor:
        stored["actor"] = change.actor
    if change.origin:
        stored["origin"] = change.origin
    return stored


def _change_from_json(stored: Mapping[str, Any]) -> PendingChange:
    since = datetime.fromisoformat(stored["since"])
    until = stored.get("until")
    return PendingChange(
        value=stored["value"],
        at=Interval(since, since if until is None else datetime.fromisoformat(until)),
        actor=stored.get("actor", {}),
        seq=stored["seq"],
        origin=stored.get("origin", ""),
    )
