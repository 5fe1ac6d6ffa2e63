"""Who did something, in a word."""

from __future__ import annotations

from sync_engine.domain.values import Json

_NAMES = (
    "name",
    "sub",
    "set_role",
    "role",
    "app",
    "notion_user",
)
"""Keys of an actor, the most telling first: a name that an application or a person gave (`SET LOCAL
sync_engine.actor`, Notion's name of the person), the subject of a JWT, a role, an application, a bare id."""


def actor_name(actor: Json) -> str:
    """The most telling name of an actor; a dash when there is none."""
    if not isinstance(actor, dict):
        return str(actor) if actor else "–"
    return next((str(actor[key]) for key in _NAMES if actor.get(key)), "–")
