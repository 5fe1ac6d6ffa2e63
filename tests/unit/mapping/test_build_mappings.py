"""Mappings: the rules by which columns become fields, and what is said when sync.toml and database disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync_engine.domain.mapping import FieldMapping, TableMapping
from sync_engine.domain.schema import Column, ForeignKey, Table
from sync_engine.engine.configure.mapping import build_mappings
from sync_engine.errors import ConfigurationError
from sync_engine.ports.registrations import Registration
from sync_engine.settings import load_settings
from tests.support.schemas import col, key, names, one_of, refers, table

Build = Callable[..., Sequence[TableMapping]]

AGENTS = table(
    "agents",
    key(),
    col("name", not_null=True),
    col("system_prompt"),
    col("tier", "int4"),
    col("status", "mood", is_enum=True, enum_labels=("on", "off")),
    col("api_key"),
    col("max_tokens", "int4"),
    col("capabilities", is_array=True),
    col("organization_id", "uuid"),
    col("manager_id", "uuid"),
    col("shown", generated="stored"),
    col("search", "tsvector", generated="stored"),
    col("late", generated="virtual"),
    col("created_at", "timestamptz", not_null=True, has_default=True),
    foreign_keys=(refers("organization_id", "organizations"), refers("manager_id", "agents")),
    checks=(one_of("tier", "1", "2", "3"),),
)
ORGANIZATIONS = table("organizations", key(), col("name", not_null=True))
AUDIT = table("visits", key(base="int8"), col("page"), schema="audit")
TABLES = [AGENTS, ORGANIZATIONS, AUDIT]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build(text: str, tables: Sequence[Table] = TABLES, *known: Registration) -> Sequence[TableMapping]:
        path = tmp_path / "sync.toml"
        path.write_text(f"version = 1\n{text}", encoding="utf-8")
        return build_mappings(load_settings(path, {}), tables, known)

    return build


def fields(mapping: TableMapping) -> dict[str, FieldMapping]:
    return {field.name: field for field in mapping.fields}


def refusal(build: Build, text: str, *more: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        build(text, *more)
    return refused.value


ONE = '[[tables]]\nname = "agents"\n'
TWO = f'{ONE}[[tables]]\nname = "organizations"\n'


def test_columns_become_fields_by_the_rules(build: Build) -> None:
    agents = build(TWO)[1]
    found = {name: (field.property, field.type, field.relation_to) for name, field in fields(agents).items()}
    assert found == {
        "name": ("Name", "title", ""),
        "system_prompt": ("System Prompt", "rich_text", ""),
        "tier": ("Tier", "number", ""),
        "status": ("Status", "select", ""),
        "max_tokens": ("Max Tokens", "number", ""),
        "capabilities": ("Capabilities", "multi_select", ""),
        "organization_id": ("Organization", "relation", "organizations"),
        "manager_id": ("Manager", "relation", "agents"),
        "shown": ("Shown", "rich_text", ""),
        "created_at": ("Created At", "date", ""),
    }
    assert agents.title == "name"
    assert fields(agents)["status"].options == ("on", "off")
    assert (fields(agents)["shown"].direction, fields(agents)["shown"].writable) == ("to-notion", False)
    assert (agents.key_columns, agents.key_types, agents.key_has_default) == (("id",), ("uuid",), True)
    assert (agents.database_title, agents.schema, agents.table) == ("Agents", "public", "agents")
    assert not {"api_key", "search", "late"} & set(agents.captured)
    assert {"id", "shown"} <= set(agents.captured)


def test_parents_come_first_and_only_synced_tables_become_relations(build: Build) -> None:
    assert names(build(TWO)) == ["organizations", "agents"]
    alone = fields(build(ONE)[0])
    assert (alone["organization_id"].type, alone["organization_id"].property) == ("rich_text", "Organization Id")
    assert alone["manager_id"].relation_to == "agents"


def test_what_is_written_down_wins(build: Build) -> None:
    agents = build(
        f"""{TWO}
[defaults]
direction = "to-notion"
conflict = "postgres"
brake = {{ share = 0.5, min = 3 }}
""".replace(
            ONE,
            """[[tables]]
name = "agents"
title = "system_prompt"
icon = "🤖"
database_title = "The Agents"
delete = { from_postgres = "ignore", from_notion = "soft", soft_column = "created_at" }
[tables.fields.tier]
type = "select"
conflict = "manual"
property = "Level"
[tables.fields.api_key]
direction = "both"
[tables.fields.max_tokens]
ignore = true
[tables.fields.created_at]
secret = true
[tables.fields.organization_id]
type = "rich_text"
""",
        )
    )[1]
    found = fields(agents)
    assert (agents.title, agents.icon, agents.database_title) == ("system_prompt", "🤖", "The Agents")
    assert (agents.delete_from_postgres, agents.delete_from_notion) == ("ignore", "soft")
    assert (agents.brake.share, agents.brake.minimum, agents.soft_column) == (0.5, 3, "created_at")
    assert (found["tier"].property, found["tier"].type, found["tier"].conflict) == ("Level", "select", "manual")
    assert found["tier"].options == ("1", "2", "3")
    assert found["api_key"].direction == "both"
    assert "api_key" in agents.captured
    assert "max_tokens" not in found
    assert "max_tokens" in agents.captured
    assert "created_at" not in agents.captured
    assert found["organization_id"].type == "rich_text"
    assert (found["name"].conflict, found["name"].direction) == ("postgres", "to-notion")


MISTAKES = [
    ('[[tables]]\nname = "agent"\n', "line 3: table 'agent' is not in the database", "'agents'"),
    ('[[tables]]\nname = "visits"\n', "table 'visits' is not in the database", "audit.visits"),
    (f'{ONE}title = "nam"\n', "line 4: table 'agents': there is no column 'nam' for the title", "'name'"),
    (f"{ONE}[tables.fields.teir]\nignore = true\n", "line 4: table 'agents': there is no column 'teir'", "'tier'"),
    (f'{ONE}[tables.fields.tier]\ntype = "date"\n', "line 5: table 'agents': column 'tier' (integer)", "number"),
    (f'{ONE}[tables.fields.tier]\ntype = "relation"\n', "no foreign key", "add the table"),
    (f'{ONE}[tables.fields.tier]\nconflict = "union"\n', "conflict policy union", "union is for lists"),
    (f'{ONE}[tables.fields.name]\nconflict = "max"\n', "conflict policy max", "min and max for numbers"),
    (f'{ONE}[tables.fields.name]\nconflict = "delta"\n', "conflict policy delta", "delta for numbers"),
    (f'{ONE}[tables.fields.tier]\nconflict = "lines"\n', "conflict policy lines", "lines for texts"),
    (f'{ONE}groups = [["tier", "teir"]]\n', "'teir' is not a synced field", "'tier'"),
    (f'{ONE}groups = [["tier", "name"], ["status", "name"]]\n', "'name' is in a group twice", "once"),
    (f'{ONE}[tables.fields.shown]\ndirection = "from-notion"\n', "generated or a key", "to-notion"),
    (f'{ONE}[tables.fields.tier]\nproperty = "Sync Key"\n', "'Sync Key' is taken", "another"),
    (
        f'{ONE}[tables.fields.tier]\nproperty = "A"\n[tables.fields.status]\nproperty = "a"\n',
        "line 7: table 'agents': the property name 'a' is taken",
        "another",
    ),
    (f'{ONE}title = "name"\n[tables.fields.name]\nignore = true\n', "'name' is ignored", ""),
    (f'{ONE}title = "name"\n[tables.fields.name]\ntype = "select"\n', "it cannot be select", ""),
    (
        f'{ONE}[tables.fields.tier]\ntype = "title"\n[tables.fields.name]\ntype = "title"\n',
        "second title",
        "title =",
    ),
    (f'{ONE}delete = {{ from_notion = "soft", soft_column = "tier" }}\n', "is integer, neither", ""),
    (f'{ONE}soft_column = "gone_at"\ndelete = {{ from_notion = "soft" }}\n', "'gone_at' is not a column", ""),
    (f'{ONE}delete = {{ from_notion = "soft" }}\n', "soft needs a soft_column", "deleted_at"),
    (
        f'{ONE}[tables.relations.tools]\nthrough = "agent_tools"\nto = "agents"\n',
        "line 5: table 'agents': table 'agent_tools' is not in the database",
        "",
    ),
    (
        f'{ONE}[tables.relations.tools]\nthrough = "agents"\nto = "tools"\n',
        "table 'tools' is not synced",
        "known: agents",
    ),
    (f'{ONE}[[tables]]\nname = "public.agents"\n', "are the same table", "one of them"),
    (TWO.replace('"\n', '"\ndatabase_title = "T"\n'), "the title 'T' is there twice", "of its own"),
]


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES, ids=[item[1][:40] for item in MISTAKES])
def test_a_disagreement_names_the_line_and_the_nearest_name(
    build: Build, text: str, message: str, hint: str
) -> None:
    error = refusal(build, text)
    assert message in error.message
    assert hint in error.hint
    assert "sync.toml" in error.message


def test_a_table_without_a_primary_key_cannot_be_followed(build: Build) -> None:
    error = refusal(build, '[[tables]]\nname = "log"\n', [table("log", col("line"), primary_key=())])
    assert "no primary key" in error.message


def test_an_enum_that_no_select_can_hold_is_text(build: Build) -> None:
    twins = table("t", key(), col("name"), col("e", "e", is_enum=True, enum_labels=("a", "A")))
    text = '[[tables]]\nname = "t"\n'
    assert fields(build(text, [twins])[0])["e"].type == "rich_text"
    error = refusal(build, f'{text}[tables.fields.e]\ntype = "select"\n', [twins])
    assert "differ in case only" in error.message


def test_property_names_never_collide(build: Build) -> None:
    crowded = table(
        "posts",
        key(),
        col("name"),
        col("author"),
        col("author_id", "uuid"),
        col("AUTHOR"),
        col("sync_key"),
        foreign_keys=(refers("author_id", "posts"),),
    )
    found = {field.name: field.property for field in build('[[tables]]\nname = "posts"\n', [crowded])[0].fields}
    assert found["author"] == "Author"
    assert found["author_id"] == "Author (author_id)"
    assert found["sync_key"] == "Sync Key (sync_key)"
    assert len({name.casefold() for name in found.values()}) == len(found)


def test_a_key_column_is_shown_only_when_named_or_nothing_else_can_be_the_title(build: Build) -> None:
    tags = table("tags", col("tag", not_null=True), col("weight", "int4"), primary_key=("tag",))
    found = build('[[tables]]\nname = "tags"\n', [tags])[0]
    assert (found.title, found.key_has_default) == ("tag", False)
    assert (fields(found)["tag"].direction, fields(found)["tag"].writable) == ("to-notion", False)
    named = build('[[tables]]\nname = "agents"\n[tables.fields.id]\nproperty = "Id"\n')[0]
    assert fields(named)["id"].direction == "to-notion"


def test_only_a_reference_to_the_key_is_a_relation(build: Build) -> None:
    pair = ForeignKey("pair", ("a_id", "b_id"), "public", "agents", ("id", "name"))
    child = table(
        "children",
        key(),
        col("name"),
        col("a_id", "uuid"),
        col("b_id"),
        col("agent_name"),
        col("day", "date"),
        foreign_keys=(pair, refers("agent_name", "agents", to="name")),
    )
    found = fields(build(f'{ONE}[[tables]]\nname = "children"\n', [*TABLES, child])[-1])
    assert {field.relation_to for field in found.values()} == {""}


def test_a_schema_is_named_before_the_table(build: Build) -> None:
    visits = build('[[tables]]\nname = "audit.visits"\n')[0]
    assert (visits.name, visits.schema, visits.table) == ("audit.visits", "audit", "visits")
    assert (visits.database_title, visits.title) == ("Visits", "page")
    twins = [table("agents", key(), col("name"), schema="audit"), *TABLES]
    titles = [item.database_title for item in build(f'{ONE}[[tables]]\nname = "audit.agents"\n', twins)]
    assert sorted(titles) == ["Agents", "Agents (audit.agents)"]


def registered(mapping: TableMapping, **more: Any) -> Registration:
    memory: dict[str, Any] = {
        field.name: {
            "number": field.number,
            "column": field.column,
            "property_id": f"p{field.number}",
            "type": field.type,
        }
        for field in mapping.fields
    }
    known = Registration(
        id=7,
        name=mapping.name,
        schema=mapping.schema,
        table=mapping.table,
        oid=mapping.oid,
        database_id="d",
        data_source_id="s",
        key_property_id="k",
        fields=memory,
    )
    return replace(known, **more)


def renamed_columns(old: str, new: str) -> tuple[Column, ...]:
    return tuple(replace(item, name=new) if item.name == old else item for item in AGENTS.columns)


def test_what_is_remembered_is_filled_in(build: Build) -> None:
    again = build(ONE, TABLES, registered(build(ONE)[0]))[0]
    assert (again.id, again.database_id, again.data_source_id, again.key_property_id) == (7, "d", "s", "k")
    assert all(field.property_id == f"p{field.number}" for field in again.fields)


def test_a_renamed_table_and_a_renamed_column_keep_their_place(build: Build) -> None:
    known = registered(build(ONE)[0])
    columns = renamed_columns("system_prompt", "prompt")
    renamed = replace(AGENTS, name="assistants", columns=columns)
    for text in (ONE, f'{ONE}[tables.fields.prompt]\nconflict = "manual"\n'):
        found = build(text, [renamed, ORGANIZATIONS], known)[0]
        assert (found.name, found.table) == ("agents", "assistants")
        prompt = fields(found)["system_prompt"]
        assert (prompt.column, prompt.property_id, prompt.property) == ("prompt", "p3", "System Prompt")
    old_name = build(f'{ONE}[tables.fields.system_prompt]\nconflict = "manual"\n', [renamed], known)[0]
    assert fields(old_name)["system_prompt"].conflict == "manual"


def test_a_name_taken_over_by_a_new_column_or_table_means_the_new_one(build: Build) -> None:
    known = registered(build(ONE)[0])
    old = replace(AGENTS, name="agents_old")
    new = replace(table("agents", *AGENTS.columns), oid=AGENTS.oid + 1)
    assert build(ONE, [old, new], known)[0].oid == new.oid
    columns = [
        replace(item, name="prompt_old") if item.name == "system_prompt" else item for item in AGENTS.columns
    ]
    swapped = replace(AGENTS, columns=(*columns, replace(col("system_prompt"), number=99)))
    found = fields(build(ONE, [swapped], known)[0])
    assert (found["system_prompt"].number, found["prompt_old"].property_id) == (99, "")


def test_numbers_mean_nothing_in_a_table_made_anew(build: Build) -> None:
    known = registered(build(ONE)[0], oid=AGENTS.oid + 1)
    shuffled = replace(AGENTS, columns=tuple(replace(item, number=item.number + 1) for item in AGENTS.columns))
    found = fields(build(ONE, [shuffled], known)[0])
    assert found["tier"].property_id == "p4"


def test_a_new_column_named_like_an_old_field_gets_another_field_name(build: Build) -> None:
    known = registered(build(ONE)[0])
    memory: Any = dict(known.fields)
    memory["system_prompt"] = {**memory["system_prompt"], "column": "prompt"}
    columns = renamed_columns("system_prompt", "prompt")
    grown = replace(AGENTS, columns=(*columns, replace(col("system_prompt"), number=99)))
    found = fields(build(ONE, [grown], replace(known, fields=memory))[0])
    assert found["system_prompt"].column == "prompt"
    assert found["system_prompt#99"].column == "system_prompt"
    assert found["system_prompt#99"].property_id == ""


def test_the_type_that_a_property_has_is_kept_until_sync_toml_names_another(build: Build) -> None:
    known = registered(build(f'{ONE}[tables.fields.tier]\ntype = "select"\n')[0])
    assert fields(build(ONE, TABLES, known)[0])["tier"].type == "select"
    assert (
        fields(build(f'{ONE}[tables.fields.tier]\ntype = "number"\n', TABLES, known)[0])["tier"].type == "number"
    )


def test_a_field_that_becomes_a_relation_gets_a_property_of_its_own(build: Build) -> None:
    known = registered(build(ONE)[0])
    agents = next(item for item in build(TWO, TABLES, known) if item.name == "agents")
    assert (fields(agents)["organization_id"].type, fields(agents)["organization_id"].property_id) == (
        "relation",
        "",
    )


def test_the_contracts_example_gives_its_mapping(build: Build) -> None:
    mappings = build(
        """[[tables]]
name = "agents"               # schema-qualified when outside [postgres].schema
title = "name"                # column shown as the page title
icon = "🤖"
database_title = "Agents"

[tables.fields.system_prompt]
property = "System Prompt"
type = "rich_text"

[tables.fields.tier]
type = "select"
conflict = "manual"

[tables.fields.api_key]
ignore = true
"""
    )
    assert fields(mappings[0])["tier"].options == ("1", "2", "3")


def test_no_tables_no_mappings(build: Build) -> None:
    assert build("") == ()
