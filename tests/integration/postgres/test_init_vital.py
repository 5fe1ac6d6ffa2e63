"""init on the VITAL schema: a file that loads, maps every table and hides every secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from sync_engine.adapters.postgres.introspect import tables as read_tables
from sync_engine.domain.schema import Table
from sync_engine.engine.configure.config_text import write_config
from sync_engine.engine.configure.mapping import build_mappings
from sync_engine.settings import load_settings, sqlalchemy_url
from tests.support.postgres import Database
from tests.support.schemas import names

VITAL = Path(__file__).parents[3] / "examples" / "vital"


@pytest.fixture
def vital(empty_database: Database) -> list[Table]:
    with empty_database.connect(autocommit=True) as connection:
        connection.execute((VITAL / "schema.sql").read_bytes())
    engine = create_engine(sqlalchemy_url(empty_database.url))
    try:
        with engine.connect() as reading:
            return list(read_tables(reading, ["public"]))
    finally:
        engine.dispose()


@pytest.mark.every_postgres
def test_the_proposal_for_vital_maps_its_entities(vital: list[Table], tmp_path: Path) -> None:
    text = write_config(vital)
    (tmp_path / "sync.toml").write_text(text, encoding="utf-8")
    mappings = {item.name: item for item in build_mappings(load_settings(tmp_path / "sync.toml", {}), vital)}
    order = list(mappings)
    assert not {"agent_tools", "agent_prompts", "workflow_agents", "user_organizations"} & set(order)
    assert order.index("organizations") < order.index("agents") < order.index("agent_capabilities")
    titles = {name: mapping.title for name, mapping in mappings.items()}
    assert titles["agent_capabilities"] == "capability_name"
    assert titles["knowledge_documents"] == titles["chat_sessions"] == "title"
    agents = mappings["agents"]
    assert (agents.icon, agents.database_title) == ("🤖", "Agents")
    assert agents.by_name["organization_id"].relation_to == "organizations"
    assert agents.by_name["status"].options == ("draft", "development", "testing", "active", "inactive", "retired")
    domains = mappings["knowledge_domains"]
    assert (domains.by_name["parent_id"].property, domains.by_name["parent_id"].relation_to) == (
        "Parent",
        domains.name,
    )
    providers = mappings["llm_providers"]
    assert "api_key" not in {*providers.by_name, *providers.captured}
    assert mappings["use_cases"].by_name["priority"].options == ("low", "medium", "high", "very_high")
    for mapping in mappings.values():
        assert "updated_at" not in mapping.by_name
    assert agents.by_name["tools"].relation_to == "tools"
    assert {"agents", "tools"} <= set(mappings["workflows"].by_name)


def test_the_example_is_mapped_as_its_comments_say(vital: list[Table]) -> None:
    mappings = {item.name: item for item in build_mappings(load_settings(VITAL / "sync.toml", {}), vital)}
    assert mappings["agents"].by_name["tier"].options == ("1", "2", "3")
    assert mappings["workflows"].by_name["status"].options == ("draft", "active", "paused", "archived")
    assert mappings["llm_models"].by_name["provider_id"].relation_to == "llm_providers"
    assert names(list(mappings.values()))[0] == "organizations"
