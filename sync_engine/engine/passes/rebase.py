"""Rebase: let the engine go on with a database that was restored, moved or copied, so that nothing is lost.

What the restore took from Postgres is still in Notion: pages that are ahead of their rows are read as edits, and
pages without a row become rows again. What the restore brought back although it had been deleted is the one thing
that nobody can infer, so every delete waits for a person until each page was read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sync_engine.domain.home import Home, restored
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import refuse_beside_run
from sync_engine.engine.passes.capture import CONSUMER, SLICE, fold_events
from sync_engine.engine.restored import gathered, remember
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.marks import Mark

ASKED_FOR = "a person says that it was restored"


@dataclass(frozen=True, slots=True)
class Rebased:
    """What was found and done. `reason` is empty when the database is the one that the engine left, and nothing
    was done; `events` are the row changes that no pass had read, `lost_from` the first link of the chain that the
    database does not have (0: none that is known of)."""

    reason: str
    dry_run: bool
    events: int = 0
    mark: str = ""
    lost_from: int = 0
    tables: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """The document that `recover --json` prints."""
        tables: list[Json] = [*self.tables]
        return {
            "restored": bool(self.reason),
            "reason": self.reason,
            "dry_run": self.dry_run,
            "events": self.events,
            "mark": self.mark,
            "lost_from": self.lost_from,
            "tables": tables,
        }


def rebase(context: Context, *, anyway: bool = False, dry_run: bool = False) -> Rebased:
    """Examine every event that the readers cannot know by number, move them here, and make the next pass read
    every page with every delete held back; one transaction, so a kill leaves all of it to do again.

    Does nothing where nothing was restored, unless `anyway`. Raises LockHeld beside another run, and DatabaseBusy
    while a transaction holds on to the log.
    """
    if dry_run:
        with context.database.rehearsal() as rehearsal:
            return _rebase(replace(context, database=rehearsal, positions=None), context, anyway, dry_run=True)
    refuse_beside_run(context.database)
    with context.database.lock():
        done = _rebase(context, context, anyway, dry_run=False)
        if done.reason:
            remember(context)
        return done


def _rebase(context: Context, asking: Context, anyway: bool, *, dry_run: bool) -> Rebased:
    with context.database.transaction() as uow:
        evidence = gathered(uow, asking)
        reason = restored(evidence) or (ASKED_FOR if anyway else "")
        if not reason:
            return Rebased("", dry_run)
        position = uow.homes.position()
        lost = evidence.kept.link if evidence.kept is not None else 0
        lost_from = (position.link if position is not None else 0) + 1 if evidence.hash_now == "" and lost else 0
        at = context.database.now()
        mark = f"recovered {at:%Y-%m-%d %H.%M.%S}"
        drawn = uow.rebasing.freeze()
        floor = uow.rebasing.floor(CONSUMER)
        counts = fold_events(uow, context.by_id, lambda after: uow.rebasing.read(max(after, floor), SLICE))
        uow.rebasing.finish(drawn, _told(reason, evidence.known, evidence.here, iso(at)))
        seq, snapshot = uow.events.position()
        uow.marks.create(Mark(mark, at, seq, snapshot, uow.journal.position()))
        tables = _look_at_all(uow, context)
        uow.homes.settle(evidence.here)
    return Rebased(reason, dry_run, sum(counts.values()), mark, lost_from, tables)


def _told(reason: str, known: Home | None, here: Home, at: str) -> JsonObject:
    return {
        "rebased": reason,
        "at": at,
        "from": {"system": known.system_id, "timeline": known.timeline} if known is not None else None,
        "to": {"system": here.system_id, "timeline": here.timeline},
    }


def _look_at_all(uow: UnitOfWork, context: Context) -> tuple[str, ...]:
    """The next pass reads every page of each table, with deletes held back until then."""
    for registration in uow.registrations.all():
        if registration.id in context.by_id:
            uow.registrations.save(replace(registration, recovering=True, last_full_scan=None))
    return tuple(mapping.name for mapping in context.mappings)
