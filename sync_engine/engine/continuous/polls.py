"""Polls: which tables of Notion are due, how often each is asked, and which of them cannot be read at all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sync_engine.domain.schedule import PollRule
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionRejected
from sync_engine.ports.clock import Clock

REFUSED_PAUSE = 5.0
"""A table that Notion refuses is asked so many times more seldom than a quiet one."""

INBOX = "conflict inbox"
"""The name under which the inbox is polled, beside the tables."""

_log = logging.getLogger(__name__)


@dataclass
class _Table:
    interval: float
    due: float
    refusal: str = ""


@dataclass
class Polls:
    """The plan of polls, in memory: after a restart every table is due."""

    clock: Clock
    rule: PollRule
    _tables: dict[str, _Table] = field(default_factory=dict)

    def due(self, tables: Sequence[str]) -> list[str]:
        """The tables that are to be asked now, in the order given."""
        now = self.clock.monotonic()
        return [name for name in tables if self._of(name).due <= now]

    def now(self, name: str) -> None:
        """Something says that the table changed: ask at once, and more often for a while."""
        table = self._of(name)
        table.interval = self.rule.after(table.interval, edited=True)
        table.due = self.clock.monotonic()

    def polled(self, name: str, edits: int) -> None:
        """It was asked; plan the next time by what came of it."""
        table = self._of(name)
        if table.refusal:
            _log.warning("%s can be read again", name, extra={"event": "table_back", "table": name})
        table.refusal = ""
        table.interval = self.rule.after(table.interval, edited=edits > 0)
        table.due = self.clock.monotonic() + table.interval

    def refused(self, name: str, error: NotionRejected) -> None:
        """Notion refuses the table (not shared any more, in the trash): the others go on, this one waits."""
        table = self._of(name)
        if table.refusal != error.message:
            _log.warning("%s is left alone: %s", name, error, extra={"event": "table_refused", "table": name})
        table.refusal = error.message
        table.interval = self.rule.slowest
        table.due = self.clock.monotonic() + self.rule.slowest * REFUSED_PAUSE

    def is_refused(self, name: str) -> bool:
        """Whether the table's last poll was refused."""
        return bool(self._of(name).refusal)

    def to_json(self) -> JsonObject:
        """When each table is asked next, and which ones are refused with what words."""
        wall, now = self.clock.now(), self.clock.monotonic()
        nexts: dict[str, Json] = {
            name: (wall + timedelta(seconds=max(0.0, table.due - now))).isoformat(timespec="seconds")
            for name, table in self._tables.items()
        }
        refused: dict[str, Json] = {name: table.refusal for name, table in self._tables.items() if table.refusal}
        return {"next_polls": nexts, "refused": refused}

    def _of(self, name: str) -> _Table:
        if name not in self._tables:
            self._tables[name] = _Table(self.rule.first(), self.clock.monotonic())
        return self._tables[name]
