"""What a rebuilding is asked for, and what it came to: counts, cost, and what was left alone and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sync_engine.domain.events import ChangeEvent
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.inquiry.replayed import Replayed


@dataclass(frozen=True, slots=True)
class Span:
    """Which tables (all when none is named), only records that the log tells of since `since`, as of `until`."""

    tables: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    def is_past(self, event: ChangeEvent) -> bool:
        """Whether the event had happened by then for certain."""
        return self.until is None or event.occurred.until <= self.until

    def concerns(self, event: ChangeEvent) -> bool:
        """Whether a record of which the log tells this is among those that are wanted."""
        return self.since is None or event.occurred.until >= self.since

    def to_json(self) -> JsonObject:
        """As the run's options keep it."""
        return {
            "tables": [*self.tables],
            "from": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


class Doing(Enum):
    """What is done to one row or page; `UNKNOWN` is one of which the log never told, which is left alone."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    CREATE = "create"
    RESTORE = "restore"
    TRASH = "trash"
    REFUSED = "refused"
    UNKNOWN = "unknown"


WRITES = frozenset(Doing) - {Doing.REFUSED, Doing.UNKNOWN}
"""Those that change something."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the preview, or one that was left alone, with the reason."""

    table: str
    key: str
    doing: Doing
    fields: tuple[str, ...] = ()
    reason: str = ""

    def to_json(self) -> JsonObject:
        """As `replay --json` prints it."""
        return {
            "table": self.table,
            "key": self.key,
            "op": self.doing.value,
            "fields": [*self.fields],
            "reason": self.reason,
        }


LISTED = 1000
"""Lines that are kept; the counts have all."""


@dataclass
class Rebuilt(Replayed):
    """Result of a rebuilding. In a dry run the counts are of what would be done."""

    run_id: str = ""
    dry_run: bool = False
    counts: Counter[Doing] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)
    requests: int = 0
    eta_seconds: float = 0.0
    made: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything that was to be put back was, or would be."""
        return not self.counts[Doing.REFUSED]

    @property
    def writes(self) -> int:
        """Rows and pages that are written."""
        return sum(count for doing, count in self.counts.items() if doing in WRITES)

    def note(self, line: Line) -> None:
        """Count it, and list it while the list is short."""
        self.counts[line.doing] += 1
        if len(self.lines) < LISTED:
            self.lines.append(line)

    def to_json(self) -> JsonObject:
        """The document that `replay --json` prints for a target that is written to."""
        lines: list[Json] = [line.to_json() for line in self.lines]
        databases: JsonObject = {**self.made}
        counts: JsonObject = {doing.value: self.counts[doing] for doing in Doing if self.counts[doing]}
        return {
            **Replayed.to_json(self),
            "run_id": self.run_id,
            "dry_run": self.dry_run,
            "counts": counts,
            "plan": lines,
            "requests": self.requests,
            "eta_seconds": round(self.eta_seconds, 1),
            "databases": databases,
        }
