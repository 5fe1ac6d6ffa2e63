"""Settings: what wins over what, and the sentence that a person gets for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sync_engine.errors import ConfigurationError
from sync_engine.settings import Settings, load_settings, with_dotenv

TOKEN = "ntn_" + "a1B2" * 10
MINIMAL = 'version = 1\n[[tables]]\nname = "agents"\n'


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(text: str, environment: dict[str, str] | None = None, **flags: str | int | None) -> Settings:
        path = tmp_path / "sync.toml"
        path.write_text(text, encoding="utf-8")
        overrides = {name.replace("__", "."): value for name, value in flags.items()}
        return load_settings(path, environment or {}, overrides)

    return load


def refusal(load: Any, text: str, **more: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        load(text, **more)
    assert "sync.toml" in refused.value.message
    return refused.value


def test_flags_win_over_the_environment_and_that_over_the_file(load: Any) -> None:
    text = 'version = 1\n[postgres]\nurl = "postgresql:///file"\n[notion]\nrequests_per_minute = 5\n'
    environment = {"DATABASE_URL": "postgresql:///environment", "NOTION_REQUESTS_PER_MINUTE": "6"}
    assert load(text).postgres.libpq_url() == "postgresql:///file"
    assert load(text, environment).postgres.libpq_url() == "postgresql:///environment"
    flagged = load(text, environment, postgres__url="postgresql:///flag", notion__requests_per_minute=7)
    assert flagged.postgres.libpq_url() == "postgresql:///flag"
    assert flagged.notion.requests_per_minute == 7
    assert load(text, environment).notion.requests_per_minute == 6
    assert load(text).notion.requests_per_minute == 5
    assert load("version = 1").notion.requests_per_minute == 180


def test_a_named_variable_is_not_replaced_by_the_usual_one(load: Any) -> None:
    text = 'version = 1\n[postgres]\nurl = "env:STAGING_URL"\n'
    settings = load(text, {"DATABASE_URL": "postgresql:///production"})
    with pytest.raises(ConfigurationError) as missing:
        settings.postgres.libpq_url()
    assert "STAGING_URL is not set" in missing.value.message
    assert "sync.toml line 3" in missing.value.message
    assert load(text, {"STAGING_URL": "postgresql:///s"}).postgres.libpq_url() == "postgresql:///s"


def test_a_missing_value_matters_only_when_it_is_used(load: Any) -> None:
    settings = load(MINIMAL)
    assert not settings.notion.token.is_set
    with pytest.raises(ConfigurationError) as missing:
        settings.notion.token.reveal()
    assert "NOTION_TOKEN" in missing.value.message
    assert ".env" in missing.value.hint


def test_a_missing_file_is_fine_unless_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(None, {"NOTION_TOKEN": TOKEN})
    assert settings.path is None
    assert settings.notion.token.reveal() == TOKEN
    with pytest.raises(ConfigurationError, match="does not exist"):
        settings.require_tables()
    for path, environment in ((Path("other.toml"), {}), (None, {"SYNC_CONFIG": "other.toml"})):
        with pytest.raises(ConfigurationError, match=r"other\.toml does not exist"):
            load_settings(path, environment)
    (tmp_path / "other.toml").write_text(MINIMAL)
    assert load_settings(None, {"SYNC_CONFIG": "other.toml"}).tables[0].name == "agents"


def test_no_secret_is_ever_shown(load: Any) -> None:
    secret = "postgresql://me:hunter2@host/db"
    settings = load(MINIMAL, {"DATABASE_URL": secret, "NOTION_TOKEN": TOKEN})
    shown = f"{settings!r} {settings} {settings.notion.token} {settings.postgres!r}"
    assert "hunter2" not in shown
    assert TOKEN not in shown
    assert settings.postgres.libpq_url() == secret


SECRETS = [
    (f'version = 1\n[notion]\ntoken = "{TOKEN}"\n', "line 3", "NOTION_TOKEN", TOKEN),
    ('version = 1\n[notion]\ntoken = "plain words"\n', "line 3", "NOTION_TOKEN", "plain words"),
    ('version = 1\nnotion = { token = "x-y" }\n', "line 2", "NOTION_TOKEN", "x-y"),
    (f'version = 1\n[notion]\nparent_page = "{TOKEN}"\n', "line 3", "NOTION_TOKEN", TOKEN),
    ('version = 1\n[notion]\nwebhook_token = "abc"\n', "line 3", "NOTION_WEBHOOK_TOKEN", "abc"),
    ('version = 1\n[postgres]\nurl = "postgres://me:hunter2@h/d"\n', "line 3", "DATABASE_URL", "hunter2"),
    ('version = 1\n[postgres]\nurl = "host=h password=hunter2"\n', "line 3", "DATABASE_URL", "hunter2"),
    ('version = 1\n[postgres]\nurl = "postgres://h/d?password=hunter2"\n', "line 3", "DATABASE_URL", "hunter2"),
]


@pytest.mark.parametrize(("text", "line", "variable", "secret"), SECRETS)
def test_a_secret_in_the_file_is_refused_and_not_repeated(
    load: Any, text: str, line: str, variable: str, secret: str
) -> None:
    error = refusal(load, text)
    assert line in error.message
    assert f'"env:{variable}"' in error.hint
    assert secret not in str(error)
    assert error.__cause__ is None


MISTAKES = [
    ("version = 1\nversions = 2\n", "line 2: unknown key 'versions'", "version"),
    ("version = 1\n[notion]\ntokn = 1\n", "line 3: unknown key 'tokn' in notion", "'token'"),
    ("version = 1\n[[table]]\nname = 'a'\n", "line 2: unknown key 'table'", "'tables'"),
    (f"{MINIMAL}[tables.fields.tier]\nconflct = 'manual'\n", "line 5: unknown key 'conflct'", "'conflict'"),
    (f"{MINIMAL}brake = {{ shares = 0.1 }}\n", "line 4: unknown key 'shares' in tables[0].brake", "'share'"),
    ("version = 1\n[[tables]]\nnmae = 'a'\n", "line 3: unknown key 'nmae' in tables[0]", "'name'"),
    (f"{MINIMAL}\n[[tables]]\ntitle = 'x'\n", "line 5: tables[1].name is missing", "name ="),
    (f"{MINIMAL}direction = 'up'\n", "line 4: tables[0].direction must be one of 'both'", ""),
    (
        f"{MINIMAL}[tables.fields.a]\nignore = 'yes'\n",
        "line 5: tables[0].fields.a.ignore must be true or false",
        "",
    ),
    (f"{MINIMAL}brake = {{ share = 2 }}\n", "line 4: tables[0].brake.share must be at most 1", ""),
    (
        f"{MINIMAL}delete = {{ from_notion = 'trash' }}\n",
        "must be one of 'ignore', 'hold', 'soft' or 'delete'",
        "",
    ),
    ("[notion]\n", "version is missing", "version = 1"),
    ("version = 2\n", "line 1: this sync-engine reads version 1", ""),
    ("version = '1'\n", "line 1: this sync-engine reads version 1", ""),
    ("version = 1\ntables = 3\n", "line 2: tables must be a list of tables", ""),
    ("version = 1\nnotion = 3\n", "line 2: notion must be a table", ""),
    (
        "version = 1\n[notion]\nrequests_per_minute = 0\n",
        "line 3: notion.requests_per_minute must be at least 1",
        "",
    ),
    ("version = 1\n[postgres]\nschema = ''\n", "line 3: postgres.schema must not be empty", ""),
    ("version = 1\n[notion\n", "not valid TOML", ""),
    ("version = 1\nversion = 1\n", "line 2, column 12", ""),
    (f"{MINIMAL}[[tables]]\nname = 'agents'\n", "line 5: table 'agents' is there twice", "line 2"),
    ("version = 1\n[postgres]\nurl = 'env:'\n", "line 3: 'env:' does not name", "env:DATABASE_URL"),
]


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES, ids=[item[1][:40] for item in MISTAKES])
def test_a_mistake_names_the_line_and_the_way_out(load: Any, text: str, message: str, hint: str) -> None:
    error = refusal(load, text)
    assert message in error.message
    assert hint in error.hint


def test_only_the_first_of_many_mistakes_is_told_with_their_number(load: Any) -> None:
    error = refusal(load, "version = 1\n[defaults]\nbrak = 1\nconflct = 2\n")
    assert "line 3: unknown key 'brak'" in error.message
    assert "(and 1 more)" in error.message


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "sync.toml"
    path.write_bytes(b"version = 1 # \xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_settings(path, {})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path, {})
    path.write_bytes(b"\xef\xbb\xbfversion = 1\r\n")
    assert load_settings(path, {}).tables == ()


@pytest.mark.parametrize("value", ["0", "many", "-1", "1.5"])
def test_a_budget_that_is_no_number_is_refused(load: Any, value: str) -> None:
    with pytest.raises(ConfigurationError, match="NOTION_REQUESTS_PER_MINUTE"):
        load(MINIMAL, {"NOTION_REQUESTS_PER_MINUTE": value})


def test_the_api_address_may_be_another_one(load: Any) -> None:
    assert load(MINIMAL).notion.api_url == "https://api.notion.com"
    assert load(MINIMAL, {"NOTION_API_URL": "http://127.0.0.1:9/"}).notion.api_url == "http://127.0.0.1:9"
    with pytest.raises(ConfigurationError, match="NOTION_API_URL"):
        load(MINIMAL, {"NOTION_API_URL": "localhost"})


@pytest.mark.parametrize(
    "given",
    [
        "0123456789abcdef0123456789abcdef",
        "01234567-89AB-cdef-0123-456789abcdef",
        "https://www.notion.so/team/My-Page-0123456789abcdef0123456789abcdef?pvs=4",
    ],
)
def test_the_parent_page_is_found_in_its_address(load: Any, given: str) -> None:
    settings = load(MINIMAL, {"NOTION_PARENT_PAGE_ID": given})
    assert settings.notion.parent_page_id() == "01234567-89ab-cdef-0123-456789abcdef"
    with pytest.raises(ConfigurationError, match="not a Notion page id"):
        load(MINIMAL, {"NOTION_PARENT_PAGE_ID": "My Page"}).notion.parent_page_id()


def test_the_whole_contract_loads(load: Any) -> None:
    settings = load(
        """version = 1
[postgres]
url = "env:DATABASE_URL"
schema = "app"
[notion]
token = "env:NOTION_TOKEN"
parent_page = "env:NOTION_PARENT_PAGE_ID"
requests_per_minute = 600
[defaults]
direction = "to-notion"
conflict = "manual"
ambiguous = "postgres"
delete = { from_postgres = "ignore", from_notion = "soft", soft_column = "deleted_at" }
brake = { share = 1, min = 0 }
[[tables]]
name = "agents"
title = "name"
icon = "🤖"
database_title = "Agents"
[tables.fields.system_prompt]
property = "System Prompt"
type = "rich_text"
[tables.fields."odd name"]
ignore = true
[tables.relations.tools]
through = "agent_tools"
to = "tools"
"""
    )
    assert settings.postgres.schema == "app"
    assert settings.defaults.ambiguous == "postgres"
    assert settings.defaults.delete.soft_column == "deleted_at"
    table = settings.table("agents")
    assert table.fields["system_prompt"].property == "System Prompt"
    assert table.relations["tools"].through == "agent_tools"
    assert settings.where("tables", 0, "fields", "odd name", "ignore").endswith("line 24")
    with pytest.raises(ConfigurationError) as unknown:
        settings.table("agent")
    assert "'agents'" in unknown.value.hint


def test_dotenv_lies_below_the_environment(tmp_path: Path) -> None:
    assert with_dotenv({"A": "1"}, tmp_path) == {"A": "1"}
    (tmp_path / ".env").write_text("A=2\nexport B='with $dollar ${A}'\nC=\nD=4\n# E=5\n")
    found = with_dotenv({"A": "1", "D": ""}, tmp_path)
    assert found == {"A": "1", "B": "with $dollar ${A}", "C": "", "D": ""}, "an empty variable takes it back"


def test_a_dotenv_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        with_dotenv({}, tmp_path)
