"""One transaction: the log, the engine's state and the user's rows over the same connection."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import Connection

from sync_engine.adapters.postgres.archives import PostgresArchives
from sync_engine.adapters.postgres.backlog import PostgresBacklog
from sync_engine.adapters.postgres.brakes import PostgresBrakes
from sync_engine.adapters.postgres.capture import PostgresCapture
from sync_engine.adapters.postgres.chain import PostgresChain
from sync_engine.adapters.postgres.conflicts import PostgresConflicts
from sync_engine.adapters.postgres.event_log import PostgresEventLog
from sync_engine.adapters.postgres.held import PostgresHeld
from sync_engine.adapters.postgres.hints import PostgresHints
from sync_engine.adapters.postgres.homes import PostgresHomes
from sync_engine.adapters.postgres.inbox import PostgresInbox
from sync_engine.adapters.postgres.journal import PostgresJournal
from sync_engine.adapters.postgres.leases import PostgresLeases
from sync_engine.adapters.postgres.lone_edits import PostgresLoneEdits
from sync_engine.adapters.postgres.marks import PostgresMarks
from sync_engine.adapters.postgres.rebasing import PostgresRebasing
from sync_engine.adapters.postgres.records import PostgresRecords
from sync_engine.adapters.postgres.redactions import PostgresRedactions
from sync_engine.adapters.postgres.registrations import PostgresRegistrations
from sync_engine.adapters.postgres.request_ledger import PostgresRequests
from sync_engine.adapters.postgres.rollbacks import PostgresRollbacks
from sync_engine.adapters.postgres.rows import PostgresRows
from sync_engine.adapters.postgres.runs import PostgresRuns
from sync_engine.adapters.postgres.scratch import PostgresScratch


class PostgresUnitOfWork:
    """Implements `ports.database.UnitOfWork`; each part is made when it is first asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def events(self) -> PostgresEventLog:
        """The event log."""
        return PostgresEventLog(self._connection)

    @cached_property
    def chain(self) -> PostgresChain:
        """The hash chain over the log."""
        return PostgresChain(self._connection)

    @cached_property
    def rows(self) -> PostgresRows:
        """The user's tables."""
        return PostgresRows(self._connection)

    @cached_property
    def capture(self) -> PostgresCapture:
        """The capture triggers."""
        return PostgresCapture(self._connection)

    @cached_property
    def rollbacks(self) -> PostgresRollbacks:
        """Rollbacks under way."""
        return PostgresRollbacks(self._connection)

    @cached_property
    def lone_edits(self) -> PostgresLoneEdits:
        """Rows edited in Postgres only, taken back in bulk."""
        return PostgresLoneEdits(self._connection)

    @cached_property
    def registrations(self) -> PostgresRegistrations:
        """Mappings as registered by `setup`."""
        return PostgresRegistrations(self._connection)

    @cached_property
    def records(self) -> PostgresRecords:
        """What the engine knows of each record."""
        return PostgresRecords(self._connection)

    @cached_property
    def journal(self) -> PostgresJournal:
        """Applied changes."""
        return PostgresJournal(self._connection)

    @cached_property
    def conflicts(self) -> PostgresConflicts:
        """Conflicts."""
        return PostgresConflicts(self._connection)

    @cached_property
    def inbox(self) -> PostgresInbox:
        """The conflict inbox in Notion."""
        return PostgresInbox(self._connection)

    @cached_property
    def held(self) -> PostgresHeld:
        """Held records."""
        return PostgresHeld(self._connection)

    @cached_property
    def brakes(self) -> PostgresBrakes:
        """What waits behind the brake."""
        return PostgresBrakes(self._connection)

    @cached_property
    def runs(self) -> PostgresRuns:
        """Runs."""
        return PostgresRuns(self._connection)

    @cached_property
    def marks(self) -> PostgresMarks:
        """Marks."""
        return PostgresMarks(self._connection)

    @cached_property
    def scratch(self) -> PostgresScratch:
        """Where tables are rebuilt."""
        return PostgresScratch(self._connection)

    @cached_property
    def backlog(self) -> PostgresBacklog:
        """What is left to do."""
        return PostgresBacklog(self._connection)

    @cached_property
    def archives(self) -> PostgresArchives:
        """What left the log."""
        return PostgresArchives(self._connection)

    @cached_property
    def redactions(self) -> PostgresRedactions:
        """What was taken out of the past."""
        return PostgresRedactions(self._connection)

    @cached_property
    def homes(self) -> PostgresHomes:
        """Which database this is."""
        return PostgresHomes(self._connection)

    @cached_property
    def rebasing(self) -> PostgresRebasing:
        """How the log goes on after a restore."""
        return PostgresRebasing(self._connection)

    @cached_property
    def leases(self) -> PostgresLeases:
        """Who may run."""
        return PostgresLeases(self._connection)

    @cached_property
    def requests(self) -> PostgresRequests:
        """Requests to Notion that still count."""
        return PostgresRequests(self._connection)

    @cached_property
    def hints(self) -> PostgresHints:
        """What webhooks said."""
        return PostgresHints(self._connection)
