"""Send: the requests of a batch of operations, several at once, and what Notion answered to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event, Lock

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.relation import page_ids, relation_value
from sync_engine.domain.codecs.text import rich_text_value
from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.values import Json
from sync_engine.engine.passes.missing import refuse_lost
from sync_engine.engine.passes.observe import key_on
from sync_engine.engine.passes.unusable import PropertyCheck
from sync_engine.errors import ConnectionBlocked, NotionError, NotionNotFound, NotionRejected, NotionUnavailable
from sync_engine.ports.workspace import Page, Workspace

WORKERS = 4
"""Requests under way at once: enough to spend 10 requests/s at 400 ms each; the budget is the adapter's."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one operation: the page as stored, or the error; both when the page is in the trash.

    `lost`: the error is that the table as a whole cannot be seen or is in the trash. `left_out`: fields that were
    not written, because their properties are gone or of another type; `error` tells when that was all of them.
    """

    page: Page | None = None
    error: NotionError | None = None
    lost: bool = False
    left_out: frozenset[str] = frozenset()


def send_all(
    workspace: Workspace, mapping: TableMapping, operations: Sequence[Operation], lane: Lane
) -> Sequence[Reply | None]:
    """Send all in that lane; reply i is operation i's, None: not sent, as an earlier request failed for all."""
    stop = Event()
    table = _Table(workspace, mapping)

    def send(operation: Operation) -> Reply | None:
        if stop.is_set():
            return None
        try:
            with workspace.lane(lane):  # a lane belongs to a thread, and this is one of the pool's
                return Reply(page=_send(workspace, mapping, operation))
        except (NotionNotFound, NotionRejected) as error:
            return _examined(table, operation, error)
        except (NotionUnavailable, ConnectionBlocked) as error:
            stop.set()
            return Reply(error=error)

    with ThreadPoolExecutor(WORKERS, thread_name_prefix="notion") as pool:
        return list(pool.map(send, operations))


def _send(workspace: Workspace, mapping: TableMapping, operation: Operation) -> Page:
    record = operation.record
    match operation.action:
        case Action.CREATE:
            return _create(workspace, mapping, operation)
        case Action.TRASH:
            return workspace.trash_page(record.page_id)
        case Action.RESTORE:
            return _restore(workspace, mapping, operation)
        case _:
            with_key = not record.key_on_page
            return workspace.update_page(record.page_id, _properties(operation, mapping, with_key=with_key))


def _restore(workspace: Workspace, mapping: TableMapping, operation: Operation) -> Page:
    """Take out of the trash, and write only what the page does not show already: a text that is written anew loses
    its formatting and mentions."""
    page = workspace.restore_page(operation.record.page_id)
    shown = {name for name in operation.values if _shows(page, mapping.by_name[name], operation)}
    left = replace(operation, values={k: v for k, v in operation.values.items() if k not in shown})
    properties = _properties(left, mapping, with_key=key_on(page, mapping) != operation.record.key)
    return workspace.update_page(page.id, properties) if properties else page


def _shows(page: Page, field: FieldMapping, operation: Operation) -> bool:
    """Whether the page shows the operation's value of the field, formatting aside."""
    prop = page.properties.get(field.property_id)
    try:
        if field.relation_to:
            return sorted(page_ids(prop)) == sorted(_linked(operation, field))
        return field.codec.from_notion(prop) == field.codec.weaken(operation.values[field.name])
    except FieldError:
        return False


def _linked(operation: Operation, field: FieldMapping) -> list[str]:
    return list(operation.links.get(field.name, ()))


def _create(workspace: Workspace, mapping: TableMapping, operation: Operation) -> Page:
    """Create, and when the reply is lost, find out whether it happened before anybody repeats it."""
    properties = _properties(operation, mapping, with_key=True)
    try:
        return workspace.create_page(mapping.data_source_id, properties)
    except NotionUnavailable as error:
        if not error.may_have_committed:
            raise
        page_id = error.committed_resource_id or _page_of(workspace, mapping, operation.record.key)
        if not page_id:
            raise
        # What was lost may have been one of several parts; all of it again is the same page.
        return workspace.update_page(page_id, properties)


def _page_of(workspace: Workspace, mapping: TableMapping, key: str) -> str:
    found = workspace.find_by_key(mapping.data_source_id, mapping.key_property_id, [key])
    return found[0].id if found else ""


def _properties(operation: Operation, mapping: TableMapping, *, with_key: bool) -> dict[str, Json]:
    """Property values by property id; a create leaves out what is empty anyway."""
    properties: dict[str, Json] = {}
    for name, value in operation.values.items():
        target = mapping.by_name[name]
        if operation.action is Action.CREATE and target.codec.weaken(value) == target.codec.weaken(None):
            continue
        if target.relation_to:
            properties[target.property_id] = relation_value(_linked(operation, target))
        else:
            properties[target.property_id] = target.codec.to_notion(value)
    if with_key:
        properties[mapping.key_property_id] = rich_text_value(operation.record.key)
    return properties


class _Table:
    """Whether the table is still there as a whole; asked once in a batch, when one of its requests was refused."""

    def __init__(self, workspace: Workspace, mapping: TableMapping) -> None:
        self.workspace = workspace
        self.mapping = mapping
        self._lock = Lock()
        self._asked = False
        self.properties = PropertyCheck(workspace, mapping)
        self._lost: NotionRejected | None = None

    def lost(self) -> NotionRejected | None:
        """Why it is not, or None."""
        with self._lock:
            if not self._asked:
                self._lost, self._asked = self._ask(), True
            return self._lost

    def _ask(self) -> NotionRejected | None:
        try:
            refuse_lost(self.workspace, self.mapping)
        except NotionRejected as lost:
            return lost
        return None


def _examined(table: _Table, operation: Operation, error: NotionRejected) -> Reply:
    """A refused write to a page that is in the trash is no failure of the record: the page is gone. One to a table
    that is gone as a whole says nothing about the record at all."""
    try:
        lost = table.lost()
        if lost is not None:
            return Reply(error=lost, lost=True)
        if reasons := {name: why for name, why in table.properties.found().items() if name in operation.values}:
            return _without(table, operation, reasons)
        if operation.action in (Action.CREATE, Action.RESTORE):
            return Reply(error=error)
        page = table.workspace.page(operation.record.page_id)
    except (NotionRejected, NotionUnavailable):
        return Reply(error=error)
    return Reply(page=page, error=error) if page.in_trash else Reply(error=error)


def _without(table: _Table, operation: Operation, reasons: Mapping[str, str]) -> Reply:
    """Send what is left of an operation without the fields that cannot be written, for the reasons."""
    left = replace(operation, values={k: v for k, v in operation.values.items() if k not in reasons})
    if operation.action is Action.UPDATE and not left.values and operation.record.key_on_page:
        told = "; ".join(f"{name}: {why}" for name, why in reasons.items())
        return Reply(error=NotionRejected(told), left_out=frozenset(reasons))
    return Reply(page=_send(table.workspace, table.mapping, left), left_out=frozenset(reasons))
