"""Cost: what a rollback takes in requests, and whose edits it touches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable

from sync_engine.domain.compensation import Compensation, Remedy, Status
from sync_engine.domain.record import Presence
from sync_engine.domain.values import JsonObject
from sync_engine.engine.passes.look_again import BATCH
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter

_AT_ONCE = 1000


def requests_of(plan: Iterable[Compensation], updates: int = 0) -> int:
    """Requests to Notion: the writes, and the looks before them, of which one query does many. `updates`: pages
    to be updated beside those of the plan."""
    writes = [_writes(item) for item in plan if item.status is Status.UNDO]
    looked = sum(1 for count in writes if count == 1) + updates
    return sum(writes) + updates + -(-looked // BATCH)


def _writes(item: Compensation) -> int:
    record = item.record
    if item.remedy is Remedy.REVIVE and record.page_id and record.notion_presence is Presence.GONE:
        return 2  # out of the trash, then what it does not show
    return int(record.notion_presence is Presence.PRESENT)


def people_of(uow: UnitOfWork, seqs: Collection[int]) -> list[JsonObject]:
    """Who made these changes, the most first: `{"actor", "edits"}`; the engine's own writes do not count."""
    counts: Counter[str] = Counter()
    ordered = sorted(seqs)
    for start in range(0, len(ordered), _AT_ONCE):
        for event in uow.events.find(EventFilter(seqs=tuple(ordered[start : start + _AT_ONCE]))):
            if not event.origin:
                counts[json.dumps(event.actor, sort_keys=True)] += 1
    return [{"actor": json.loads(actor), "edits": edits} for actor, edits in counts.most_common()]
