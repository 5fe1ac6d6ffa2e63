"""POST and GET comments, GET, PATCH and DELETE comments/{id}."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import page_of, path_id, require
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import page_time
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.mentions import runs_out
from sync_engine.sandbox.model import Block, Comment, Page, Parent, User
from sync_engine.sandbox.richtext import plain_run, runs_in
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_query, sliced
from sync_engine.sandbox.shapes.parents import parent_shape
from sync_engine.sandbox.usershapes import user_reference
from sync_engine.sandbox.validation import (
    one_key,
    refuse_unknown,
    want_object,
    want_one_of,
    want_string,
    want_uuid,
)

_NAMES = ("integration", "user", "custom")


def create(call: Call) -> JsonObject:
    """Comment on a page, whose comments form one discussion (recorded), on a block, or in a discussion."""
    require(call, "insert_comments")
    keys = ("parent", "discussion_id", "rich_text", "markdown", "attachments", "display_name")
    refuse_unknown(call.body, keys)
    parent, discussion = _place(call)
    comment = Comment(
        id=call.ids.uuid(),
        parent=parent,
        discussion_id=discussion or call.ids.uuid(),
        created=call.minute,
        edited=call.minute,
        created_by=call.actor.user_id,
        rich_text=_text(call),
        order=call.store.next_sequence(),
        display_name=_display_name(call),
    )
    call.store.put(comment)
    call.emit("comment.created", "comment", comment.id, {"page_id": parent.id})
    return _shape(call, comment)


def _place(call: Call) -> tuple[Parent, str | None]:
    if call.body.get("discussion_id") is not None:
        wanted = want_uuid("body.discussion_id", call.body["discussion_id"])
        for comment in call.store.every(Comment):
            if comment.discussion_id == wanted:
                return comment.parent, wanted
        raise call.missing("discussion", wanted)
    parent = want_object("body.parent", call.body.get("parent", UNDEFINED))
    kind = one_key("body.parent", parent, ("page_id", "block_id"))
    wanted = want_uuid(f"body.parent.{kind}", parent[kind])
    if kind == "page_id":
        page = page_of(call, wanted)
        begun = (each for each in call.store.every(Comment) if each.parent.id == page.id)
        return Parent("page_id", page.id), next((each.discussion_id for each in begun), None)
    if call.store.find(Block, wanted) is None and call.store.find(Page, wanted) is None:
        raise call.missing("block", wanted)
    return Parent("block_id", wanted), None


def _text(call: Call) -> list[Json]:
    if "markdown" in call.body:
        return [plain_run(want_string("body.markdown", call.body["markdown"], most=2000))]
    return runs_in("body.rich_text", call.body.get("rich_text", UNDEFINED))


def _display_name(call: Call) -> JsonObject:
    raw = call.body.get("display_name")
    if raw is None:
        return {"type": "integration", "resolved_name": call.actor.token.connection}
    given = want_object("body.display_name", raw)
    kind = want_one_of("body.display_name.type", given.get("type", UNDEFINED), _NAMES)
    if kind == "custom":
        custom = want_object("body.display_name.custom", given.get("custom", UNDEFINED))
        name = want_string("body.display_name.custom.name", custom.get("name", UNDEFINED))
        return {"type": "custom", "resolved_name": name}
    user = call.store.take(User, call.actor.user_id)
    return {"type": kind, "resolved_name": user.name}


def index(call: Call) -> JsonObject:
    """List the open comments of a page or block, oldest first."""
    require(call, "read_comments")
    block_id = want_uuid("query.block_id", call.asked("block_id") or UNDEFINED)
    page_or_block = call.store.find(Page, block_id) or call.store.find(Block, block_id)
    if page_or_block is None:
        raise call.missing("block", block_id)
    found = sorted(
        (each for each in call.store.every(Comment) if each.parent.id == block_id), key=lambda each: each.order
    )
    size, cursor = page_size_of_query(call), call.asked("start_cursor")
    page, following = sliced(found, [each.id for each in found], cursor, size)
    return list_shape("comment", [_shape(call, each) for each in page], following)


def retrieve(call: Call) -> JsonObject:
    """Show one comment."""
    require(call, "read_comments")
    return _shape(call, _found(call))


def update(call: Call) -> JsonObject:
    """Change the text of an own comment."""
    require(call, "insert_comments")
    refuse_unknown(call.body, ("rich_text", "markdown"))
    comment = replace(_found(call), rich_text=_text(call), edited=call.minute)
    call.store.put(comment)
    call.emit("comment.updated", "comment", comment.id, {"page_id": comment.parent.id})
    return _shape(call, comment)


def delete(call: Call) -> JsonObject:
    """Delete an own comment and show it a last time."""
    require(call, "insert_comments")
    comment = _found(call)
    call.store.delete(Comment, comment.id)
    call.emit("comment.deleted", "comment", comment.id, {"page_id": comment.parent.id})
    return _shape(call, comment)


def _found(call: Call) -> Comment:
    comment = call.store.find(Comment, path_id(call, "comment_id"))
    if comment is None:
        raise call.missing("comment", path_id(call, "comment_id"))
    return comment


def _shape(call: Call, comment: Comment) -> JsonObject:
    return {
        "object": "comment",
        "id": comment.id,
        "parent": parent_shape(call.store, comment.parent),
        "discussion_id": comment.discussion_id,
        "created_time": page_time(comment.created),
        "last_edited_time": page_time(comment.edited),
        "created_by": user_reference(comment.created_by),
        "rich_text": runs_out(call, comment.rich_text),
        "display_name": comment.display_name,
    }
