"""What a pass did, counted per table and in all, in the shape that `sync --json` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.brake import Stop
from sync_engine.domain.events import Side
from sync_engine.domain.plan import Action
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject

_POSTGRES_ACTIONS = (Action.INSERT, Action.UPDATE, Action.DELETE)
_NOTION_ACTIONS = (Action.CREATE, Action.UPDATE, Action.TRASH, Action.RESTORE)


@dataclass
class TableSummary:
    """Counters of one table in one pass."""

    captured_postgres: int = 0
    captured_notion: int = 0
    applied: Counter[tuple[Side, Action]] = field(default_factory=Counter)
    conflicts_new: int = 0
    conflicts_open: int = 0
    held_new: int = 0
    held_open: int = 0

    def add(self, other: TableSummary) -> None:
        """Add another table's counters."""
        self.captured_postgres += other.captured_postgres
        self.captured_notion += other.captured_notion
        self.applied.update(other.applied)
        self.conflicts_new += other.conflicts_new
        self.conflicts_open += other.conflicts_open
        self.held_new += other.held_new
        self.held_open += other.held_open

    def to_json(self) -> JsonObject:
        """The counters as `cli.md` names them."""
        return {
            "captured": {"postgres": self.captured_postgres, "notion": self.captured_notion},
            "applied": {
                "postgres": self._side(Side.POSTGRES, _POSTGRES_ACTIONS),
                "notion": self._side(Side.NOTION, _NOTION_ACTIONS),
            },
            "conflicts": {"new": self.conflicts_new, "open": self.conflicts_open},
            "held": {"new": self.held_new, "open": self.held_open},
        }

    def _side(self, side: Side, actions: Iterable[Action]) -> JsonObject:
        return {action.value: self.applied[side, action] for action in actions}


@dataclass
class PassSummary:
    """Result of one pass. `quiet`: a further pass would have nothing to do. `planned`: operations found in a
    dry run, as lines for a person (table, key, side, action, fields)."""

    run_id: str
    direction: str
    dry_run: bool
    tables: dict[str, TableSummary] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    quiet: bool = True
    planned: list[JsonObject] = field(default_factory=list)
    stops: Sequence[tuple[str, Stop]] = ()

    def brake_on(self, stops: Sequence[tuple[str, Stop]]) -> None:
        """Tell what waits behind the brake, by table."""
        self.stops = stops
        self.quiet = self.quiet and not stops

    @property
    def braked(self) -> dict[str, int]:
        """How many changes of each table wait behind the brake."""
        counts: Counter[str] = Counter()
        for table, stop in self.stops:
            counts[table] += stop.count
        return dict(counts)

    def table(self, name: str) -> TableSummary:
        """Counters of a table, made on first use."""
        return self.tables.setdefault(name, TableSummary())

    @property
    def total(self) -> TableSummary:
        """All tables together."""
        result = TableSummary()
        for table in self.tables.values():
            result.add(table)
        return result

    def to_json(self) -> JsonObject:
        """The document that `sync --json` prints."""
        tables: dict[str, Json] = {name: table.to_json() for name, table in self.tables.items()}
        requests: dict[str, Json] = dict(self.requests)
        document: JsonObject = {
            "run_id": self.run_id,
            "direction": self.direction,
            "dry_run": self.dry_run,
            **self.total.to_json(),
            "requests": requests,
            "seconds": round(self.seconds, 3),
            "quiet": self.quiet,
            "tables": tables,
        }
        if self.dry_run:
            document["plan"] = list(self.planned)
        if self.stops:
            document["brake"] = {**self.braked}
            document["braked"] = [stop_json(table, stop) for table, stop in self.stops]
        return document


def stop_json(table: str, stop: Stop) -> JsonObject:
    """One line of what waits behind the brake: how many deletes or updates, to which side of which table."""
    return {
        "table": table,
        "side": stop.side.value,
        "op": stop.kind,
        "count": stop.count,
        "since": iso(stop.since),
        "run_id": stop.run_id,
    }
