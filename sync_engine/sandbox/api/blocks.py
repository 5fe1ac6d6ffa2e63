"""GET, PATCH and DELETE blocks/{id}."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import path_id, refuse_trashed, require, visible
from sync_engine.sandbox.blockcontent import content_in
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.model import Block, Database, Page
from sync_engine.sandbox.shapes.blocks import block_shape
from sync_engine.sandbox.validation import refuse_unknown, want_bool, want_object

BlockLike = Block | Page | Database


def block_of(call: Call) -> BlockLike:
    """Return the block, page or database of the path, or raise the 404."""
    block_id = path_id(call, "block_id")
    store = call.store
    found = store.find(Block, block_id) or store.find(Page, block_id) or store.find(Database, block_id)
    if found is None or not visible(call, found):
        raise call.missing("block", block_id)
    return found


def retrieve(call: Call) -> JsonObject:
    """Show a block."""
    require(call, "read_content")
    return block_shape(call, block_of(call))


def delete(call: Call) -> JsonObject:
    """Put a block, page or database in the trash; nothing is ever deleted for good (documented)."""
    require(call, "update_content")
    return block_shape(call, set_trash(call, block_of(call), True))


def update(call: Call) -> JsonObject:
    """Change a block; of pages and databases only the trash flag."""
    require(call, "update_content")
    record = block_of(call)
    flag = call.trash_flag()
    refuse_trashed(call, record, flag)
    if isinstance(record, (Page, Database)):
        refuse_unknown(call.body, call.allowed("in_trash", "child_page", "child_database", "type"))
    else:
        record = _changed(call, record)
    if flag is not None:
        record = set_trash(call, record, want_bool("body.in_trash", flag))
    return block_shape(call, record)


def _changed(call: Call, block: Block) -> Block:
    """Change the content of a block; its type cannot change."""
    refuse_unknown(call.body, call.allowed(block.type, "type", "in_trash"))
    if block.type not in call.body:
        return block
    path = f"body.{block.type}"
    content = content_in(path, block.type, want_object(path, call.body[block.type]), block.content)
    changed = replace(block, content=content, edited=call.minute, edited_by=call.actor.user_id)
    call.store.put(changed)
    return changed


def set_trash(call: Call, record: BlockLike, flag: bool) -> BlockLike:
    """Move a record in or out of the trash and say so."""
    edited = call.now if isinstance(record, Database) else call.minute
    changed: BlockLike = replace(record, in_trash=flag, edited=edited, edited_by=call.actor.user_id)
    if isinstance(changed, Page):
        changed = replace(changed, touched=call.now)
    call.store.put(changed)
    if isinstance(changed, (Page, Database)):
        kind = "page" if isinstance(changed, Page) else "database"
        call.emit(f"{kind}.deleted" if flag else f"{kind}.undeleted", kind, changed.id, {})
    return changed
