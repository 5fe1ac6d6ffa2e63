"""Rebuild elsewhere: new databases under another page, filled from the log; for a workspace that was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

from sync_engine.domain.events import Side
from sync_engine.domain.lanes import Lane
from sync_engine.domain.mapping import KEY_PROPERTY, TableMapping
from sync_engine.domain.plan import Action, Operation
from sync_engine.domain.record import Record
from sync_engine.domain.schema import DataSource
from sync_engine.domain.unresolved import targets_of
from sync_engine.domain.values import JsonObject, Value
from sync_engine.engine.configure.setup import adopt, create_source, relation_schema
from sync_engine.engine.context import Context
from sync_engine.engine.exclusive import between_turns
from sync_engine.engine.passes.look_again import batches
from sync_engine.engine.passes.observe import decode_page, key_on
from sync_engine.engine.passes.send import send_all
from sync_engine.engine.rebuild.content import told_content
from sync_engine.engine.rebuild.rebuilt import Doing, Line, Rebuilt, Span
from sync_engine.engine.rebuild.running import as_run
from sync_engine.engine.rebuild.told_rows import read_log
from sync_engine.errors import ConnectionBlocked, NotionError, NotionUnavailable, UsageError
from sync_engine.ports.workspace import Page


@dataclass
class Copy:
    """One table elsewhere: the mapping with the ids that it has there (none before it is made), what its pages
    shall show by record key, and the pages that are there."""

    mapping: TableMapping
    wanted: Mapping[str, Mapping[str, Value]]
    pages: dict[str, Page] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether its database is there."""
        return bool(self.mapping.data_source_id)


def told_copies(context: Context, span: Span, result: Rebuilt) -> list[Copy]:
    """What the log tells of the tables, as if none of them were in Notion."""
    copies: list[Copy] = []
    for mapping in context.selected(span.tables):
        with context.database.transaction() as uow:
            told = read_log(uow, context, mapping, span)
        nowhere = replace(
            mapping,
            database_id="",
            data_source_id="",
            key_property_id="",
            fields=tuple(replace(item, property_id="") for item in mapping.fields),
        )
        copies.append(Copy(nowhere, told_content(mapping, told)))
        result.events += told.events
        result.records += len(copies[-1].wanted)
    return copies


def rebuild_elsewhere(
    context: Context, parent: str, span: Span, *, dry_run: bool, requests_per_minute: int | None = None
) -> tuple[Rebuilt, list[Copy]]:
    """Make databases under this page and fill them with what the log tells, as of `span.until` or of now.

    Nothing that is synced is touched. What an interrupted call made is found again by its title and by the record
    keys, so after a kill the same call goes on. Relations come last, when all pages are there. Raises UsageError
    when a synced database lies under this page, NotionUnavailable.
    """
    result = Rebuilt(f"new-notion:{parent}", run_id=context.ids.new_id(), dry_run=dry_run)
    work = _Work(context, parent, result)
    with nullcontext() if dry_run else between_turns(context.database):
        copies = told_copies(context, span, result)
        work.find(copies)
        if dry_run:
            work.preview(copies)
        else:
            with as_run(context, result, span):
                work.make(copies)
    if requests_per_minute:
        result.eta_seconds = result.requests * 60 / requests_per_minute
    return result, copies


@dataclass
class _Work:
    context: Context
    parent: str
    result: Rebuilt

    def find(self, copies: Sequence[Copy]) -> None:
        """Find what an interrupted call has made."""
        workspace = self.context.workspace
        children = workspace.child_databases(self.parent)
        for copy in copies:
            source = adopt(workspace, copy.mapping, children)
            if source is None:
                continue
            if source.id in {mapping.data_source_id for mapping in self.context.mappings}:
                raise UsageError(
                    f"the database that table {copy.mapping.name} is synced with lies under this page",
                    hint="name another page; or put it back in place with `replay --target notion`",
                )
            copy.mapping = _placed(copy.mapping, source)
        if any(copy.exists for copy in copies) and not self.result.dry_run:
            # A query may not show yet what a killed call made a moment ago.
            self.context.progress("waiting for Notion's queries to catch up", 0, 0)
            self.context.clock.wait(self.context.query_lag.total_seconds())
        for copy in copies:
            if copy.exists:
                copy.pages = self._listed(copy.mapping)

    def _listed(self, mapping: TableMapping) -> dict[str, Page]:
        found: dict[str, Page] = {}
        for batch in self.context.workspace.changed_since(mapping.data_source_id, None):
            for page in sorted(batch.pages, key=lambda page: page.created_time):
                found.setdefault(key_on(page, mapping), page)
        return found

    def preview(self, copies: Sequence[Copy]) -> None:
        """Count what would be made, and what it costs."""
        for copy in copies:
            relations = [item.name for item in copy.mapping.fields if item.relation_to]
            new = [key for key in copy.wanted if key not in copy.pages]
            for key in new:
                self.result.note(Line(copy.mapping.name, key, Doing.CREATE))
            linked = sum(1 for key in new if any(copy.wanted[key].get(name) is not None for name in relations))
            self.result.requests += len(new) + linked + (0 if copy.exists else 2)
        if all(copy.exists for copy in copies):
            for copy in copies:
                updates = self._updates(copy, copies)
                self.result.requests += len(updates)
                for item in updates:
                    self.result.note(_line(copy.mapping, item, Doing.UPDATE))

    def make(self, copies: Sequence[Copy]) -> None:
        """Databases, their relations, pages, and at last the links between the pages."""
        workspace = self.context.workspace
        for copy in copies:
            if not copy.exists:
                copy.mapping = _placed(copy.mapping, create_source(workspace, self.parent, copy.mapping))
            self.result.made[copy.mapping.name] = copy.mapping.database_id
        sources = {copy.mapping.name: copy.mapping.data_source_id for copy in copies}
        for copy in copies:
            missing: JsonObject = {
                item.property: relation_schema(item, sources)
                for item in copy.mapping.fields
                if item.relation_to in sources and not item.property_id
            }
            if missing:
                source = workspace.update_properties(copy.mapping.data_source_id, missing)
                copy.mapping = _placed(copy.mapping, source)
        for copy in copies:
            self._send(copy, self._creations(copy), Doing.CREATE)
        for copy in copies:
            self._send(copy, self._updates(copy, copies), Doing.UPDATE)

    def _creations(self, copy: Copy) -> list[Operation]:
        there = [item.name for item in copy.mapping.fields if item.property_id and not item.relation_to]
        return [
            Operation(
                Side.NOTION,
                Action.CREATE,
                Record(0, copy.mapping.id, key),
                {name: values[name] for name in there if name in values},
            )
            for key, values in copy.wanted.items()
            if key not in copy.pages
        ]

    def _updates(self, copy: Copy, copies: Sequence[Copy]) -> list[Operation]:
        """What the pages that are there do not show yet: links above all."""
        ids = {item.mapping.name: {key: page.id for key, page in item.pages.items()} for item in copies}
        keys = {page.id: (item.mapping.id, key) for item in copies for key, page in item.pages.items()}
        found: list[Operation] = []
        for key, page in copy.pages.items():
            shown = decode_page(page, copy.mapping, keys)
            values: dict[str, Value] = {}
            links: dict[str, tuple[str, ...]] = {}
            for name, value in copy.wanted.get(key, {}).items():
                item = copy.mapping.by_name[name]
                pages = ids.get(item.relation_to, {})
                targets = tuple(pages.get(target, "") for target in targets_of(value)) if item.relation_to else ()
                if name not in shown or item.codec.weaken(value) == shown[name]:
                    continue
                if not all(targets):
                    reason = f"{name}: what it pointed to has no page"
                    self.result.note(Line(copy.mapping.name, key, Doing.REFUSED, (name,), reason))
                    continue
                values[name] = value
                links |= {name: targets} if targets else {}
            if values:
                record = Record(0, copy.mapping.id, key, page.id, key_on_page=True)
                found.append(Operation(Side.NOTION, Action.UPDATE, record, values, links))
        return found

    def _send(self, copy: Copy, operations: Sequence[Operation], doing: Doing) -> None:
        fatal: NotionError | None = None
        done = 0
        for batch in batches(operations):
            for operation, reply in zip(
                batch, send_all(self.context.workspace, copy.mapping, batch, Lane.REPAIR), strict=True
            ):
                if reply is not None and reply.page is not None and reply.error is None:
                    copy.pages[operation.record.key] = reply.page
                    line = _line(copy.mapping, operation, doing)
                    self.result.note(line)
                elif reply is not None and isinstance(reply.error, NotionUnavailable | ConnectionBlocked):
                    fatal = fatal or reply.error
                elif reply is not None:
                    refused = _line(copy.mapping, operation, Doing.REFUSED)
                    self.result.note(replace(refused, reason=str(reply.error)))
            if fatal is not None:
                raise fatal
            done += len(batch)
            self.context.progress(f"building {copy.mapping.name}", done, len(operations))


def _line(mapping: TableMapping, operation: Operation, doing: Doing) -> Line:
    fields = tuple(sorted(operation.values)) if doing is Doing.UPDATE else ()
    return Line(mapping.name, operation.record.key, doing, fields)


def _placed(mapping: TableMapping, source: DataSource) -> TableMapping:
    """The mapping with the ids of this data source; a title keeps whatever name it has there."""
    titles = [item.id for item in source.properties if item.type == "title"]
    ids = {item.name: item.id for item in source.properties}
    key = source.by_name(KEY_PROPERTY)
    return replace(
        mapping,
        database_id=source.database_id,
        data_source_id=source.id,
        key_property_id=key.id if key is not None else "",
        fields=tuple(
            replace(item, property_id=titles[0] if item.type == "title" else ids.get(item.property, ""))
            for item in mapping.fields
        ),
    )
