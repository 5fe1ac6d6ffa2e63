"""init: the sync.toml that is proposed loads again, and gives what its comments show."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_engine.domain.schema import Column, Table
from sync_engine.engine.configure.config_text import write_config
from sync_engine.engine.configure.mapping import build_mappings
from sync_engine.errors import ConfigurationError
from sync_engine.settings import Settings, load_settings
from tests.support.schemas import col, key, names, one_of, refers, table

AGENTS = table(
    "agents",
    key(),
    col("name", not_null=True),
    col("status"),
    col("tags", is_array=True),
    col("api_key"),
    col("organization_id", "uuid"),
    col("created_by", "uuid"),
    col("embedding", "vector"),
    col("updated_at", "timestamptz"),
    col("slug", generated="stored"),
    foreign_keys=(refers("organization_id", "organizations"), refers("created_by", "users", schema="auth")),
    checks=(one_of("status", "draft", "live"),),
    comment="Who does\nthe work",
)
ORGANIZATIONS = table("organizations", key(), col("name"))
TOOLS = table("tools", key(), col("label"))
AGENT_TOOLS = table(
    "agent_tools",
    key(),
    col("agent_id", "uuid"),
    col("tool_id", "uuid"),
    col("weight", "int4"),
    unique_keys=(("agent_id", "tool_id"),),
    foreign_keys=(refers("agent_id", "agents"), refers("tool_id", "tools")),
)
USERS = table("users", key(), col("email"), schema="auth")
LOG = table("log", col("line"), primary_key=())
VERSION = table("alembic_version", col("version_num"), primary_key=("version_num",))
TABLES = [AGENTS, ORGANIZATIONS, TOOLS, AGENT_TOOLS, USERS, LOG, VERSION]


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "sync.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {})


def test_the_text_loads_and_gives_what_it_shows(tmp_path: Path) -> None:
    text = write_config(TABLES)
    mappings = build_mappings(loaded(tmp_path, text), TABLES)
    assert names(mappings) == ["organizations", "tools", "agents"]
    for mapping in mappings:
        for field in mapping.fields:
            line = next(line for line in text.split("\n") if line.startswith(f"#   {field.name} "))
            assert field.property in line
            assert (f"relation to {field.relation_to}" if field.relation_to else field.type) in line
    agents = mappings[2]
    assert set(agents.by_name) == {"name", "status", "tags", "organization_id", "created_by", "slug", "tools"}
    assert agents.by_name["created_by"].direction == "to-notion"
    assert "api_key" not in agents.captured


def test_the_text_says_what_is_not_there_and_why() -> None:
    text = write_config(TABLES)
    assert "# Who does the work" in text
    assert "[tables.fields.api_key]   # it looks like a secret\nignore = true" in text
    assert "embedding (a search or embedding column is derived data)" in text
    assert "#   log: it has no primary key" in text
    assert "#   alembic_version: it belongs to a migration tool" in text
    assert '[tables.relations.tools]   # many-to-many\nthrough = "agent_tools"\nto = "tools"' in text
    without_tools = write_config([item for item in TABLES if item is not TOOLS])
    assert "#   agent_tools: agents and tools, with weight" in without_tools
    assert "select (draft, live)" in text
    assert "slug" in text
    assert "read-only: the database makes it" in text
    assert "[tables.fields.updated_at]" in text


def test_lists_that_fit_no_option_are_text() -> None:
    def probe(_: Table, column: Column) -> list[Any]:
        return [["a", "b"], ["has, comma"]] if column.name == "tags" else []

    text = write_config(TABLES, probe=probe)
    assert "[tables.fields.tags]   # no multi-select: a select option cannot hold a comma: “has, comma”" in text
    for images in ([["a"], ["A"]], [[str(n)] for n in range(101)], [["a", None]]):
        assert "no multi-select" in write_config(TABLES, probe=lambda _t, _c, found=images: found)
    assert "no multi-select" not in write_config(TABLES, probe=lambda _t, _c: [["a", "b"], ["b"], [], None])


def test_only_what_is_wanted(tmp_path: Path) -> None:
    text = write_config(TABLES, wanted=["tools", "agent_tools"])
    assert sorted(names(loaded(tmp_path, text).tables)) == ["agent_tools", "tools"]
    with pytest.raises(ConfigurationError) as unknown:
        write_config(TABLES, wanted=["tool"])
    assert "'tools'" in unknown.value.hint


def test_several_schemas(tmp_path: Path) -> None:
    text = write_config(TABLES, schemas=["public", "auth"])
    assert "auth.users" in names(loaded(tmp_path, text).tables)
    other = loaded(tmp_path, write_config(TABLES, schemas=["auth"]))
    assert (other.postgres.schema, names(other.tables)) == ("auth", ["users"])


def test_a_column_that_nothing_fills_is_said() -> None:
    strict = table("t", key(), col("name"), col("secret", not_null=True))
    assert "cannot become a row: nothing fills secret" in write_config([strict])


def test_an_empty_database_gives_a_file_that_loads(tmp_path: Path) -> None:
    assert loaded(tmp_path, write_config([])).tables == ()


NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=12)


@settings(deadline=None)
@given(NAMES, st.lists(NAMES, min_size=1, max_size=5, unique=True), NAMES)
def test_hostile_names_make_valid_text(
    tmp_path_factory: pytest.TempPathFactory, name: str, columns: list[str], comment: str
) -> None:
    primary, *others = columns
    hostile = table(
        name,
        key(primary),
        *(col(other, is_array=number == 2) for number, other in enumerate(others)),
        primary_key=(primary,),
        comment=comment,
    )
    text = write_config([hostile], probe=lambda _table, _column: [["a, b"]])
    assert tomllib.loads(text)["tables"][0]["name"] == name
    settings = loaded(tmp_path_factory.getbasetemp(), text)
    assert [item.table for item in build_mappings(settings, [hostile])] == [name]
