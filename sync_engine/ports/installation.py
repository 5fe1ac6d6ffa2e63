"""Installing the engine in the user's database: its schema, and the capture triggers."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.schema import Table


class CaptureState(Enum):
    """State of a table's capture triggers."""

    OK = "ok"
    MISSING = "missing"
    DISABLED = "disabled"
    OUTDATED = "outdated"


class Capture(Protocol):
    """The triggers that write every row change into the log."""

    def install(self, mapping: TableMapping, table: Table) -> None:
        """Install or replace the triggers of a table; idempotent. Raises DatabaseError (lock timeout, rights)."""
        ...

    def uninstall(self, mapping: TableMapping) -> None:
        """Remove them; idempotent."""
        ...

    def state(self, mapping: TableMapping, table: Table) -> CaptureState:
        """Whether the triggers are there, enabled, and fit the table's present columns."""
        ...
