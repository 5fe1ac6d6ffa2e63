"""What a replay of the log came to: events folded, records made, and where the log and what is there differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sync_engine.domain.values import Json, JsonObject, Value

Held = Literal["engine", "row", "page"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where the log tells something else than the engine, a row or a page (`found_in`) holds.

    `field` is empty when it is about whether the record is there at all.
    """

    table: str
    key: str
    field: str
    found_in: Held
    log: Value
    found: Value

    def to_json(self) -> JsonObject:
        """As `replay --json` prints it."""
        return {
            "table": self.table,
            "key": self.key,
            "field": self.field,
            "found_in": self.found_in,
            "log": self.log,
            "found": self.found,
        }


@dataclass
class Replayed:
    """Result of a replay: events folded, records they make, and what differs."""

    target: str
    events: int = 0
    records: int = 0
    differences: list[Mismatch] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def to_json(self) -> JsonObject:
        """The document that `replay --json` prints."""
        differences: list[Json] = [item.to_json() for item in self.differences]
        return {
            "target": self.target,
            "ok": self.ok,
            "events": self.events,
            "records": self.records,
            "differences": differences,
        }
