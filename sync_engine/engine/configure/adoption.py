"""Adoption: a database that people made becomes that of a table, after a look at what would be matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.mapping import KEY_PROPERTY, FieldMapping, TableMapping
from sync_engine.domain.matching import Candidate, Matching, match, values_text
from sync_engine.domain.schema import DataSource, Property
from sync_engine.domain.values import Value
from sync_engine.engine.configure.changes import SetupChange
from sync_engine.engine.passes.apply_postgres import decode_image
from sync_engine.engine.passes.observe import decode_field, key_on
from sync_engine.errors import ConfigurationError, NotionNotFound
from sync_engine.ports.database import Database, UnitOfWork
from sync_engine.ports.workspace import Page, Workspace

SAMPLES = 3


def chosen_source(workspace: Workspace, mapping: TableMapping) -> DataSource:
    """The data source that `database_id` means: the only one of that database, or itself one.

    Raises ConfigurationError when it is not shown to the connection, in the trash, or one of several.
    """
    try:
        sources = list(workspace.data_sources_of(mapping.adopts))
    except NotionNotFound:
        sources = [mapping.adopts]
    if len(sources) > 1:
        raise ConfigurationError(
            f"table {mapping.name!r}: the database {mapping.adopts} has {len(sources)} data sources",
            hint=f"name one of them as database_id: {', '.join(sources)}",
        )
    try:
        source = workspace.data_source(sources[0] if sources else mapping.adopts)
    except NotionNotFound as error:
        raise ConfigurationError(
            f"table {mapping.name!r}: the connection does not see the database {mapping.adopts}",
            hint="share it with the connection (Connections in its menu), or mend database_id",
        ) from error
    if source.in_trash:
        raise ConfigurationError(
            f"table {mapping.name!r}: the database {mapping.adopts} is in the trash", hint="restore it in Notion"
        )
    return source


def refuse_other_database(mapping: TableMapping) -> None:
    """Raises ConfigurationError when the table is synced with another database than `database_id` names by now."""
    if mapping.adopts and mapping.adopts not in (mapping.database_id, mapping.data_source_id):
        raise ConfigurationError(
            f"table {mapping.name!r} is synced with the database {mapping.database_id}, not with database_id",
            hint="put the old id there; pages are linked with their rows and cannot change their database",
        )


def found_property(source: DataSource, field: FieldMapping) -> Property | None:
    """The property of a field: by its remembered id, else by its name; there is only one title."""
    if field.type == "title":
        return next((item for item in source.properties if item.type == "title"), None)
    known = source.by_id(field.property_id) if field.property_id else None
    return known or source.by_name(field.property)


def adoption(database: Database, workspace: Workspace, mapping: TableMapping, source: DataSource) -> SetupChange:
    """What would become of the pages and rows that are there. Writes nothing. Raises ConfigurationError when both
    sides have records, and `match` says nothing about them."""
    placed = with_properties(mapping, source)
    pages = [page for batch in workspace.changed_since(source.id, None) for page in batch.pages]
    with database.transaction() as uow:
        rows = list(_rows(uow, placed))
    if pages and rows and mapping.match is None:
        raise ConfigurationError(
            f"table {mapping.name!r} has rows, the database {source.title!r} has pages, and nothing says which"
            " belong together",
            hint='name what tells them apart: match = ["email"]; [] makes each anew on the other side',
        )
    found = match(_with_keys(rows, pages, placed), _of_pages(rows, pages, placed))
    return SetupChange("notion", "change", f"database {source.title}", _told(found, placed, len(rows), len(pages)))


def with_properties(mapping: TableMapping, source: DataSource) -> TableMapping:
    """The mapping with the ids of the properties that the data source has."""
    key = source.by_name(KEY_PROPERTY)
    fields = [
        replace(item, property_id=found.id if (found := found_property(source, item)) is not None else "")
        for item in mapping.fields
    ]
    return replace(mapping, fields=tuple(fields), key_property_id=key.id if key is not None else "")


_KEY = "\0"
"""Before the text of a record key, which no other value begins with."""


def _rows(uow: UnitOfWork, mapping: TableMapping) -> Iterator[tuple[str, str]]:
    """Key, and what the row is matched by."""
    outside: set[str] = set()
    for keys in uow.rows.keys(mapping) if mapping.row_filter else ():
        outside |= {*keys} - uow.rows.fitting(mapping, keys).keys
    for key, image in uow.rows.scan(mapping):
        if key not in outside:
            values = decode_image(image, mapping)
            weak = {name: mapping.by_name[name].codec.weaken(value) for name, value in values.items()}
            yield key, values_text(weak, mapping)


def _with_keys(
    rows: Sequence[tuple[str, str]], pages: Sequence[Page], mapping: TableMapping
) -> Iterator[Candidate[str]]:
    carried = {key_on(page, mapping) for page in pages if mapping.key_property_id}
    return (Candidate(key, _KEY + key if key in carried else by) for key, by in rows)


def _of_pages(
    rows: Sequence[tuple[str, str]], pages: Sequence[Page], mapping: TableMapping
) -> Iterator[Candidate[str]]:
    keys = {key for key, _ in rows}
    for page in pages:
        carried = key_on(page, mapping) if mapping.key_property_id else ""
        by = _KEY + carried if carried in keys else values_text(_shown(page, mapping), mapping)
        yield Candidate(page.id, by)


def _shown(page: Page, mapping: TableMapping) -> Mapping[str, Value]:
    wanted = [mapping.by_name[name] for name in mapping.match or ()]
    return {item.name: decode_field(page, item, {}) for item in wanted if item.property_id in page.properties}


def _told(found: Matching[str], mapping: TableMapping, rows: int, pages: int) -> str:
    by = ", ".join(mapping.match or ()) or "key"
    parts = [f"adopt it: {rows} rows, {pages} pages; {len(found.pairs)} pairs by {by}"]
    parts[0] += _samples([f"{row} = {page}" for row, page in found.pairs])
    if found.ambiguous:
        many = [f"{value}: {len(some)} rows, {len(others)} pages" for value, some, others in found.ambiguous]
        parts.append(f"{len(found.ambiguous)} ambiguous, to be held{_samples(many)}")
    what = "to be held" if mapping.unmatched == "hold" else "to be made on the other side"
    alone = (len(found.rows_alone), len(found.pages_alone))
    if any(alone):
        parts.append(f"{alone[0]} rows and {alone[1]} pages alone, {what}{_samples(found.rows_alone)}")
    return "; ".join(parts)


def _samples(names: Sequence[str]) -> str:
    more = ", …" if len(names) > SAMPLES else ""
    return f" ({', '.join(names[:SAMPLES])}{more})" if names else ""
