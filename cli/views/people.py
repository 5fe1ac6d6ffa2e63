"""Who did something, in a word."""

from __future__ import annotations

from sync_engine.domain.values import Json

_NAMES = (
    "name",
    "actor",
    "sub",
    "subject",
    "email",
    "application_name",
    "application",
    "role",
    "notion_user",
    "id",
)
"""Keys of an actor, the most telling first."""


def actor_name(actor: Json) -> str:
    """The most telling name of an actor; a dash when there is none."""
    if not isinstance(actor, dict):
        return str(actor) if actor else "–"
    return next((str(actor[key]) for key in _NAMES if actor.get(key)), "–")
