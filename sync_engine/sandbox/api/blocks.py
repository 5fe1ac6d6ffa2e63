"""GET, PATCH and DELETE blocks/{id}, GET blocks/{id}/children."""

from __future__ import annotations

from dataclasses import replace

from sync_engine.sandbox.access import path_id, require, visible
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json, JsonObject
from sync_engine.sandbox.model import Block, Database, Page
from sync_engine.sandbox.shapes.blocks import block_shape
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_query, sliced
from sync_engine.sandbox.validation import refuse_unknown, want_bool

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
    if isinstance(record, (Page, Database)):
        refuse_unknown(call.body, call.allowed("in_trash", "child_page", "child_database", "type"))
    if flag is not None:
        record = set_trash(call, record, want_bool("body.in_trash", flag))
    return block_shape(call, record)


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


def children(call: Call) -> JsonObject:
    """List what is directly under a page or block, in order."""
    record = block_of(call)
    found: list[BlockLike] = [
        *call.store.children(Block, record.id),
        *call.store.children(Page, record.id),
        *call.store.children(Database, record.id),
    ]
    live = sorted((each for each in found if not each.in_trash), key=_place)
    size, cursor = page_size_of_query(call), call.asked("start_cursor")
    page, following = sliced(live, [each.id for each in live], cursor, size)
    shown: list[Json] = [block_shape(call, each) for each in page]
    return list_shape("block", shown, following)


def _place(record: BlockLike) -> float:
    if isinstance(record, Block):
        return record.order
    return float(record.seq) if isinstance(record, Page) else record.created / 1e6
