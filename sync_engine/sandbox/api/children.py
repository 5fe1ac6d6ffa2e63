"""GET and PATCH blocks/{id}/children, and the children that a new page may bring."""

from __future__ import annotations

from sync_engine.sandbox.access import refuse_trashed, require
from sync_engine.sandbox.api.blocks import BlockLike, block_of
from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.blockcontent import TYPES, content_in
from sync_engine.sandbox.call import V2026, Call
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.model import Block, Database, Page, Parent
from sync_engine.sandbox.shapes.blocks import block_shape
from sync_engine.sandbox.shapes.lists import list_shape, page_size_of_query, sliced
from sync_engine.sandbox.validation import (
    bad,
    one_key,
    refuse_unknown,
    stated_type,
    want_list,
    want_object,
    want_one_of,
    want_uuid,
)

_DEEPEST = 2
"""Levels of children in one request (documented)."""


def index(call: Call) -> JsonObject:
    """List what is directly under a page or block, in order."""
    require(call, "read_content")
    live = _live_children(call, block_of(call).id)
    size, cursor = page_size_of_query(call), call.asked("start_cursor")
    page, following = sliced(live, [each.id for each in live], cursor, size)
    shown: list[Json] = [block_shape(call, each) for each in page]
    return list_shape("block", shown, following)


def append(call: Call) -> JsonObject:
    """Add blocks; `after` until 2025-09-03, `position` since 2026-03-11 (documented).

    The answer lists the new blocks and all that follow them under the same parent (recorded).
    """
    require(call, "insert_content")
    record = block_of(call)
    refuse_trashed(call, record, None)
    refuse_unknown(call.body, ("children", "position" if call.version >= V2026 else "after"))
    if isinstance(record, Database):
        raise invalid("Block does not support children.")
    children = want_list("body.children", call.body.get("children", UNDEFINED))
    parent = Parent("page_id" if isinstance(record, Page) else "block_id", record.id)
    low, high = _gap(call, record.id)
    made = add_children(call, parent, children, "body.children", low, high)
    if isinstance(record, Page):
        call.emit("page.content_updated", "page", record.id, {})
    shown = _live_children(call, record.id)
    first = next((place for place, each in enumerate(shown) if made and each.id == made[0].id), len(shown))
    return list_shape("block", [block_shape(call, each) for each in shown[first:]], None)


def add_children(
    call: Call, parent: Parent, raw: list[Json], path: str, low: float, high: float, depth: int = 0
) -> list[Block]:
    """Make blocks under a parent, placed between `low` and `high`; return those at the top."""
    made: list[Block] = []
    step = (high - low) / (len(raw) + 1)
    for number, item in enumerate(raw):
        place = low + step * (number + 1)
        made.append(_one(call, parent, want_object(f"{path}[{number}]", item), f"{path}[{number}]", place, depth))
    return made


def _one(call: Call, parent: Parent, raw: JsonObject, path: str, place: float, depth: int) -> Block:
    kind = stated_type(path, raw) or one_key(path, raw, TYPES)
    inner = want_object(f"{path}.{kind}", raw.get(kind, UNDEFINED))
    block = Block(
        id=call.ids.uuid(),
        parent=parent,
        type=kind,
        content=content_in(f"{path}.{kind}", kind, inner),
        created=call.minute,
        edited=call.minute,
        created_by=call.actor.user_id,
        edited_by=call.actor.user_id,
        order=place,
    )
    call.store.put(block)
    under = inner.get("children", raw.get("children"))
    if under:
        if depth >= _DEEPEST:
            raise bad(f"{path}.{kind}.children", "not present", under)
        nested = want_list(f"{path}.{kind}.children", under)
        add_children(call, Parent("block_id", block.id), nested, f"{path}.{kind}.children", 0, 1, depth + 1)
    return block


def _live_children(call: Call, parent_id: str) -> list[BlockLike]:
    found: list[BlockLike] = [
        *call.store.children(Block, parent_id),
        *call.store.children(Page, parent_id),
        *call.store.children(Database, parent_id),
    ]
    return sorted((each for each in found if not each.in_trash), key=_place)


def _place(record: BlockLike) -> float:
    return record.order if isinstance(record, Block) else float(record.seq)


def _gap(call: Call, parent_id: str) -> tuple[float, float]:
    """Return the places between which new blocks go."""
    places = [_place(each) for each in _live_children(call, parent_id)]
    last = max([float(call.store.next_sequence()), *places])
    end = (last, last + 1)
    after = call.body.get("after")
    if call.body.get("position") is not None:
        position = want_object("body.position", call.body["position"])
        kind = want_one_of("body.position.type", position.get("type", UNDEFINED), ("start", "end", "after_block"))
        if kind == "start":
            return (places[0] - 1, places[0]) if places else end
        inner = want_object("body.position.after_block", position.get("after_block", {}))
        after = inner.get("id") if kind == "after_block" else None
    if after is None:
        return end
    wanted = want_uuid("body.after", after)
    before = call.store.find(Block, wanted) or call.store.find(Page, wanted) or call.store.find(Database, wanted)
    if before is None or before.parent.id != parent_id:
        raise call.missing("block", wanted)
    later = [place for place in places if place > _place(before)]
    return (_place(before), later[0]) if later else end
