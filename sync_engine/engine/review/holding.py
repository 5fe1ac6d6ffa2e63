"""Held records: what waits for a person, letting it go on, or giving up its change."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.domain.times import iso
from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.passes.holds import MATCH, let_go
from sync_engine.engine.passes.match_unlinked import UNMATCHED
from sync_engine.engine.passes.pingpong import try_again
from sync_engine.errors import UsageError
from sync_engine.ports.held import HeldRecord
from sync_engine.ports.rows import CASCADE

DELETES = ("delete", "trash")
"""Operations of held records that a person approves by retrying them."""


def held_list(context: Context) -> Sequence[JsonObject]:
    """As `held list --json` prints it."""
    with context.database.transaction() as uow:
        return [held_json(context, item) for item in uow.held.find()]


def held_json(context: Context, item: HeldRecord) -> JsonObject:
    """One held record (`cli.md`)."""
    mapping = context.by_id.get(item.mapping)
    return {
        "id": item.id,
        "table": mapping.name if mapping else str(item.mapping),
        "key": item.key,
        "side": item.side.value,
        "op": item.op,
        "reason": item.reason,
        "constraint": item.constraint,
        "waiting_for": item.waiting_for,
        "attempts": item.attempts,
        "since": iso(item.since) if item.since else None,
    }


def retry_held(context: Context, held_ids: Sequence[int]) -> int:
    """Release these; the next `sync` tries them again. Returns how many. Raises UsageError for an unknown id.

    A held delete is approved by that: it is applied. Where it would take rows of tables along that are not synced,
    it is held once more with that reason, and a retry of that one applies it. A field that one side cannot take
    stays listed, because trying again does not change what it holds; one that was held because it flipped is tried
    again. A record that had no counterpart is made on the other side; one that fits several stays held.
    """
    with context.database.transaction() as uow:
        found = {item.id: item for item in uow.held.find()}
        unknown = [held_id for held_id in held_ids if held_id not in found]
        if unknown:
            raise UsageError(f"nothing is held under {unknown[0]}", hint="`held list` shows what is")
        wanted = [found[held_id] for held_id in held_ids]
        uow.held.release([item.record_id for item in wanted if item.mapping not in context.by_id])
        for mapping in context.mappings:
            some = [item for item in wanted if item.mapping == mapping.id]
            for item in some:
                if item.op in DELETES:
                    uow.brakes.approve_delete(
                        mapping.id, item.record_id, item.side, cascades=item.constraint == CASCADE
                    )
            alone = [item for item in some if item.op == MATCH and item.constraint == UNMATCHED]
            uow.held.release([item.record_id for item in alone])
            records = uow.records.by_id([item.record_id for item in some])
            run_id = context.ids.new_id()
            let_go(uow, mapping, [try_again(uow, record, run_id) for record in records.values()])
    return len(held_ids)
