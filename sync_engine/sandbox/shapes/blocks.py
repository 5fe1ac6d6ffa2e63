"""Blocks as the API shows them; pages and databases seen as blocks too."""

from __future__ import annotations

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.clock import minute_floor, page_time
from sync_engine.sandbox.jsontypes import JsonObject
from sync_engine.sandbox.mentions import runs_out
from sync_engine.sandbox.model import Block, Database, Page
from sync_engine.sandbox.richtext import plain_text
from sync_engine.sandbox.shapes.databases import UNTITLED
from sync_engine.sandbox.shapes.pages import title_text
from sync_engine.sandbox.shapes.parents import parent_shape, trashed
from sync_engine.sandbox.usershapes import user_reference


def block_shape(call: Call, record: Block | Page | Database) -> JsonObject:
    """Show a block; a page is a `child_page`, a database a `child_database` (recorded)."""
    kind, content = _content(call, record)
    in_trash = trashed(call.store, record)
    shape: JsonObject = {
        "object": "block",
        "id": record.id,
        "parent": parent_shape(call.store, record.parent),
        "created_time": page_time(minute_floor(record.created)),
        "last_edited_time": page_time(minute_floor(record.edited)),
        "created_by": user_reference(record.created_by),
        "last_edited_by": user_reference(record.edited_by),
        "has_children": _has_children(call, record),
        "in_trash": in_trash,
        "type": kind,
        kind: content,
    }
    if call.legacy_archived:
        shape["archived"] = in_trash
    return shape


def _content(call: Call, record: Block | Page | Database) -> tuple[str, JsonObject]:
    if isinstance(record, Page):
        return "child_page", {"title": title_text(record)}
    if isinstance(record, Database):
        return "child_database", {"title": plain_text(record.title) or UNTITLED}
    return record.type, _shown_content(call, record.content)


def _shown_content(call: Call, content: JsonObject) -> JsonObject:
    """Show content with its mentions resolved and its icon as it is now."""
    shown = dict(content)
    for name in ("rich_text", "caption"):
        if name in shown:
            shown[name] = runs_out(call, shown[name])
    if "cells" in shown:
        shown["cells"] = [runs_out(call, cell) for cell in shown["cells"]]
    return shown


def _has_children(call: Call, record: Block | Page | Database) -> bool:
    if isinstance(record, Database):
        return False
    if isinstance(record, Block) and (record.content.get("synced_from") or {}).get("block_id"):
        original = call.store.find(Block, record.content["synced_from"]["block_id"])
        return original is not None and _has_children(call, original)
    under: list[Block | Page | Database] = [
        *call.store.children(Block, record.id),
        *call.store.children(Page, record.id),
        *call.store.children(Database, record.id),
    ]
    return any(not each.in_trash for each in under)
