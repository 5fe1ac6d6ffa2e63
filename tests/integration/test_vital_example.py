"""The VITAL example loads into a real Postgres, unchanged, and only once."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cli.vital_example import TABLES, count_rows, example_folder, load_real, load_sample, load_schema
from sync_engine.errors import ConfigurationError

EXAMPLE = example_folder()
SAMPLE = EXAMPLE / "sample"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "vital"
SYNCED = 14


def records(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line, parse_float=Decimal) for line in lines if line]


def stored(connection: psycopg.Connection[Any], table: str) -> list[dict[str, Any]]:
    rows = connection.execute(sql.SQL("select to_jsonb(t)::text from {} t").format(sql.Identifier(table)))
    return [json.loads(text, parse_float=Decimal) for (text,) in rows]


def comparable(record: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """Instants as instants; everything else as it is written."""
    return {
        key: datetime.fromisoformat(record[key]) if key.endswith("_at") and record[key] else record[key]
        for key in keys
    }


def identity(record: dict[str, Any]) -> str:
    return record.get("id") or json.dumps([v for k, v in record.items() if k.endswith(("_id", "_name"))])


def assert_unchanged(connection: psycopg.Connection[Any], folder: Path, table: str) -> None:
    written = records(folder / f"{table}.jsonl")
    keys = list(written[0])
    found = {identity(comparable(row, keys)): comparable(row, keys) for row in stored(connection, table)}
    for record in written:
        assert found[identity(record)] == comparable(record, keys)


def versions(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """Where each row lies and who wrote it: differs after any write, even one that changes no value."""
    return {
        table: connection.execute(
            sql.SQL("select ctid::text, xmin::text, t::text from {} t order by 1").format(sql.Identifier(table))
        ).fetchall()
        for table in TABLES
    }


@pytest.mark.every_postgres
def test_schema_is_created_once(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        assert load_schema(connection) == list(TABLES)
        assert load_schema(connection) == []
        connection.execute((EXAMPLE / "schema.sql").read_bytes())
        assert load_schema(connection) == []


def test_sample_fills_every_table(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        new = load_sample(connection)
        assert list(new) == list(TABLES)
        assert count_rows(connection) == new
        assert min(new.values()) > 0
        assert new["agents"] == 24


@pytest.mark.every_postgres
def test_sample_arrives_unchanged(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        load_sample(connection)
        for table in TABLES:
            assert_unchanged(connection, SAMPLE, table)
        scale = connection.execute("select temperature::text from agents where name = 'evidence_cartographer'")
        assert scale.fetchone() == ("0.70",)


@pytest.mark.every_postgres
def test_loading_again_writes_nothing(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        load_sample(connection)
        connection.commit()
        before = versions(connection)
        load_schema(connection)
        assert set(load_sample(connection).values()) == {0}
        assert versions(connection) == before


def test_a_missing_row_comes_back_and_an_edited_one_stays(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        load_sample(connection)
        connection.execute("delete from tools where name = 'Fax gateway'")
        connection.execute("update personas set description = 'edited' where name = 'Jonas Lindqvist'")
        new = load_sample(connection)
        assert new["tools"] == 1
        assert new["personas"] == 0
        edited = connection.execute("select count(*) from personas where description = 'edited'").fetchone()
        assert edited == (1,)


@pytest.mark.every_postgres
def test_an_update_moves_updated_at(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        load_sample(connection)
        moved = connection.execute(
            "update agents set tier = 1 where name = 'signal_listener' returning updated_at = now()"
        )
        assert moved.fetchone() == (True,)


def test_tables_of_somebody_else_are_refused_and_left_alone(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        connection.execute("create table agents (id uuid primary key, title text)")
        with pytest.raises(ConfigurationError, match="table agents exists and is not the example's: column"):
            load_schema(connection)
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        assert tables == [("agents",)]


def test_another_type_is_refused(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        connection.execute("alter table agents alter column color type varchar(7)")
        with pytest.raises(ConfigurationError, match=r"column color is character varying\(7\), not text"):
            load_schema(connection)


def test_a_column_on_top_is_fine(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        connection.execute("alter table agents add column note text")
        assert load_schema(connection) == []
        assert load_sample(connection)["agents"] == 24


def test_what_is_missing_is_completed(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        connection.execute("drop table chat_sessions, agent_tools")
        assert load_schema(connection) == ["chat_sessions", "agent_tools"]


def test_search_path_decides_the_schema(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        load_schema(connection)
        connection.execute("create schema vital")
        connection.execute("set search_path = vital, public")
        assert load_schema(connection) == list(TABLES)
        load_sample(connection)
        rows = connection.execute("select (select count(*) from public.agents), count(*) from vital.agents")
        assert rows.fetchone() == (0, 24)


@pytest.mark.every_postgres
def test_row_level_security_comes_on_where_supabase_is(empty_database: Any) -> None:
    with empty_database.connect() as connection:
        exists = connection.execute("select from pg_roles where rolname = 'authenticated'").fetchone()
        if exists is None:
            connection.execute("create role authenticated")
        load_schema(connection)
        secured = connection.execute(
            "select count(*) filter (where relrowsecurity), count(*) from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchone()
        policies = connection.execute("select count(*) from pg_policies where tablename = 'llm_providers'")
        assert secured == (len(TABLES), len(TABLES))
        assert policies.fetchone() == (0,)
        connection.rollback()


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('{"id": "6f1d0c5e-2b7a-4a53-9d0e-5a1c7e9b4f20", "nickname": "x"}', "no column nickname"),
        ('{"name": "a"}\n{"name": "b", "size": "1"}', "tools.jsonl, record 2: keys differ from record 1: size"),
        ('{"name": ', "tools.jsonl, record 1: not JSON"),
        ("[1]", "tools.jsonl, record 1: not a JSON object"),
    ],
)
def test_rows_that_do_not_fit_are_refused(empty_database: Any, tmp_path: Path, lines: str, complaint: str) -> None:
    (tmp_path / "organizations.jsonl").write_text('{"name": "first"}\n', encoding="utf-8")
    (tmp_path / "tools.jsonl").write_text(lines, encoding="utf-8")
    with empty_database.connect() as connection:
        load_schema(connection)
        with pytest.raises(ConfigurationError, match=complaint):
            load_real(connection, tmp_path)
        assert count_rows(connection)["organizations"] == 0


def test_a_folder_without_rows_is_refused(empty_database: Any, tmp_path: Path) -> None:
    with empty_database.connect() as connection, pytest.raises(ConfigurationError, match="no rows to load"):
        load_real(connection, tmp_path)


def test_real_rows_arrive_unchanged(empty_database: Any) -> None:
    """With the team's exports beside the repository; without them there is nothing to hold."""
    if not REAL.is_dir():
        return
    with empty_database.connect() as connection:
        load_schema(connection)
        new = load_real(connection, REAL)
        assert new["agents"] == 319
        assert new["prompts"] == 1887
        assert new["agent_prompts"] == 1604
        for table in new:
            assert_unchanged(connection, REAL, table)
        assert set(load_real(connection, REAL).values()) == {0}
        assert sum(load_sample(connection).values()) > 400


def test_the_script_loads_and_says_so(empty_database: Any) -> None:
    command = [sys.executable, str(EXAMPLE / "load.py"), empty_database.url]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert "schema: 21 tables created" in first.stdout
    assert "agents                      24 new     24 in all" in first.stdout
    assert "schema: already there" in again.stdout
    assert "agents                       0 new     24 in all" in again.stdout


def test_the_script_names_a_dead_database() -> None:
    command = [sys.executable, str(EXAMPLE / "load.py"), "postgresql://nobody@/x?host=/nonexistent"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 4
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1


def test_sync_toml_speaks_of_what_exists(empty_database: Any) -> None:
    config = tomllib.loads((EXAMPLE / "sync.toml").read_text(encoding="utf-8"))
    assert len(config["tables"]) == SYNCED
    with empty_database.connect() as connection:
        load_schema(connection)
        rows = connection.execute(
            "select table_name::text, array_agg(column_name::text) from information_schema.columns"
            " where table_schema = 'public' group by 1"
        )
        columns: dict[str, list[str]] = dict(rows.fetchall())
    for table in config["tables"]:
        assert {table.get("title", "id"), *table.get("fields", {})} <= set(columns[table["name"]])
    assert "ignore" in next(t for t in config["tables"] if t["name"] == "llm_providers")["fields"]["api_key"]


def test_the_sample_holds_what_breaks_a_sync() -> None:
    agents = [agent["system_prompt"] for agent in records(SAMPLE / "agents.jsonl")]
    cut = [prompt.encode("utf-16-le")[3998:4000] for prompt in agents]
    assert sum(0xD800 <= int.from_bytes(unit, "little") < 0xDC00 for unit in cut) == 6
    assert all(2100 <= len(prompt.encode("utf-16-le")) // 2 <= 2900 for prompt in agents)
    assert max(len(prompt["content"] or "") for prompt in records(SAMPLE / "prompts.jsonl")) >= 20_000
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 300_000
