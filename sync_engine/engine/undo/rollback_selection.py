"""What a rollback takes back: the words in which a person says it, and whether they say enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sync_engine.domain.values import JsonObject
from sync_engine.engine.context import Context
from sync_engine.errors import UsageError
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.event_log import EventFilter

ENOUGH = "name --run, --record, --to, --event, --txid or --actor"
"""What a person has to say at least one of."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take back: one run, one record (its last run unless more is said), all since a mark, single events,
    a transaction of Postgres, or what an actor did. All that is said must hold of a change.

    `table`, `since` and `until` narrow any of them, and so does `side`: changes that were made on that side.
    """

    run: str = ""
    record: tuple[str, str] | None = None
    to: str = ""
    since: datetime | None = None
    until: datetime | None = None
    events: tuple[int, ...] = ()
    txid: int = 0
    actor: str = ""
    table: str = ""
    side: Literal["both", "postgres", "notion"] = "both"

    @property
    def is_enough(self) -> bool:
        """Whether it says what to take back, and not only what to leave out."""
        return bool(self.run or self.record or self.to or self.by_event)

    @property
    def by_event(self) -> bool:
        """Whether it speaks of what people and applications did, and not of what the engine did about it."""
        return bool(self.events or self.txid or self.actor or (self.to and self.side != "both"))

    def to_json(self) -> JsonObject:
        """As the run's options keep it; what was not said is left out."""
        said: JsonObject = {
            "run": self.run,
            "record": [*self.record] if self.record else None,
            "to": self.to,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "events": [*self.events],
            "txid": str(self.txid) if self.txid else "",
            "actor": self.actor,
            "table": self.table,
            "side": "" if self.side == "both" else self.side,
        }
        always = ("run", "record", "to")
        return {name: value for name, value in said.items() if value or name in always}


def check(uow: UnitOfWork, context: Context, selection: Selection) -> None:
    """Raise UsageError when nothing is selected, or something that is not there."""
    if not selection.is_enough:
        raise UsageError("nothing selected", hint=ENOUGH)
    if selection.run and uow.runs.get(selection.run) is None:
        raise UsageError(f"there is no run {selection.run!r}", hint="`runs list` shows them")
    if selection.to and uow.marks.get(selection.to) is None:
        raise UsageError(f"there is no mark {selection.to!r}", hint="`mark list` shows them")
    if selection.table:
        context.mapping(selection.table)
    if selection.record is not None:
        _check_record(uow, context, selection)
    _check_events(uow, selection)


def _check_record(uow: UnitOfWork, context: Context, selection: Selection) -> None:
    table, key = selection.record or ("", "")
    mapping = context.mapping(table)
    if selection.table not in ("", table):
        raise UsageError(f"--table {selection.table} and --record {table} are different tables", hint="name one")
    if not uow.records.by_key(mapping.id, [key]):
        raise UsageError(f"there is no record {key!r} in {table}", hint="see `audit log --table`")


def _check_events(uow: UnitOfWork, selection: Selection) -> None:
    if selection.events:
        found = {event.seq for event in uow.events.find(EventFilter(seqs=selection.events))}
        missing = [seq for seq in selection.events if seq not in found]
        if missing:
            raise UsageError(f"there is no event {missing[0]}", hint="`audit log` shows them, in the column seq")
    if selection.txid and not any(uow.events.find(EventFilter(txid=selection.txid, limit=1))):
        raise UsageError(
            f"nothing is logged of transaction {selection.txid}",
            hint="`audit log --json` has the txid of each event",
        )
