"""One transaction over the log, the engine's state and the user's tables: they commit together or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from sync_engine.ports.archives import Archives
from sync_engine.ports.backlog import Backlog
from sync_engine.ports.brakes import Brakes
from sync_engine.ports.chain import Chain
from sync_engine.ports.conflicts import Conflicts
from sync_engine.ports.event_log import EventLog
from sync_engine.ports.held import Held
from sync_engine.ports.hints import Hints
from sync_engine.ports.home import Homes, Rebasing
from sync_engine.ports.inbox import Inbox
from sync_engine.ports.installation import Capture
from sync_engine.ports.journal import Journal
from sync_engine.ports.lease import Leases
from sync_engine.ports.ledger import Requests
from sync_engine.ports.lone_edits import LoneEditsTaker
from sync_engine.ports.marks import Marks
from sync_engine.ports.records import Records
from sync_engine.ports.redactions import Redactions
from sync_engine.ports.registrations import Registrations
from sync_engine.ports.rollbacks import Rollbacks
from sync_engine.ports.rows import Rows
from sync_engine.ports.runs import Runs
from sync_engine.ports.scratch import Scratch


class UnitOfWork(Protocol):
    """Everything that shares one transaction."""

    @property
    def events(self) -> EventLog: ...
    @property
    def chain(self) -> Chain: ...
    @property
    def rows(self) -> Rows: ...
    @property
    def capture(self) -> Capture: ...
    @property
    def registrations(self) -> Registrations: ...
    @property
    def records(self) -> Records: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def conflicts(self) -> Conflicts: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def held(self) -> Held: ...
    @property
    def brakes(self) -> Brakes: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def rollbacks(self) -> Rollbacks: ...
    @property
    def lone_edits(self) -> LoneEditsTaker: ...
    @property
    def scratch(self) -> Scratch: ...
    @property
    def backlog(self) -> Backlog: ...
    @property
    def archives(self) -> Archives: ...
    @property
    def redactions(self) -> Redactions: ...
    @property
    def homes(self) -> Homes: ...
    @property
    def rebasing(self) -> Rebasing: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def hints(self) -> Hints: ...
    @property
    def requests(self) -> Requests: ...


class Database(Protocol):
    """Where units of work come from."""

    def transaction(self, origin: str = "", actor: str = "") -> AbstractContextManager[UnitOfWork]:
        """Begin; commit when the block ends, roll back when it raises.

        With `origin` (`run:<id>`, `rollback:<id>`) the capture trigger stamps the writes of this transaction. With
        `actor` alone they are logged as edits of that person or application.
        Raises DatabaseUnavailable, or DatabaseError with the SQLSTATE.
        """
        ...

    def lock(self, patience: float = 0.0, idle_limit: float = 0.0) -> AbstractContextManager[Callable[[], None]]:
        """Hold the one lock of this installation; it goes when the process goes.

        With `idle_limit` the server takes it back after so many seconds in which the function that the block gets
        was not called: from a holder that is frozen, or whose machine is gone without a word. Raises LockHeld when
        another process still has it after `patience` seconds.
        """
        ...

    def rehearsal(self) -> AbstractContextManager[Database]:
        """A database whose transactions are all undone when the block ends; for dry runs.

        Its transactions see each other's changes, and hold no lock of the installation.
        """
        ...

    def now(self) -> datetime:
        """The database's clock, aware, UTC."""
        ...

    def is_set_up(self) -> bool:
        """Whether the engine schema is there at the version this code needs."""
        ...

    def upgrade(self) -> None:
        """Bring the engine schema to the version this code needs; idempotent."""
        ...
