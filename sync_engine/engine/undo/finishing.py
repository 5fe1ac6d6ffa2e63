"""Finish a rollback: its rows are as they should be, and the pages follow, step by stored step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.compensation import Remedy
from sync_engine.domain.events import Side
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.origin import Origin
from sync_engine.domain.plan import Action, Operation, PageOf, notion_operation
from sync_engine.domain.record import Presence, Record
from sync_engine.engine.context import Context
from sync_engine.engine.passes.apply_notion import apply_to_notion
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.decide import pages_of
from sync_engine.engine.passes.look_again import looked_at
from sync_engine.engine.undo.force import BATCH, push
from sync_engine.engine.undo.remake import forget_pages
from sync_engine.errors import NotionNotFound

Pair = tuple[TableMapping, Record]

EDITED = "the page was edited at this moment: the edit is kept, and the next sync settles the record"


def finish(context: Context, origin: Origin) -> dict[int, str]:
    """Do what is left of a rollback in Notion; returns why records refused, by id.

    Every step is safe to repeat: it asks what the record is now. A page is looked at once more before it is
    written, and an edit found there is kept. Raises what Notion raises; what was done by then is stored.
    """
    capture(context.database, context.by_id)
    work = _Finishing(context, origin)
    work.restore()
    work.write()
    work.trash(Remedy.REMOVE)
    work.trash(Remedy.REMOVE_PAGE)
    with context.database.transaction() as uow:
        uow.rollbacks.end(origin.run_id, "partial" if work.refused else "done")
    return work.refused


class _Finishing:
    def __init__(self, context: Context, origin: Origin) -> None:
        self.context = context
        self.origin = origin
        self.refused: dict[int, str] = {}

    def _left(self, *remedies: Remedy, quiet: bool = True) -> Sequence[Pair]:
        """The records of these steps as they are now, parents first; without the quiet ones, if so said."""
        names = {remedy.value for remedy in remedies}
        with self.context.database.transaction() as uow:
            steps = uow.rollbacks.steps(self.origin.run_id, names)
            ids = [step.record_id for step in steps]
            records = uow.records.by_id(ids) if quiet else uow.records.unquiet(ids)
        return [
            (mapping, records[step.record_id])
            for mapping in self.context.mappings
            for step in steps
            if step.mapping == mapping.id and step.record_id in records
        ]

    def _done(self, *remedies: Remedy) -> None:
        with self.context.database.transaction() as uow:
            uow.rollbacks.steps_done(self.origin.run_id, {remedy.value for remedy in remedies})

    def restore(self) -> None:
        """Pages of rows that are back come out of the trash; those that were purged are made anew and linked."""
        purged: list[Pair] = []
        for mapping in self.context.mappings:
            back = [record for owner, record in self._left(Remedy.REVIVE) if owner.id == mapping.id]
            todo = [record for record in back if record.page_id and _is_half(record, Side.POSTGRES)]
            for start in range(0, len(todo), BATCH):
                batch = todo[start : start + BATCH]
                refused = self._send(mapping, batch, Action.RESTORE)
                gone = [record for record in batch if record.id in refused and self._is_purged(record)]
                purged += [(mapping, record) for record in gone]
                self.refused |= {key: why for key, why in refused.items() if key not in {item.id for item in gone}}
                self.context.progress(f"restoring pages of {mapping.name}", start + len(batch), len(todo))
        if purged:
            with self.context.database.transaction() as uow:
                now = self.context.database.now()
                concerned = forget_pages(uow, self.context, purged, self.origin, now)
            for _ in range(2):  # links within a batch find their targets in the second
                push(self.context, concerned, self.origin, "rollback")

    def _is_purged(self, record: Record) -> bool:
        try:
            self.context.workspace.page(record.page_id)
        except NotionNotFound:
            return True
        return False

    def write(self) -> None:
        """What the rows hold again crosses to the pages that are there."""
        written = (Remedy.REVIVE, Remedy.SET_FIELDS)
        pairs = self._left(*written, quiet=False)
        there = [(mapping, record) for mapping, record in pairs if record.id not in self.refused]
        edited: dict[int, str] = {}
        push(self.context, there, self.origin, look=lambda record: edited.setdefault(record.id, EDITED))
        self.refused |= edited
        self._done(*written)

    def trash(self, remedy: Remedy) -> None:
        """Pages go to the trash, children first. A row that stays is left alone until somebody edits it again."""
        pairs = self._left(remedy)
        for mapping in reversed(self.context.mappings):
            todo = [record for owner, record in pairs if owner.id == mapping.id and _may_go(record, remedy)]
            for start in range(0, len(todo), BATCH):
                self.refused |= self._send(mapping, todo[start : start + BATCH], Action.TRASH)
                self.context.progress(f"removing pages of {mapping.name}", start + BATCH, len(todo))
            if remedy is Remedy.REMOVE_PAGE:
                self._detach(mapping, [record.id for owner, record in pairs if owner.id == mapping.id])
        self._done(remedy)

    def _detach(self, mapping: TableMapping, record_ids: Sequence[int]) -> None:
        with self.context.database.transaction() as uow:
            records = [item for item in uow.records.by_id(record_ids).values() if item.id not in self.refused]
            uow.records.save([replace(record, detached=True) for record in records])

    def _send(self, mapping: TableMapping, records: Sequence[Record], action: Action) -> Mapping[int, str]:
        """Send one batch; returns why records refused."""
        context = self.context
        with context.database.transaction() as uow:
            pages = pages_of(uow, context, mapping, records)
        operations = [_operation(record, mapping, action, pages) for record in records]
        refused = {record.id: EDITED for record in records}
        for piece in looked_at(context, mapping, operations, self.origin.run_id):
            sent = apply_to_notion(context, mapping, piece, self.origin)
            with context.database.transaction() as uow:
                uow.held.release([operation.record.id for operation in sent.done])
            if (failure := sent.fatal or sent.lost) is not None:
                raise failure
            for operation in piece:
                refused.pop(operation.record.id, None)
            refused |= {hold.record.id: hold.reason for hold in sent.holds}
        return refused


def _is_half(record: Record, side: Side) -> bool:
    """Whether only that side has the record."""
    return record.presence(side) is Presence.PRESENT and record.presence(side.other) is not Presence.PRESENT


def _may_go(record: Record, remedy: Remedy) -> bool:
    """Whether the page is still there to be taken: not when its row came back meanwhile, or somebody edited it."""
    if not record.page_id or record.notion_presence is not Presence.PRESENT:
        return False
    return not record.notion if remedy is Remedy.REMOVE_PAGE else _is_half(record, Side.NOTION)


def _operation(
    record: Record, mapping: TableMapping, action: Action, pages: Mapping[tuple[str, str], str]
) -> Operation:
    if action is Action.TRASH:
        return Operation(Side.NOTION, Action.TRASH, record, cause="rollback")
    page_of: PageOf = lambda table, key: pages.get((table, key), "")  # noqa: E731
    return notion_operation(record, mapping, page_of, action)
