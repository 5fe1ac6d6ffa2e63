"""What must hold after quiet: equal sides, nothing lost, nothing doubled, nothing removed that nobody removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.relation import page_ids
from sync_engine.domain.fold import notion_value, postgres_value
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.record import Presence, Record
from sync_engine.domain.unresolved import is_unresolved, seen_as, waiting_page
from sync_engine.engine.inquiry.replay_verify import replay_verify
from sync_engine.engine.inquiry.verify import Difference, verify
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.capture import capture
from sync_engine.engine.passes.observe import decode_page, linked_pages
from sync_engine.sandbox.model import Page
from tests.support.stateful.people import Memory
from tests.support.world import World

PRESENT = Presence.PRESENT


def broken_promises(world: World, memory: Memory) -> list[str]:
    """One line for each promise that does not hold; empty when all is well."""
    state = _State(world)
    return [
        *_unexplained(state),
        *_wrong_knowledge(state),
        *_lost_values(state, memory),
        *_lost_rows(state, memory),
        *_unjustified_removals(state, memory),
        *_conflicts_nobody_made(state, memory),
        *_untold(state),
    ]


def wrong_rows(world: World) -> list[str]:
    """One line for each row that is not what the records and the rest of the log say; writes nothing."""
    context = world.app.context
    with context.database.rehearsal() as rehearsal:
        capture(rehearsal, context.by_id)
        with rehearsal.transaction() as uow:
            return [
                line
                for mapping in context.mappings
                for line in _wrong_rows(mapping, list(uow.records.scan(mapping.id)), dict(uow.rows.scan(mapping)))
            ]


def described(world: World) -> list[str]:
    """Records, holds and pages as they are, for the one who looks for the reason."""
    state = _State(world)
    lines = []
    for mapping in state.mappings:
        for record in state.records[mapping.id]:
            held = state.held.get(record.id)
            lines.append(
                f"{mapping.name} record {record.id} key={record.key!r} page={record.page_id[:8]}"
                f" incarnation={record.incarnation}"
                f" postgres={record.postgres_presence.value} notion={record.notion_presence.value}"
                f" key_on_page={record.key_on_page} detached={record.detached}"
                f" pending={sorted(record.postgres)}|{ {n: c.value for n, c in record.notion.items()} }"
                f" held={held and (held.op, held.reason, held.waiting_for)}"
            )
        for page in _pages(world, mapping):
            key = page.values.get(mapping.key_property_id) or page.values.get(unquote(mapping.key_property_id))
            lines.append(f"{mapping.name} page {page.id[:8]} trash={page.in_trash} key={key}")
        lines += [f"{mapping.name} row {key}" for key in state.rows[mapping.id]]
    return lines


class _State:
    """Everything that both sides and the engine hold, read once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.mappings = world.app.context.mappings
        self.records: dict[int, list[Record]] = {}
        self.rows: dict[int, dict[str, Any]] = {}
        with world.app.context.database.transaction() as uow:
            for mapping in self.mappings:
                self.records[mapping.id] = list(uow.records.scan(mapping.id))
                self.rows[mapping.id] = dict(uow.rows.scan(mapping))
            self.held = {item.record_id: item for item in uow.held.find()}
            self.conflicts = uow.conflicts.find(["open", "auto", "resolved", "swapped"])
        self.pages_of_events: dict[int, str] = dict(
            world.sql("SELECT seq, page_id FROM sync_engine.sync_events WHERE page_id IS NOT NULL")
        )
        self.open = {(row.record_id, row.field) for row in self.conflicts if row.status == "open"}
        self.log = world.sql(
            "SELECT mapping, page_id, key, source::text, op::text, before, after, origin"
            " FROM sync_engine.sync_events"
        )

    def by_key(self, mapping: TableMapping) -> Mapping[str, Record]:
        return _by_key(self.records[mapping.id])

    def by_page(self, mapping: TableMapping) -> Mapping[str, Record]:
        return {record.page_id: record for record in self.records[mapping.id] if record.page_id}


def _by_key(records: Sequence[Record]) -> Mapping[str, Record]:
    """The newest incarnation of each key."""
    return {record.key: record for record in sorted(records, key=lambda record: record.incarnation)}


def _unexplained(state: _State) -> Iterator[str]:
    """Sides are equal, except where the engine knows of the difference and somebody is told the reason."""
    for difference in verify(state.world.app.context).differences:
        if not _is_explained(state, difference):
            yield f"unexplained difference: {difference}"


def _is_explained(state: _State, difference: Difference) -> bool:
    mapping = state.world.app.context.mapping(difference.table)
    extra = difference.kind in ("duplicate_page", "missing_row")
    record = (
        state.by_page(mapping).get(str(difference.notion)) if extra else state.by_key(mapping).get(difference.key)
    )
    if record is None:
        return False
    if record.id in state.held or record.detached:
        return not difference.field or difference.field in {*record.postgres, *record.notion}
    if (record.id, difference.field) in state.open:
        return True
    return _waits_for_another(state, mapping, record, difference.field)


def _waits_for_another(state: _State, mapping: TableMapping, record: Record, name: str) -> bool:
    """Whether the field points to a record that is not on the other side, which has its own reason."""
    if not name or not (target := mapping.by_name[name].relation_to):
        return False
    there = state.world.app.context.mapping(target)
    if name in record.postgres and record.postgres[name].value is not None:
        found = state.by_key(there).get(str(record.postgres[name].value))
        return found is not None and found.notion_presence is not PRESENT and _has_reason(state, found)
    if name in record.notion:
        waited = state.by_page(there).get(waiting_page(record.notion[name].value))
        return waited is not None and waited.postgres_presence is not PRESENT and _has_reason(state, waited)
    return False


def _has_reason(state: _State, record: Record) -> bool:
    return record.id in state.held or record.detached


def _wrong_knowledge(state: _State) -> Iterator[str]:
    """What the engine believes of each side is what the side holds."""
    for mapping in state.mappings:
        yield from _wrong_rows(mapping, state.records[mapping.id], state.rows[mapping.id])
        yield from _wrong_pages(state, mapping)


def _wrong_rows(mapping: TableMapping, every: Sequence[Record], rows: Mapping[str, Any]) -> Iterator[str]:
    records = _by_key(every)
    for key in sorted(rows.keys() - records.keys()):
        yield f"{mapping.name} {key}: a row without a record"
    for record in every:
        there = record.key in rows and records[record.key] is record
        if (record.postgres_presence is PRESENT) is not there:
            yield f"{mapping.name} {record.key}: row there {there}, the record says {record.postgres_presence}"
        elif there:
            yield from _wrong_values(record, mapping, rows[record.key])


def _wrong_values(record: Record, mapping: TableMapping, image: Any) -> Iterator[str]:
    for name, value in decode_image(image, mapping).items():
        believed = postgres_value(record, mapping.by_name[name])
        if believed != value:
            yield f"{mapping.name} {record.key} {name}: row has {value!r}, the record says {believed!r}"


def _wrong_pages(state: _State, mapping: TableMapping) -> Iterator[str]:
    pages = {page.id: page for page in _pages(state.world, mapping)}
    by_page = state.by_page(mapping)
    live = {page_id for page_id, page in pages.items() if not page.in_trash}
    for page_id in sorted(live - by_page.keys()):
        yield f"{mapping.name}: page {page_id} without a record"
    shown = {
        page.id: page
        for batch in state.world.app.context.workspace.changed_since(mapping.data_source_id, None)
        for page in batch.pages
    }
    with state.world.app.context.database.transaction() as uow:
        keys = uow.records.keys(linked_pages(mapping, list(shown.values())))
    for page_id, record in by_page.items():
        if record.detached:
            continue  # an ignored delete: the engine looks at the page no more
        there = page_id in live
        if (record.notion_presence is PRESENT) is not there:
            yield f"{mapping.name} {record.key}: page there {there}, the record says {record.notion_presence}"
        elif there:
            for name, value in decode_page(shown[page_id], mapping, keys).items():
                believed = seen_as(notion_value(record, mapping.by_name[name]))
                if believed != value:
                    yield f"{mapping.name} {record.key} {name}: page has {value!r}, the record says {believed!r}"


def _pages(world: World, mapping: TableMapping) -> list[Page]:
    every = world.sandbox.workspace.store.every(Page)
    return [page for page in every if page.parent.id == mapping.data_source_id]


def _lost_values(state: _State, memory: Memory) -> Iterator[str]:
    """The last value that a person put into each field of each page is current, logged, or in a conflict."""
    told: dict[str, str] = {}
    for _, page_id, _, _, _, before, after, _ in state.log:
        if page_id:
            told[page_id] = told.get(page_id, "") + json.dumps([before, after])
    pages_of = {record.id: record.page_id for group in state.records.values() for record in group}
    for row in state.conflicts:
        page_id = pages_of.get(row.record_id, "")
        told[page_id] = told.get(page_id, "") + json.dumps({row.field: row.notion.value})
    known = set(told) | set(pages_of.values())
    for (table, page_id, name), prop in memory.wrote.items():
        mapping = state.world.app.context.mapping(table)
        page = state.world.sandbox.workspace.store.page(page_id)
        if page.in_trash and page_id not in known:
            continue  # made and trashed by people before the engine looked; Notion lists no page in the trash
        if not page.in_trash:
            shown = state.world.call("GET", f"/pages/{page_id}")["properties"][mapping.by_name[name].property]
            if _bare(shown) == _bare(prop):
                continue
        if not any(form in told.get(page_id, "") for form in _forms(state, mapping, name, prop)):
            yield f"lost: {table}.{name} of page {page_id}: a person wrote {prop}, which is nowhere"


def _bare(prop: Any) -> Any:
    kind = prop["type"]
    value = prop[kind]
    if kind in ("rich_text", "title"):
        return "".join(run["plain_text"] for run in value)
    return value


def _forms(state: _State, mapping: TableMapping, name: str, prop: Any) -> Iterator[str]:
    """How the value would stand in the log."""
    item = mapping.by_name[name]
    if item.relation_to:
        targets = page_ids(prop)
        yield f'"{name}": null' if not targets else f'"page_id": "{targets[0]}"'
        if len(targets) > 1:
            yield f'"{name}": {{"reason"'
            yield f'"{name}": {{"invalid"'
        target = state.world.app.context.mapping(item.relation_to)
        for record in state.records[target.id]:
            if targets and record.page_id == targets[0]:
                yield f'"{name}": "{record.key}"'
        for _, page_id, key, *_ in state.log:
            if targets and page_id == targets[0] and key:
                yield f'"{name}": "{key}"'
        return
    try:
        yield json.dumps({name: item.codec.from_notion(prop)})[1:-1]
    except FieldError:
        yield f'"{name}": {{"reason"'
        yield f'"{name}": {{"invalid"'


def _lost_rows(state: _State, memory: Memory) -> Iterator[str]:
    """Texts that were committed to Postgres are in the log."""
    told = json.dumps([[before, after] for *_, before, after, _ in state.log], ensure_ascii=False)
    current = json.dumps([list(rows.values()) for rows in state.rows.values()], ensure_ascii=False)
    told, current = told.lower(), current.lower()  # a trigger lowers slugs before anybody sees them
    for value in map(str.lower, memory.rows):
        if f'"{value}"' not in told and f'"{value}"' not in current:
            yield f"lost: {value!r} was committed to Postgres and is nowhere"


def _unjustified_removals(state: _State, memory: Memory) -> Iterator[str]:
    """The engine removed only what a person removed on the other side."""
    if memory.taken_back:
        return
    gone = {(mapping, key) for mapping, _, key, source, op, *_ in state.log if source == "p" and op in ("d", "t")}
    done = state.world.sql(
        "SELECT mapping, key, page_id, op FROM sync_engine.sync_changes"
        " WHERE status = 'done' AND op IN ('delete', 'trash')"
    )
    for mapping, key, page_id, op in done:
        if op == "delete" and page_id not in memory.trashed:
            yield f"row {key} was deleted, and nobody trashed its page {page_id}"
        if op == "trash" and (mapping, key) not in gone:
            yield f"page {page_id} was trashed, and nobody deleted row {key}"


def _untold(state: _State) -> Iterator[str]:
    """The log, folded from its beginning, makes what the engine and the rows hold (G13)."""
    for item in replay_verify(state.world.app.context, pages=False).differences:
        yield f"the log tells otherwise: {item}"


def _conflicts_nobody_made(state: _State, memory: Memory) -> Iterator[str]:
    """A conflict is between two values that somebody wrote (G4)."""
    pages_of = {record.id: record.page_id for group in state.records.values() for record in group}
    for row in state.conflicts:
        if row.type not in ("update_differing", "ambiguous_time") or is_unresolved(row.notion.value):
            continue
        # The record may have another page by now: the event knows which one was edited.
        page_id = state.pages_of_events.get(row.notion.seq) or pages_of.get(row.record_id, "")
        written = memory.every.get((page_id, row.field), [])
        item = state.world.app.context.by_id[row.mapping].by_name[row.field]
        if item.relation_to:
            if not written:
                yield f"conflict that nobody made: {row}"
            continue
        if not any(_same(item.codec, prop, row.notion.value) for prop in written):
            yield f"conflict that nobody made: {row}"


def _same(codec: Any, prop: Any, value: Any) -> bool:
    try:
        return bool(codec.from_notion(prop) == value)
    except FieldError:
        return False
