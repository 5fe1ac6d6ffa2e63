"""Give up: undo changes that were never carried across, on the side where they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync_engine.domain.brake import BrakeKind
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Record
from sync_engine.domain.times import Interval
from sync_engine.domain.undoing import give_up_in_notion, undoable
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.undo.force import BATCH, Wish, push, write_wishes
from sync_engine.engine.undo.revive import revive_rows
from sync_engine.engine.undo.revive_links import revive_links


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A change that waits to be written to `side`: it came from the other one, and goes back there.

    `fields`: only these, of an update; none named: all.
    """

    mapping: TableMapping
    record: Record
    side: Side
    kind: BrakeKind
    fields: frozenset[str] = frozenset()

    @property
    def base(self) -> Mapping[str, Value]:
        """What the fields shall hold again."""
        found = undoable(self.record, self.side.other, self.mapping)
        return {name: value for name, value in found.items() if not self.fields or name in self.fields}


@dataclass
class GivenUp:
    """Ids of the records that are as they were, and why others are not."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def give_up(context: Context, unwanted: Sequence[Unwanted], origin: Origin, who: str) -> GivenUp:
    """Bring deleted rows and trashed pages back, and put the base into edited ones; journalled and logged.

    Rows are one transaction, pages follow one by one; a kill in between leaves the pages to be written by the next
    `sync`, or by giving up again. Raises what Notion raises, after committing what was done.
    """
    given = GivenUp()
    _rows(context, unwanted, origin, who, given)
    capture(context.database, context.by_id)
    _trashed_pages(context, unwanted, origin, given)
    _edited_pages(context, unwanted, origin, who, given)
    return given


def _some(unwanted: Sequence[Unwanted], side: Side, kind: BrakeKind) -> list[Unwanted]:
    return [item for item in unwanted if item.side is side and item.kind == kind]


def _by_table(context: Context, items: Sequence[Unwanted]) -> Iterator[tuple[TableMapping, list[Record]]]:
    """Parents first."""
    for mapping in context.mappings:
        records = [item.record for item in items if item.mapping.id == mapping.id]
        if records:
            yield mapping, records


def _rows(context: Context, unwanted: Sequence[Unwanted], origin: Origin, who: str, given: GivenUp) -> None:
    actor: JsonObject = {"name": who} if who else {}
    back: list[tuple[TableMapping, Record]] = []
    with context.database.transaction(str(origin)) as uow:
        for mapping, records in _by_table(context, _some(unwanted, Side.NOTION, "delete")):
            revived = revive_rows(uow, mapping, records, origin.run_id)
            given.done += [record.id for record in revived.records]
            given.refused |= revived.refused
            back += [(mapping, record) for record in revived.records]
        revive_links(uow, context, back, origin, context.database.now())
        edited = _some(unwanted, Side.NOTION, "update")
        wishes = [Wish(item.mapping, item.record, item.base) for item in edited]
        forced = write_wishes(uow, wishes, origin, context.database.now(), actor)
        given.done += [record.id for _, record in forced.written]
        given.refused |= forced.refused


def _trashed_pages(context: Context, unwanted: Sequence[Unwanted], origin: Origin, given: GivenUp) -> None:
    for mapping, records in _by_table(context, _some(unwanted, Side.POSTGRES, "delete")):
        for start in range(0, len(records), BATCH):
            operations = [
                Operation(Side.NOTION, Action.RESTORE, record, cause="discard")
                for record in records[start : start + BATCH]
            ]
            sent = apply_to_notion(context, mapping, operations, origin)
            given.done += [operation.record.id for operation in sent.done]
            given.refused |= {hold.record.id: hold.reason for hold in sent.holds}
            context.progress(f"restoring pages of {mapping.name}", start + len(operations), len(records))
            if sent.fatal is not None:
                raise sent.fatal


def _edited_pages(
    context: Context, unwanted: Sequence[Unwanted], origin: Origin, who: str, given: GivenUp
) -> None:
    actor: JsonObject = {"name": who} if who else {}
    at = Interval.instant(context.database.now())
    written: list[tuple[TableMapping, Record]] = []
    with context.database.transaction() as uow:
        for item in _some(unwanted, Side.POSTGRES, "update"):
            lost = give_up_in_notion(item.record, item.base, item.mapping, at, actor, str(origin))
            written += [(item.mapping, record) for record in uow.records.save([lost])]
    given.done += [record.id for _, record in written]
    push(context, written, origin)
