"""Loads the VITAL example (`examples/vital`) into a database.

Rows come as JSON lines, one file a table, and are handed to Postgres as they are written: no value passes
through a Python number or timestamp. All functions work in the first schema of the connection's search_path,
inside one (sub)transaction each, and change nothing when repeated.
"""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
from psycopg import sql

from sync_engine.errors import ConfigurationError
from sync_engine.resources import shipped

TABLES = (
    "profiles",
    "organizations",
    "user_organizations",
    "agents",
    "workflows",
    "agent_capabilities",
    "capabilities",
    "tools",
    "prompts",
    "use_cases",
    "personas",
    "knowledge_domains",
    "knowledge_documents",
    "llm_providers",
    "llm_models",
    "chat_sessions",
    "workflow_agents",
    "workflow_tools",
    "agent_prompts",
    "agent_tools",
    "agent_knowledge_domains",
)
"""Every table of the example, parents before the children that refer to them."""

Connection = psycopg.Connection[tuple[object, ...]]
Columns = dict[str, dict[str, str]]

_SCRATCH = "vital_example_check"


def example_folder() -> Path:
    """The folder with `schema.sql`, `sample/` and `sync.toml`: inside the wheel, or in the checkout."""
    return shipped("examples", "vital")


def load_schema(connection: Connection) -> list[str]:
    """Create the tables that are missing; return their names.

    Raises ConfigurationError when a table of that name exists with other columns (columns on top are fine).
    """
    ddl = (example_folder() / "schema.sql").read_bytes()
    with connection.transaction():
        present = _columns(connection)
        missing = [table for table in TABLES if table not in present]
        if present:
            _refuse_strangers(present, _wanted(connection, ddl))
        if missing:
            connection.execute(ddl)
    return missing


def load_sample(connection: Connection, folder: Path | None = None) -> dict[str, int]:
    """Insert the sample rows that are not there yet; return the number of new rows for each table."""
    return _load_folder(connection, folder or example_folder() / "sample")


def load_real(connection: Connection, folder: Path) -> dict[str, int]:
    """Insert the rows of a folder of exports; tables without a file, and files without a table, are left out."""
    return _load_folder(connection, folder)


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each table of the example holds now."""
    schema = _schema(connection)
    return {table: _count(connection, schema, table) for table in TABLES}


def _load_folder(connection: Connection, folder: Path) -> dict[str, int]:
    files = [(table, folder / f"{table}.jsonl") for table in TABLES]
    found = [(table, path) for table, path in files if path.is_file()]
    if not found:
        raise ConfigurationError(
            f"no rows to load: {folder} holds none of the example's files",
            hint=f"expected files such as {TABLES[3]}.jsonl",
        )
    schema = _schema(connection)
    with connection.transaction():
        columns = _columns(connection)
        return {table: _load_file(connection, schema, columns, table, path) for table, path in found}


def _load_file(connection: Connection, schema: str, columns: Columns, table: str, path: Path) -> int:
    """One statement for the whole file, so that rows may refer to rows further down."""
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    if not lines:
        return 0
    names = _common_keys(lines, path)
    unknown = sorted(set(names) - columns.get(table, {}).keys())
    if unknown:
        raise ConfigurationError(
            f"{path.name}: table {table} has no column {', '.join(unknown)}",
            hint="load the example's schema first, or remove the keys from the file",
        )
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    target = sql.Identifier(schema, table)
    insert = sql.SQL(
        "insert into {target} ({listed}) select {listed} from jsonb_populate_recordset(null::{target}, %s::jsonb)"
        " on conflict ({key}) do nothing"
    ).format(target=target, listed=listed, key=_primary_key(connection, target))
    return connection.execute(insert, ("[" + ",".join(lines) + "]",)).rowcount


def _common_keys(lines: list[str], path: Path) -> tuple[str, ...]:
    """The keys of the first line; every other line must have the same ones."""
    first: tuple[str, ...] = ()
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"{path.name}, record {number}: not JSON: {error}") from error
        if not isinstance(record, dict):
            raise ConfigurationError(f"{path.name}, record {number}: not a JSON object")
        first = first or tuple(record)
        if record.keys() != set(first):
            odd = ", ".join(sorted(record.keys() ^ set(first)))
            raise ConfigurationError(f"{path.name}, record {number}: keys differ from record 1: {odd}")
    return first


def _schema(connection: Connection) -> str:
    row = connection.execute("select current_schema()").fetchone()
    if row is None or row[0] is None:
        raise ConfigurationError(
            "the search_path names no schema that exists", hint="create the schema, or set search_path to public"
        )
    return str(row[0])


def _columns(connection: Connection) -> Columns:
    """Columns and their types, for those tables of the example that exist in the current schema."""
    rows = connection.execute(
        "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)"
        "  from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relnamespace = current_schema()::regnamespace and c.relname = any(%s)"
        "   and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped",
        (list(TABLES),),
    )
    found: Columns = {}
    for table, column, kind in rows:
        found.setdefault(str(table), {})[str(column)] = str(kind)
    return found


def _wanted(connection: Connection, ddl: bytes) -> Columns:
    """The columns that `schema.sql` makes, read from a scratch schema that is rolled back at once."""
    with connection.transaction(force_rollback=True):
        connection.execute(f"create schema {_SCRATCH}")
        connection.execute(f"set local search_path = {_SCRATCH}")
        connection.execute(ddl)
        return _columns(connection)


def _refuse_strangers(present: Columns, wanted: Columns) -> None:
    for table, columns in present.items():
        for column, kind in wanted[table].items():
            if columns.get(column) != kind:
                is_now = f"is {columns[column]}, not {kind}" if column in columns else f"({kind}) is missing"
                raise ConfigurationError(
                    f"table {table} exists and is not the example's: column {column} {is_now}",
                    hint="use an empty database, or a schema of its own in search_path",
                )


def _primary_key(connection: Connection, table: sql.Identifier) -> sql.Composed:
    name = table.as_string(connection)
    rows = connection.execute(
        "select a.attname from pg_index i"
        "  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
        " where i.indisprimary and i.indrelid = %s::regclass",
        (name,),
    ).fetchall()
    if not rows:
        raise ConfigurationError(f"table {name} has no primary key", hint="use an empty database")
    return sql.SQL(", ").join(sql.Identifier(str(column)) for (column,) in rows)


def _count(connection: Connection, schema: str, table: str) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
    row = connection.execute(query).fetchone()
    return int(str(row[0])) if row else 0
