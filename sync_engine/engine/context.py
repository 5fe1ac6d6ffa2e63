"""What every use case needs: the two sides, the clock, the mappings and where to report progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Protocol

from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import TableMapping, captured_tables
from sync_engine.domain.merge import AmbiguousPolicy
from sync_engine.errors import UsageError
from sync_engine.ports.archives import ArchiveFiles
from sync_engine.ports.clock import Clock, IdSource
from sync_engine.ports.database import Database
from sync_engine.ports.home import Positions
from sync_engine.ports.workspace import Workspace

QUERY_LAG = timedelta(seconds=10)
"""How far a Notion query may lag behind a write (undocumented). An observation proves nothing about its last
seconds, and a page whose creation is in doubt is not called missing before that time has passed."""

KEEP_CONFLICTS = timedelta(days=90)
"""How long a closed conflict is kept."""

Progress = Callable[[str, int, int], None]
"""(what is being done, how many are done, how many in all; 0 when the total is unknown)."""


def nothing() -> None:
    """Do nothing."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Report nowhere."""


class ReviewInbox(Protocol):
    """Where people decide conflicts in Notion. Used under the installation's lock."""

    def read(self, context: Context, run_id: str, *, full: bool) -> int:
        """Carry out what people chose since the last poll (`full`: read every row); returns how many choices there
        were. Raises NotionRejected when the inbox cannot be read, and what the sides raise."""
        ...

    def show(self, context: Context, at_once: int | None = None) -> bool:
        """Bring its rows up to date, `at_once` at most, after `read` has read it; returns whether more is left to
        do. Raises NotionRejected, and NotionUnavailable."""
        ...


@dataclass(frozen=True)
class Context:
    """One installation: a database, a workspace and the mappings between them (parents first).

    `positions`: where the position of the log is kept outside of the database; None: nowhere.
    `archives`: where old events go; `keep_log`: how old they are then, None: they stay for ever.
    `fingerprint` is of the tables (`Rows.fingerprint`) when the mappings were made; empty when nobody looked.
    `lane` is where the requests of batches of writes queue for the budget. `between` is called where something
    long can be interrupted for a moment: between two batches of a scan; what it raises ends the scan. `inbox` is
    None where the configuration wants none.
    """

    database: Database
    workspace: Workspace
    clock: Clock
    ids: IdSource
    mappings: Sequence[TableMapping]
    ambiguous: AmbiguousPolicy = "notion"
    positions: Positions | None = None
    archives: ArchiveFiles | None = None
    keep_log: timedelta | None = None
    progress: Progress = no_progress
    query_lag: timedelta = QUERY_LAG
    lane: Lane = Lane.INTERACTIVE
    fingerprint: str = ""
    keep_conflicts: timedelta = KEEP_CONFLICTS
    between: Callable[[], None] = nothing
    inbox: ReviewInbox | None = None

    @cached_property
    def by_id(self) -> Mapping[int, TableMapping]:
        """Mappings by their registered id."""
        return {mapping.id: mapping for mapping in self.mappings}

    @cached_property
    def captured(self) -> Sequence[TableMapping]:
        """The mappings, and the junctions of their relations, which are captured too."""
        return captured_tables(self.mappings)

    @cached_property
    def by_name(self) -> Mapping[str, TableMapping]:
        """Mappings by table name as `sync.toml` writes it."""
        return {mapping.name: mapping for mapping in self.mappings}

    def mapping(self, table: str) -> TableMapping:
        """The mapping of a table. Raises UsageError that names the known ones."""
        found = self.by_name.get(table)
        if found is None:
            known = ", ".join(sorted(self.by_name)) or "none"
            raise UsageError(f"table {table!r} is not in sync.toml", hint=f"known tables: {known}")
        return found

    def selected(self, tables: Sequence[str]) -> Sequence[TableMapping]:
        """The mappings of these tables, parents first; all when none is named. Raises UsageError."""
        if not tables:
            return self.mappings
        wanted = {self.mapping(table).name for table in tables}
        return [mapping for mapping in self.mappings if mapping.name in wanted]
