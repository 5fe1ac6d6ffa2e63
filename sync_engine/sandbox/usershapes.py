"""Users as the API shows them: whole, or only `{object, id}`."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import User

MAX_UPLOAD = 5_242_880
"""Bytes; what a free workspace reports (recorded)."""


def user_reference(user_id: str) -> JsonObject:
    """Show the author of a page, block or data source: never more than the id (recorded)."""
    return {"object": "user", "id": user_id}


def user_shape(call: Call, user: User, *, whole_bot: bool = False) -> JsonObject:
    """Show a user. Bots are `{}` inside except the connection itself (`whole_bot`); email by capability."""
    shape: JsonObject = {"object": "user", "id": user.id, "name": user.name, "avatar_url": user.avatar_url}
    shape["type"] = user.type
    if user.type == "person":
        seen = "read_user_email" in call.actor.token.capabilities and user.email
        shape["person"] = {"email": user.email} if seen else {}
    else:
        shape["bot"] = _bot(call) if whole_bot else {}
    return shape


def person_value(call: Call, user_id: str) -> JsonObject:
    """Show one user of a people property: a whole user, or a reference when the user is gone."""
    user = call.store.find(User, user_id)
    return user_shape(call, user) if user else user_reference(user_id)


def _bot(call: Call) -> JsonObject:
    return {
        "owner": {"type": "workspace", "workspace": True},
        "workspace_name": call.store.setting("workspace_name"),
        "workspace_id": call.store.setting("workspace_id"),
        "workspace_limits": {"max_file_upload_size_in_bytes": MAX_UPLOAD},
    }
