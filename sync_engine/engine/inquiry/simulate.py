"""Simulate: what another policy would have decided of the conflicts of the past; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync_engine.domain.events import Side
from sync_engine.domain.mapping import ConflictPolicy, FieldMapping
from sync_engine.domain.merge import Outcome, Verdict, merge_field
from sync_engine.domain.record import PendingChange
from sync_engine.domain.values import Json, JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.ports.conflicts import ConflictRow, SideValue

_WINNERS = {
    Outcome.POSTGRES_CROSSES: Side.POSTGRES.value,
    Outcome.NOTION_CROSSES: Side.NOTION.value,
    Outcome.CONVERGENT: "merged",
    Outcome.MERGED: "merged",
}


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A conflict that the policy would have decided otherwise; a winner is empty where a person decides."""

    conflict: ConflictRow
    table: str
    would: str
    value: Value
    reason: str

    def to_json(self) -> JsonObject:
        """As `simulate --json` prints it."""
        return {
            "id": self.conflict.id,
            "table": self.table,
            "key": self.conflict.key,
            "field": self.conflict.field,
            "status": self.conflict.status,
            "was": self.conflict.winner,
            "would": self.would,
            "value": self.value,
            "reason": self.reason,
        }


@dataclass
class Simulation:
    """Conflicts looked at, and those that would have ended otherwise."""

    policy: ConflictPolicy
    since: datetime | None
    conflicts: int = 0
    differences: list[Otherwise] = field(default_factory=list)

    def to_json(self) -> JsonObject:
        """The document that `simulate --json` prints."""
        differences: list[Json] = [item.to_json() for item in self.differences]
        return {
            "policy": self.policy,
            "since": self.since.isoformat() if self.since else None,
            "conflicts": self.conflicts,
            "differences": differences,
        }


def simulate(
    context: Context, policy: ConflictPolicy, since: datetime | None = None, tables: Sequence[str] = ()
) -> Simulation:
    """Decide each conflict since then once more, by the same merge, as if the policy had been in force.

    Each by itself: what people did after a decision that came out otherwise cannot be known. Edits of one side
    cross under every policy and are not looked at. Raises UsageError for an unknown table.
    """
    result = Simulation(policy, since)
    for row, item, table in _conflicts(context, since, tables):
        result.conflicts += 1
        verdict = _decided(context, row, item, policy)
        would = _WINNERS.get(verdict.outcome, "")
        if would != row.winner:
            value = {"postgres": row.postgres.value, "notion": row.notion.value}.get(would, verdict.value)
            result.differences.append(Otherwise(row, table, would, value, verdict.reason))
    return result


def _conflicts(
    context: Context, since: datetime | None, tables: Sequence[str]
) -> Iterator[tuple[ConflictRow, FieldMapping, str]]:
    with context.database.transaction() as uow:
        for mapping in context.selected(tables):
            for row in uow.conflicts.find(["open", "auto", "resolved", "swapped"], mapping.id):
                item = mapping.field_named(row.field)
                early = since is not None and row.detected_at is not None and row.detected_at < since
                if item is not None and not early and row.type != "delete_recently_updated":
                    yield row, item, mapping.name


def _decided(context: Context, row: ConflictRow, item: FieldMapping, policy: ConflictPolicy) -> Verdict:
    return merge_field(
        _change(row.postgres),
        _change(row.notion),
        weaken=item.codec.weaken,
        policy=policy,
        ambiguous=context.ambiguous,
        has_base=row.type != "insert_exists",
        base=row.base,
        lift=item.codec.lift,
    )


def _change(side: SideValue) -> PendingChange | None:
    return PendingChange(side.value, side.at, side.actor, side.seq) if side.at is not None else None
