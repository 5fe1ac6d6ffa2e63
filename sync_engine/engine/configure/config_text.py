"""The text of a commented `sync.toml`, written once by `init` and then edited by people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sync_engine.domain.inference import plan_columns
from sync_engine.domain.mapping import FieldMapping
from sync_engine.domain.naming import distinct, looks_secret
from sync_engine.domain.schema import Column, Table
from sync_engine.engine.configure.proposal import (
    FieldProposal,
    Probe,
    Proposal,
    TableProposal,
    no_probe,
    propose,
    written_name,
)
from sync_engine.settings import RelationSettings, TableSettings

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MAX_OPTIONS_SHOWN = 6

_HEAD = """\
# Which tables of the database are kept equal with which Notion databases.
#
# Written by `sync-engine init`, and yours to edit from here on. What is not written down follows the rules: a
# column becomes a property named in title case, with the type that fits it (the comments show which), and a
# foreign key becomes a relation named without its _id. `sync-engine plan` shows what a change would do.

version = 1

# Secrets never stand in this file; it names the environment variables (or lines of .env) that hold them.
[postgres]
url = "env:DATABASE_URL"
schema = {schema}

[notion]
token = "env:NOTION_TOKEN"
parent_page = "env:NOTION_PARENT_PAGE_ID"   # a page shared with the connection; databases are made under it

# What holds for every table and field that does not say otherwise.
[defaults]
direction = "both"       # both | to-notion | from-notion
conflict = "newest"      # newest | postgres | notion | manual | union | min | max | delta
ambiguous = "notion"     # who wins when nobody can tell which edit came last: notion | postgres | manual
delete = {{ from_postgres = "trash", from_notion = "hold" }}   # a page put in the trash waits for a person
brake = {{ share = 0.1, min = 20, update_share = 0.5 }}   # a pass that deletes or updates more stops and asks
"""


def write_config(
    tables: Sequence[Table],
    schemas: Sequence[str] = ("public",),
    wanted: Sequence[str] = (),
    probe: Probe = no_probe,
) -> str:
    """The text of a `sync.toml` for these tables; see `propose` for the arguments and what is raised."""
    return config_text(propose(tables, schemas, wanted, probe))


def config_text(proposal: Proposal) -> str:
    """The text of a proposal. It loads with `load_settings`, and gives the mappings that its comments show."""
    blocks = [_HEAD.format(schema=_text(proposal.schema))]
    blocks += ["\n".join(_table_lines(item)) + "\n" for item in proposal.tables]
    if proposal.junctions:
        blocks.append("\n".join(_junction_lines(proposal)) + "\n")
    if proposal.left_out:
        lines = [f"#   {_plain(name)}: {_plain(reason)}" for name, reason in proposal.left_out]
        blocks.append("\n".join(["# Tables that were left out:", *lines]) + "\n")
    return "\n\n".join(blocks)


def merged_text(
    written: str,
    known: Sequence[TableSettings],
    tables: Sequence[Table],
    schemas: Sequence[str],
    wanted: Sequence[str] = (),
    probe: Probe = no_probe,
) -> tuple[str, Sequence[str]]:
    """A `sync.toml` that is there already, with the tables that it lacks added at its end; also their names.

    What is written is not touched, be it comments or order. The first schema is the file's own. `known` are its
    tables; otherwise as `write_config`.
    """
    names = {table.name for table in known}
    there = {written_name(table, schemas[0]) for table in tables}
    asked = [*wanted, *sorted((names & there) - {*wanted})] if wanted else ()
    found = propose(tables, schemas, asked, probe)
    titles = [table.database_title for table in known if table.database_title]
    added = [_titled(item, titles) for item in found.tables if item.settings.name not in names]
    blocks = ["\n".join(_table_lines(item)) + "\n" for item in added]
    proposed = _relations_to_add(found.tables, {table.name: table for table in known})
    blocks += [block for block in proposed if block not in written]
    text = "\n\n".join([written.rstrip("\n") + "\n", *blocks]) if blocks else written
    return text, [item.settings.name for item in added]


def _titled(item: TableProposal, titles: list[str]) -> TableProposal:
    """With a database title that no other table of the file has."""
    title = distinct(item.settings.database_title or item.table.name, titles, item.settings.name)
    titles.append(title)
    return replace(item, settings=item.settings.model_copy(update={"database_title": title}))


def _relations_to_add(items: Sequence[TableProposal], known: Mapping[str, TableSettings]) -> Sequence[str]:
    """Relations that a table of the file could have, as comments: what a person wrote is not written into."""
    blocks: list[str] = []
    for item in items:
        used = known.get(item.settings.name)
        through = {relation.through for relation in used.relations.values()} if used is not None else set()
        for name, relation in item.settings.relations.items() if used is not None else ():
            if relation.through not in through:
                lines = [
                    f"# To be added to the table {item.settings.name}:",
                    *_relation_lines(item, name, relation),
                ]
                blocks.append("\n".join(line if line.startswith("#") else f"# {line}" for line in lines) + "\n")
    return blocks


def _table_lines(item: TableProposal) -> Iterator[str]:
    settings = item.settings
    if item.table.comment:
        yield f"# {_plain(item.table.comment)}"
    yield "[[tables]]"
    yield f"name = {_text(settings.name)}"
    yield f"title = {_text(settings.title or '')}"
    yield f"icon = {_text(settings.icon or '')}"
    yield f"database_title = {_text(settings.database_title or '')}"
    yield from _groups(item)
    yield from _field_table(item)
    yield from _notes(item)
    for name, field in item.fields.items():
        yield ""
        yield from _field_lines(name, field)
    for name, relation in item.settings.relations.items():
        yield ""
        yield from _relation_lines(item, name, relation)


def _relation_lines(item: TableProposal, name: str, relation: RelationSettings) -> Iterator[str]:
    """A relation to many; what the junction holds beside the link stays as it is, or is made by its defaults."""
    shown = item.mapping.by_name[name]
    what = "many-to-many" if relation.through else "by several columns"
    why = what if shown.direction == "both" else f"{what}, to Notion only: see `sync-engine plan`"
    yield f"[tables.relations.{_key(name)}]   # {why}"
    for key, value in relation.model_dump(exclude_none=True).items():
        listed = [value] if isinstance(value, str) else list(value)
        written = ", ".join(map(_text, listed))
        yield f"{key} = {written}" if isinstance(value, str) else f"{key} = [{written}]"


def _groups(item: TableProposal) -> Iterator[str]:
    """Columns that one CHECK ties together, as groups: a merge of them could make a row that nobody wrote."""
    known = item.mapping.by_column
    groups: list[list[str]] = []
    for check in item.table.checks:
        names = [known[column].name for column in check.columns if column in known and known[column].writable]
        if len(names) > 1 and not any(name in group for group in groups for name in names):
            groups.append(names)
    if groups:
        written = ", ".join(f"[{', '.join(map(_text, group))}]" for group in groups)
        yield f"groups = [{written}]   # a CHECK ties them: they win or lose together"


def _field_table(item: TableProposal) -> Iterator[str]:
    """The fields as comments, aligned: column, property, type."""
    rows = [(field.name, field.property, _shown_type(field)) for field in item.mapping.fields]
    widths = [min(max(len(row[place]) for row in rows), 32) for place in (0, 1)]
    yield "#"
    for column, prop, kind in rows:
        yield f"#   {_plain(column):<{widths[0]}}  {_plain(prop):<{widths[1]}}  {_plain(kind)}".rstrip()


def _shown_type(field: FieldMapping) -> str:
    kind = f"relation to {field.relation_to}" if field.relation_to else field.type
    if field.options:
        more = ", …" if len(field.options) > _MAX_OPTIONS_SHOWN else ""
        kind += f" ({', '.join(field.options[:_MAX_OPTIONS_SHOWN])}{more})"
    if not field.writable:
        return f"{kind}, read-only: the database makes it"
    return f"{kind}, to Notion only" if field.direction == "to-notion" else kind


def _notes(item: TableProposal) -> Iterator[str]:
    """Columns that the rules leave out, each with its reason; and what a page made in Notion could not fill."""
    shown = {*item.mapping.by_column, *item.fields, *item.table.row_key}
    left_out = [
        f"{plan.column.name} ({plan.reason})"
        for plan in plan_columns(item.table, {})
        if plan.type is None and plan.column.name not in shown
    ]
    if left_out:
        yield f"#   left out: {_plain('; '.join(left_out))}"
    missing = [column.name for column in item.table.columns if _cannot_be_filled(item, column)]
    if missing:
        yield f"#   a page made in Notion cannot become a row: nothing fills {_plain(', '.join(missing))}"


def _cannot_be_filled(item: TableProposal, column: Column) -> bool:
    if not column.not_null or column.has_default or column.identity or column.generated:
        return False
    field = item.mapping.by_column.get(column.name)
    return field is None or not (field.writable or field.gives_key)


def _field_lines(name: str, field: FieldProposal) -> Iterator[str]:
    yield f"[tables.fields.{_key(name)}]   # {_plain(field.reason)}"
    for key, value in field.settings.model_dump(exclude_defaults=True).items():
        yield f"{key} = {_text(value) if isinstance(value, str) else json.dumps(value)}"


def _junction_lines(proposal: Proposal) -> Iterator[str]:
    yield "# Tables that link two others (many-to-many), of which one is not listed here. Once it is, they can be"
    yield "# relations of either:"
    yield '#   [tables.relations.NAME]  through = "JUNCTION"  to = "OTHER"'
    for table in proposal.junctions:
        ends = [_target(table, column, proposal.schema) for column in _linking(table)]
        payload = [column.name for column in _payload(table)]
        more = f", with {', '.join(payload)}" if payload else ""
        yield f"#   {_plain(written_name(table, proposal.schema))}: {_plain(' and '.join(ends) + more)}"


def _linking(table: Table) -> Iterable[str]:
    return sorted({key.columns[0] for key in table.foreign_keys if len(key.columns) == 1})


def _target(table: Table, column: str, schema: str) -> str:
    key = next(key for key in table.foreign_keys if key.columns == (column,))
    return key.target_table if key.target_schema == schema else f"{key.target_schema}.{key.target_table}"


def _payload(table: Table) -> Iterable[Column]:
    plain = {"created_at", "updated_at", *table.row_key, *_linking(table)}
    return (column for column in table.columns if column.name not in plain and not looks_secret(column))


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _plain(text: str) -> str:
    """Text for a comment: one line, no control characters."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split(" ")))
