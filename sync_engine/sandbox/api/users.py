"""GET users, users/me, users/{id}."""

from __future__ import annotations

from sync_engine.sandbox.access import path_id, require
from sync_engine.sandbox.apierrors import user_not_found
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import User
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_query, sliced
from sync_engine.sandbox.usershapes import user_shape


def me(call: Call) -> JsonObject:
    """Show who the token acts as: the connection's bot, or the person of a personal token."""
    return user_shape(call, call.store.take(User, call.actor.user_id), whole_bot=True)


def retrieve(call: Call) -> JsonObject:
    """Show one user."""
    require(call, "read_users")
    user = call.store.find(User, path_id(call, "user_id"))
    if user is None:
        raise user_not_found(path_id(call, "user_id"), call.integration_id)
    return user_shape(call, user, whole_bot=user.id == call.actor.user_id)


def index(call: Call) -> JsonObject:
    """List the members and bots; guests are left out (documented)."""
    require(call, "read_users")
    users = [user for user in call.store.every(User) if user.listed]
    size, cursor = page_size_of_query(call), call.asked("start_cursor")
    page, following = sliced(users, [user.id for user in users], cursor, size)
    return list_shape("user", [_listed(call, user) for user in page], following)


def _listed(call: Call, user: User) -> JsonObject:
    """Show a user of the list; there a person's email says whether it is verified (recorded since July 2026)."""
    shape = user_shape(call, user, whole_bot=user.id == call.actor.user_id)
    if shape.get("person"):
        shape["person"]["email_verified"] = True
    return shape
