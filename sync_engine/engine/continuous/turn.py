"""One turn of the continuous run: news of both sides, then a bounded piece of what is left to carry across."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.burst import Burst
from sync_engine.engine.context import Context
from sync_engine.engine.continuous.carrier import Carrier
from sync_engine.engine.continuous.follow_hints import follow_hints
from sync_engine.engine.continuous.polls import INBOX, Polls
from sync_engine.engine.interrupted import close_interrupted
from sync_engine.engine.passes.backfill import backfill
from sync_engine.engine.passes.capture import CONSUMER
from sync_engine.engine.passes.captured import ensure_captured, refuse_altered
from sync_engine.engine.passes.closing import close_settled
from sync_engine.engine.passes.gather import capture_by_table, registrations_of
from sync_engine.engine.passes.links import read_junctions, relink
from sync_engine.engine.passes.match_unlinked import match_unlinked
from sync_engine.engine.passes.missing import distrust, find_missing_pages, misses_pages, refuse_lost
from sync_engine.engine.passes.pull import Pulled, proof_costs_nothing, proof_is_due, pull
from sync_engine.engine.passes.recover import recover
from sync_engine.engine.passes.row_filters import ask_when_due
from sync_engine.engine.restored import refuse_restored, remember
from sync_engine.errors import NotionRejected, NotionUnavailable
from sync_engine.ports.registrations import Registration

NEVER = timedelta.max

BETWEEN = 1.0
"""Seconds of a long scan before people's edits get a turn in between."""

INBOX_AT_ONCE = 20
"""Rows of the conflict inbox that one turn writes."""

STAMP = 30.0
"""Seconds between two notes that a table is in sync, while nothing happens."""

_log = logging.getLogger(__name__)


@dataclass
class Turns:
    """What turns share.

    `proof_every`: how often every page of a table is read. `recovered`: nothing of an earlier process or of a
    failed turn is in doubt. `proofs`: tables whose pages are all to be read in the next turns.
    """

    context: Context
    polls: Polls
    carrier: Carrier
    proof_every: timedelta
    burst: Burst
    recovered: bool = False
    proofs: Sequence[str] = ()
    _inbox_unfinished: bool = False
    _captured: bool = False
    _news: bool = True  # a killed process may have left unlinked what was read
    _looked_at: float = 0.0
    _stamped_at: float | None = None

    @property
    def names(self) -> list[str]:
        """The tables, parents first."""
        return [mapping.name for mapping in self.context.mappings]

    def is_wanted(self) -> bool:
        """Whether a turn would find anything: cheap, and without a request to Notion."""
        if not self.recovered or self.carrier.is_wanted() or self.proofs or self.polls.due(self._polled):
            return True
        with self.context.database.transaction() as uow:
            return uow.backlog.has_news(CONSUMER) or uow.hints.count() > 0

    @property
    def _polled(self) -> list[str]:
        """What is asked for from time to time: the tables, and the inbox."""
        return self.names if self.context.inbox is None else [*self.names, INBOX]

    @property
    def has_more(self) -> bool:
        """Whether the last turn left something to do right away."""
        return not self.carrier.settled or bool(self.proofs) or self._inbox_unfinished

    def turn(self) -> None:
        """Do one turn. Raises what the sides raise; whatever was done until then is committed and stored.

        Raises LockHeld, with nothing done, while a command of a person is at work, and SchemaChanged when the
        mappings do not fit the tables any more.
        """
        with self.context.database.lock():
            done = False
            self.burst.awake()
            try:
                self._work()
                done = True
            finally:
                self.recovered = self.recovered and done
                self._store()
            remember(self.context)

    def end(self) -> None:
        """Store the end of the burst under way."""
        self.burst.save("done" if self.carrier.settled else "stopped")

    def _store(self) -> None:
        """Save the burst; when all is quiet it ends, and the next activity begins another."""
        if self.burst.happened:
            quiet = self.carrier.settled and self.recovered
            self.burst.save("done" if quiet else "running")
            if quiet:
                _tell(self.burst)
                self.burst = Burst.begin(self.context)

    def _work(self) -> None:
        self._look_at_tables()
        registered = registrations_of(self.context)
        for mapping in self.context.mappings:
            if not registered[mapping.id].backfilled:
                backfill(self.context, mapping, registered[mapping.id])
            if registered[mapping.id].filter_due:
                ask_when_due(self.context.database, mapping, anyway=False)
        read_junctions(self.context, registered)
        registered = registrations_of(self.context)
        self._capture()
        self._unsettle(relink(self.context))
        try:
            self._read_notion(registered)
        except NotionUnavailable:
            self.carrier.to_postgres(self.burst, self._ready(registered))
            raise
        self._read_inbox()
        self._carry(registered)
        self._prove()
        if self.carrier.settled:
            self._close_conflicts()
            self._stamp()
        self._show_inbox()

    # --- news

    def _look_at_tables(self) -> None:
        if self._captured:
            refuse_restored(self.context)
            refuse_altered(self.context)
        else:
            ensure_captured(self.context, registrations_of(self.context))
            self._captured = True

    def _capture(self) -> None:
        for table, count in capture_by_table(self.context).items():
            self.burst.summary.table(table).captured_postgres += count
            self._unsettle(count)

    def _read_notion(self, registered: Mapping[int, Registration]) -> None:
        if not self.recovered:
            recover(self.context)
            close_interrupted(self.context, self.burst.run_id)
            self.recovered = True
            self.carrier.unsettle()
        for table, edits in follow_hints(self.context, self.polls, self.burst.run_id).items():
            self._found(table, edits)
        for name in self.polls.due(self.names):
            mapping = self.context.mapping(name)
            if _was_proved(registered[mapping.id]):
                self._poll(mapping, registered[mapping.id])

    def _poll(self, mapping: TableMapping, registration: Registration) -> None:
        """Read what was edited; every page where that is one query too, since only that shows what left."""
        everything = proof_costs_nothing(self.context, mapping)
        try:
            pulled = pull(
                self.context,
                mapping,
                registration,
                self.burst.run_id,
                full=everything,
                proof_every=NEVER,
                proves=False,
            )
            edits = pulled.edits + self._left(mapping, pulled)
        except NotionRejected as error:
            self._refused(mapping.name, error)
            return
        self.polls.polled(mapping.name, edits)
        self._found(mapping.name, edits)

    def _left(self, mapping: TableMapping, pulled: Pulled) -> int:
        """Pages that a poll of every page did not show and that are in the trash."""
        if pulled.everything is None or not misses_pages(self.context, mapping, pulled.everything):
            return 0
        refuse_lost(self.context.workspace, mapping)
        return find_missing_pages(self.context, mapping, pulled.everything)

    def _refused(self, table: str, error: NotionRejected) -> None:
        self.polls.refused(table, error)
        distrust(self.context.database, self.context.mapping(table))

    def _read_inbox(self) -> None:
        """Carry out what people chose, when the inbox is due."""
        if self.context.inbox is None or not self.polls.due([INBOX]):
            return
        try:
            choices = self.context.inbox.read(self.context, self.burst.run_id, full=False)
        except NotionRejected as error:
            self.polls.refused(INBOX, error)
            return
        self.polls.polled(INBOX, choices)
        self._unsettle(choices)

    def _show_inbox(self) -> None:
        """Write a bounded piece of what the inbox lacks; costs a look at the database where it lacks nothing."""
        if self.context.inbox is None or self.polls.is_refused(INBOX):
            return
        try:
            self._inbox_unfinished = self.context.inbox.show(self.context, INBOX_AT_ONCE)
        except NotionRejected as error:
            self._inbox_unfinished = False
            self.polls.refused(INBOX, error)

    def _found(self, table: str, edits: int) -> None:
        self.burst.summary.table(table).captured_notion += edits
        self._unsettle(edits)

    def _unsettle(self, count: int) -> None:
        if count:
            self._news = True
            self.carrier.unsettle()

    def _ready(self, registered: Mapping[int, Registration]) -> list[TableMapping]:
        """Tables that Notion shows, and whose every page was read once: before that a page might be made twice."""
        return [
            mapping
            for mapping in self.context.mappings
            if registered[mapping.id].polled_until is not None and not self.polls.is_refused(mapping.name)
        ]

    def _carry(self, registered: Mapping[int, Registration]) -> None:
        for mapping in self._ready(registered) if self._news else ():
            match_unlinked(self.context.database, mapping)
        self._news = False
        for table, error in self.carrier.carry(self.burst, self._ready(registered)).items():
            self._refused(table, error)

    # --- reading every page

    def _prove(self) -> None:
        """Read every page of one table that is due for it; people's edits get a turn between two batches."""
        registered = registrations_of(self.context)
        due = [mapping for mapping in self.context.mappings if self._proof_is_due(mapping, registered)]
        self.proofs = [mapping.name for mapping in due[1:]]
        if not due:
            return
        mapping, registration = due[0], registered[due[0].id]
        lane = Lane.BACKFILL if registration.polled_until is None else Lane.REPAIR
        try:
            with self.context.workspace.lane(lane):
                pages, edits = self._read_all(mapping, registration)
        except NotionRejected as error:
            self._refused(mapping.name, error)
            return
        self.polls.polled(mapping.name, edits)
        self._found(mapping.name, edits)
        self.carrier.unsettle()
        message = "%s: every page read, %d pages, %d edits"
        _log.info(message, mapping.name, pages, edits, extra={"event": "full_scan", "table": mapping.name})

    def _read_all(self, mapping: TableMapping, registration: Registration) -> tuple[int, int]:
        """(pages, edits) of a full scan, with the pages that it did not show looked up one by one."""
        scanning = replace(self.context, between=self._interlude)
        ask_when_due(self.context.database, mapping, anyway=True)
        pulled = pull(scanning, mapping, registration, self.burst.run_id, full=True)
        refuse_lost(scanning.workspace, mapping)
        trashed = find_missing_pages(scanning, mapping, pulled.everything or frozenset())
        match_unlinked(self.context.database, mapping)
        return pulled.pages, pulled.edits + trashed

    def _proof_is_due(self, mapping: TableMapping, registered: Mapping[int, Registration]) -> bool:
        if self.polls.is_refused(mapping.name) and not self.polls.due([mapping.name]):
            return False
        return proof_is_due(self.context, registered[mapping.id], self.proof_every)

    def _interlude(self) -> None:
        """A small turn in the middle of a scan: what people did meanwhile crosses without waiting for its end."""
        now = self.context.clock.monotonic()
        if now - self._looked_at < BETWEEN or not self.is_wanted():
            return
        self._looked_at = now
        with self.context.workspace.lane(Lane.INTERACTIVE):
            registered = registrations_of(self.context)
            self._capture()
            self._read_notion(registered)
            self._carry(registered)

    def _close_conflicts(self) -> None:
        """Open conflicts whose edits do not stand against each other any more wait for nobody."""
        if self.burst.happened:
            at = self.context.database.now()
            with self.context.database.transaction() as uow:
                for mapping in self.context.mappings:
                    close_settled(uow, mapping.id, at)

    def _stamp(self) -> None:
        """Note that the tables are in sync, for `status`."""
        now = self.context.clock.monotonic()
        if self._stamped_at is not None and now - self._stamped_at < STAMP and not self.burst.happened:
            return
        self._stamped_at = now
        at = self.context.database.now()
        with self.context.database.transaction() as uow:
            for registration in uow.registrations.all():
                mapping = self.context.by_id.get(registration.id)
                if mapping is not None and not self.polls.is_refused(mapping.name):
                    uow.registrations.save(replace(registration, last_sync=at))


def _was_proved(registration: Registration) -> bool:
    """Whether a poll is enough: every page was read once, and the table was never out of sight since."""
    return registration.polled_until is not None and registration.last_full_scan is not None


def _tell(burst: Burst) -> None:
    total = burst.summary.total
    applied = {f"{side.value} {action.value}": n for (side, action), n in total.applied.items() if n}
    _log.info(
        "both sides are quiet: %s",
        ", ".join(f"{count} {name}" for name, count in applied.items()) or "nothing to write",
        extra={
            "event": "quiet",
            "run_id": burst.run_id,
            "applied": applied,
            "captured": {"postgres": total.captured_postgres, "notion": total.captured_notion},
            "conflicts": total.conflicts_new,
            "held": total.held_new,
            "seconds": round(burst.summary.seconds, 1),
        },
    )
