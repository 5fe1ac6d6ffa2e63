"""Names of properties, secrets, titles, and the order of tables."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync_engine.domain.icons import DEFAULT_ICON, icon_for
from sync_engine.domain.inference import is_junction, title_column
from sync_engine.domain.naming import database_title, distinct, looks_secret, property_name, relation_name
from sync_engine.domain.table_order import parents_first
from tests.support.schemas import col, key, one_of, refers, table


@pytest.mark.parametrize(
    ("column", "shown", "relation"),
    [
        ("system_prompt", "System Prompt", "System Prompt"),
        ("author_id", "Author Id", "Author"),
        ("authorId", "Author Id", "Author"),
        ("costUSD", "Cost USD", "Cost USD"),
        ("input_cost_per_1k", "Input Cost Per 1k", "Input Cost Per 1k"),
        ("id", "Id", "Id"),
        ("größe", "Größe", "Größe"),
        ("_", "_", "_"),
        ("名前", "名前", "名前"),
        ("first name", "First Name", "First Name"),
    ],
)
def test_names_in_title_case(column: str, shown: str, relation: str) -> None:
    assert (property_name(column), relation_name(column)) == (shown, relation)


def test_database_titles_know_usual_abbreviations() -> None:
    assert [database_title(name) for name in ("llm_models", "use_cases", "faq")] == [
        "LLM Models",
        "Use Cases",
        "FAQ",
    ]


SECRETS = """
    api_key apiKey API_KEY password password_hash access_token token refresh_tokens client_secret secret
    private_key stripe_secret_key credentials token_hash user_pwd encrypted_password webhook_secret
    connection_string service_key
"""
INNOCENT = """
    max_tokens token_count tokens_used is_secretary secretary token_type key primary_key keyword passport monkey
    tokenizer api_key_id secret_name password_policy name
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_names_that_say_secret(name: str) -> None:
    assert looks_secret(col(name))
    assert not looks_secret(col(name, "bool"))
    assert not looks_secret(col(name, "timestamptz"))


@pytest.mark.parametrize("name", INNOCENT.split())
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(col(name))


def test_titles() -> None:
    assert title_column(table("t", key(), col("a"), col("title"), col("name"))) == "name"
    assert title_column(table("t", key(), col("a"), col("capability_name"))) == "capability_name"
    assert title_column(table("t", key(), col("status"), col("slug"), checks=(one_of("status", "x"),))) == "slug"
    assert title_column(table("t", key(), col("status"), col("body"), checks=(one_of("status", "x"),))) == "body"
    assert title_column(table("t", key(), col("n", "int4"), col("password"))) == "n"
    assert title_column(table("t", key(), col("o_id", "uuid"), foreign_keys=(refers("o_id", "o"),))) == "id"
    assert title_column(table("t", key(), col("file", "bytea")), left_out=("id",)) == ""


def test_junctions() -> None:
    ends = (refers("a_id", "a"), refers("b_id", "b"))
    columns = (col("a_id", "uuid"), col("b_id", "uuid"), col("weight", "int4"))
    assert is_junction(table("ab", *columns, primary_key=("a_id", "b_id"), foreign_keys=ends))
    assert is_junction(table("ab", key(), *columns, unique_keys=(("b_id", "a_id"),), foreign_keys=ends))
    assert not is_junction(table("ab", key(), *columns, foreign_keys=ends))
    assert not is_junction(table("ab", key(), *columns, foreign_keys=ends[:1]))


def test_icons() -> None:
    assert [icon_for(name) for name in ("agents", "use_cases", "knowledge_domains", "chat_sessions")] == [
        "🤖",
        "🎯",
        "🧭",
        "🗨️",
    ]
    assert icon_for("agent_capabilities") == "⚡"
    assert icon_for("people") == "👥"
    assert icon_for("xyz") == DEFAULT_ICON


def test_distinct_names() -> None:
    assert distinct("Author", [], "author") == "Author"
    assert distinct("author", ["Author"], "x") == "author (x)"
    assert distinct("A", ["a", "a (x)", "A (X 2)"], "x") == "A (x 3)"


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


@settings(deadline=None)
@given(EDGES)
@example([(0, 1), (1, 2), (2, 1)])
def test_parents_come_before_children_unless_they_are_in_a_cycle(edges: list[tuple[int, int]]) -> None:
    names = [str(n) for n in range(8)]
    parents: dict[str, set[str]] = {}
    for child, parent in edges:
        parents.setdefault(str(child), set()).add(str(parent))
    order = parents_first(names, parents)
    assert sorted(order) == names
    reach = {name: set(parents.get(name, ())) for name in names}
    for _ in names:
        for name in names:
            reach[name] |= {far for near in reach[name] for far in reach[near]}
    for child, found in parents.items():
        for parent in found:
            if child not in reach[parent]:
                assert order.index(parent) < order.index(child)


def test_the_order_given_is_kept_where_nothing_forbids_it() -> None:
    assert parents_first(["b", "a", "c"], {"b": {"c", "unknown"}}) == ("a", "c", "b")
    assert parents_first(["b", "a"], {"b": {"a"}, "a": {"b"}}) == ("b", "a")
