"""The result of a rollback, planned or done, and the document that tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.compensation import Compensation, Remedy, Status
from sync_engine.domain.events import Side
from sync_engine.domain.record import Presence
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.undo.cost import requests_of
from sync_engine.engine.undo.lone import lines_of
from sync_engine.ports.lone_edits import TakenRows


@dataclass
class RollbackResult:
    """Plan and outcome. `undone` and `blocked` count records; in a dry run nothing is undone. A rollback
    that was cut short and is given again has no plan: it went on with the old one. `rows` are those that were
    taken back in bulk, without a decision for each: a dry run has them in its plan."""

    rollback_id: str
    dry_run: bool
    plan: Sequence[Compensation]
    undone: int = 0
    failed: Mapping[int, str] = field(default_factory=dict)
    eta_seconds: float = 0.0
    people: Sequence[JsonObject] = ()
    rows: Sequence[TakenRows] = ()

    @property
    def blocked(self) -> int:
        """Records, or fields of them, that later edits protect, and records that refused."""
        return sum(1 for item in self.plan if item.blocked or item.status is Status.BLOCKED) + len(self.failed)

    @property
    def undoable(self) -> int:
        """Records that can be taken back."""
        return self.in_bulk + sum(1 for item in self.plan if item.status is Status.UNDO)

    @property
    def in_bulk(self) -> int:
        """Records taken back in bulk."""
        return sum(len(rows.records) for rows in self.rows)

    @property
    def requests(self) -> int:
        """Notion requests that the plan costs."""
        return requests_of(self.plan, self.in_bulk)

    def to_json(self) -> JsonObject:
        """The document that `rollback --json` prints."""
        lines: list[Json] = [*lines_of(self.rows, self.failed)]
        lines += [line for item in self.plan for line in _lines(item, self.failed)]
        return {
            "rollback_id": self.rollback_id,
            "dry_run": self.dry_run,
            "plan": lines,
            "undone": self.undone,
            "blocked": self.blocked,
            "requests": self.requests,
            "eta_seconds": round(self.eta_seconds, 1),
            "people": [*self.people],
        }


_OPS: Mapping[Remedy, Mapping[Side, str]] = {
    Remedy.SET_FIELDS: {Side.POSTGRES: "update", Side.NOTION: "update"},
    Remedy.REMOVE: {Side.POSTGRES: "delete", Side.NOTION: "trash"},
    Remedy.REMOVE_PAGE: {Side.NOTION: "trash"},
    Remedy.REVIVE: {Side.POSTGRES: "insert", Side.NOTION: "restore"},
}


def _lines(item: Compensation, failed: Mapping[int, str]) -> Iterable[JsonObject]:
    status = Status.BLOCKED.value if item.record.id in failed else item.status.value
    reason = failed.get(item.record.id, item.reason)
    fields = sorted(item.values if item.values else item.blocked)
    for side, op in _OPS[item.remedy].items():
        if item.remedy is Remedy.REVIVE and item.record.presence(side) is Presence.PRESENT:
            continue
        yield {
            "side": side.value,
            "table": item.mapping.name,
            "key": item.record.key,
            "op": op,
            "fields": [*fields] if item.remedy is Remedy.SET_FIELDS else [],
            "status": status,
            "reason": reason,
        }
