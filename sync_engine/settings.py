"""Settings: flags over environment over `sync.toml`, checked, with secrets that are looked up but never shown."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sync_engine.configuration.complaints import complaint, did_you_mean, refuse_secrets, where
from sync_engine.configuration.environment import with_dotenv
from sync_engine.configuration.places import Place, line_numbers
from sync_engine.configuration.references import Reference, Sources
from sync_engine.configuration.shape import (
    BrakeSettings,
    Defaults,
    DeletePolicies,
    FieldSettings,
    InboxSettings,
    RelationSettings,
    RetentionSettings,
    RunSettings,
    SyncToml,
    TableSettings,
)
from sync_engine.configuration.urls import libpq_url, sqlalchemy_url
from sync_engine.errors import ConfigurationError

__all__ = [
    "BrakeSettings",
    "Defaults",
    "DeletePolicies",
    "FieldSettings",
    "InboxSettings",
    "NotionSettings",
    "PostgresSettings",
    "RelationSettings",
    "RetentionSettings",
    "RunSettings",
    "Settings",
    "TableSettings",
    "libpq_url",
    "load_settings",
    "notion_id",
    "sqlalchemy_url",
    "with_dotenv",
]

DEFAULT_FILE = "sync.toml"
DEFAULT_API_URL = "https://api.notion.com"
DEFAULT_REQUESTS_PER_MINUTE = 180
DEFAULT_QUERY_LAG_SECONDS = 10

DEFAULT_WEBHOOK_MAX_AGE_HOURS = 48.0

_PAGE_ID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """The database. `schema` is where a table without a schema in its name is looked for."""

    url: Reference
    schema: str = "public"

    def libpq_url(self) -> str:
        """The address for psycopg. Raises ConfigurationError when there is none, or it is not for Postgres."""
        return libpq_url(self.url.reveal())

    def sqlalchemy_url(self) -> str:
        """The address for SQLAlchemy. Raises as `libpq_url`."""
        return sqlalchemy_url(self.url.reveal())


def notion_id(given: str) -> str:
    """The id in an id or in an address copied from a browser. Raises ValueError when there is none."""
    found = _PAGE_ID.findall(given.partition("?")[0])
    if not found:
        raise ValueError(given)
    return "-".join(found[-1]).lower()


@dataclass(frozen=True, slots=True)
class NotionSettings:
    """The workspace."""

    token: Reference
    parent_page: Reference
    webhook_token: Reference
    api_url: str = DEFAULT_API_URL
    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE
    query_lag_seconds: int = DEFAULT_QUERY_LAG_SECONDS
    webhook_max_age_hours: float = DEFAULT_WEBHOOK_MAX_AGE_HOURS

    def parent_page_id(self) -> str:
        """The id of the page under which databases are made; its address copied from a browser will do.

        Raises ConfigurationError when it is missing, or holds no id.
        """
        try:
            return notion_id(self.parent_page.reveal())
        except ValueError:
            raise ConfigurationError(
                "the parent page is not a Notion page id",
                hint="open the page in Notion, choose Copy link, and use that link or the 32 characters in it",
            ) from None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was configured. `path` is None when there is no `sync.toml`."""

    postgres: PostgresSettings
    notion: NotionSettings
    defaults: Defaults = field(default_factory=Defaults)
    run: RunSettings = field(default_factory=RunSettings)
    inbox: InboxSettings = field(default_factory=InboxSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    tables: tuple[TableSettings, ...] = ()
    path: Path | None = None
    lines: Mapping[Place, int] = field(default_factory=dict, repr=False)

    def table(self, name: str) -> TableSettings:
        """The settings of a table. Raises ConfigurationError with the nearest name."""
        for table in self.tables:
            if table.name == name:
                return table
        raise ConfigurationError(
            f"table {name!r} is not in {self.file}", hint=did_you_mean(name, (table.name for table in self.tables))
        )

    def where(self, *place: str | int) -> str:
        """Where a key stands: `sync.toml line 12`."""
        return where(self.file, place, self.lines)

    @property
    def file(self) -> str:
        """The name of the file, for messages."""
        return str(self.path) if self.path else DEFAULT_FILE

    def require_tables(self) -> None:
        """Raise ConfigurationError when there is nothing to sync."""
        if not self.tables:
            missing = "names no table" if self.path else "does not exist"
            raise ConfigurationError(
                f"{self.file} {missing}", hint="run `sync-engine init` to write one from the database"
            )


def load_settings(
    config_path: Path | None,
    environment: Mapping[str, str],
    overrides: Mapping[str, str | int | None] | None = None,
) -> Settings:
    """Read the settings.

    `config_path` None means `SYNC_CONFIG`, or else `sync.toml`, which then need not exist. `environment` is the
    process environment, with `.env` under it (`with_dotenv`). `overrides` are flags by dotted name
    (`postgres.url`, `postgres.schema`, `notion.token`, `notion.parent_page`, `notion.api_url`,
    `notion.requests_per_minute`, `notion.webhook_token`); None and empty mean not given. Raises
    ConfigurationError, naming the file and the line.
    """
    flags = {name: str(value) for name, value in (overrides or {}).items() if value not in (None, "")}
    chosen = config_path or (Path(environment["SYNC_CONFIG"]) if environment.get("SYNC_CONFIG") else None)
    path = chosen or Path(DEFAULT_FILE)
    text = _read(path, required=chosen is not None)
    if text is None:
        return _resolved(SyncToml(version=1), flags, environment, None, {})
    parsed, lines = _parsed(text, str(path))
    return _resolved(parsed, flags, environment, path, lines)


def _read(path: Path, *, required: bool) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if not required:
            return None
        raise ConfigurationError(
            f"{path} does not exist", hint="run `sync-engine init`, or name the right file with --config"
        ) from None
    except UnicodeDecodeError as exc:
        raise ConfigurationError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from exc
    except OSError as exc:
        raise ConfigurationError(
            f"{path} cannot be read: {exc.strerror}", hint="name another with --config"
        ) from exc


def _parsed(text: str, file: str) -> tuple[SyncToml, Mapping[Place, int]]:
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigurationError(f"{file} is not valid TOML: {exc}", hint="mend that line") from None
    lines = line_numbers(text)
    refuse_secrets(raw, file, lines)
    try:
        parsed = SyncToml.model_validate(raw)
    except ValidationError as exc:
        # Not chained: pydantic's own text is no sentence for people.
        raise complaint(exc, file, lines) from None
    _refuse_doubles(parsed, file, lines)
    return parsed, lines


def _refuse_doubles(parsed: SyncToml, file: str, lines: Mapping[Place, int]) -> None:
    first: dict[str, int] = {}
    for position, table in enumerate(parsed.tables):
        if table.name in first:
            raise ConfigurationError(
                f"{where(file, ('tables', position, 'name'), lines)}: table {table.name!r} is there twice",
                hint=f"merge it with {where(file, ('tables', first[table.name]), lines)}",
            )
        first[table.name] = position


def _resolved(
    parsed: SyncToml,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    path: Path | None,
    lines: Mapping[Place, int],
) -> Settings:
    sources = _sources(parsed, flags, environment, path, lines)
    notion = NotionSettings(
        token=sources.reference("the Notion token", "notion.token", "NOTION_TOKEN"),
        parent_page=sources.reference("the parent page", "notion.parent_page", "NOTION_PARENT_PAGE_ID"),
        webhook_token=sources.reference("the webhook token", "notion.webhook_token", "NOTION_WEBHOOK_TOKEN"),
        api_url=_api_url(sources),
        requests_per_minute=_requests_per_minute(sources),
        query_lag_seconds=_query_lag_seconds(sources),
        webhook_max_age_hours=parsed.notion.webhook_max_age_hours,
    )
    url = sources.reference("the database", "postgres.url", "DATABASE_URL")
    schema = flags.get("postgres.schema") or parsed.postgres.schema_
    return Settings(
        postgres=PostgresSettings(url, schema),
        notion=notion,
        defaults=parsed.defaults,
        run=_checked_run(parsed.run, path, lines),
        inbox=parsed.inbox,
        retention=parsed.retention,
        tables=parsed.tables,
        path=path,
        lines=lines,
    )


def _checked_run(run: RunSettings, path: Path | None, lines: Mapping[Place, int]) -> RunSettings:
    if run.poll_min_seconds > run.poll_max_seconds:
        place = where(str(path), ("run", "poll_min_seconds"), lines)
        raise ConfigurationError(
            f"{place}: {run.poll_min_seconds:g} is more than poll_max_seconds, {run.poll_max_seconds:g}",
            hint="write the shortest interval in the one and the longest in the other",
        )
    return run


def _sources(
    parsed: SyncToml,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    path: Path | None,
    lines: Mapping[Place, int],
) -> Sources:
    written = {f"notion.{name}": value for name, value in parsed.notion.model_dump(exclude_none=True).items()}
    if parsed.postgres.url is not None:
        written["postgres.url"] = parsed.postgres.url
    origins = {name: where(str(path), tuple(name.split(".")), lines) for name in written}
    return Sources(flags, environment, {name: str(value) for name, value in written.items()}, origins)


def _api_url(sources: Sources) -> str:
    found = sources.reference("the Notion API", "notion.api_url", "NOTION_API_URL")
    url = found.value or DEFAULT_API_URL
    if not re.match(r"https?://[^/\s]+", url):
        raise ConfigurationError(f"{found.variable} is not an http(s) address", hint=f"usually {DEFAULT_API_URL}")
    return url.rstrip("/")


def _requests_per_minute(sources: Sources) -> int:
    name, variable = "notion.requests_per_minute", "NOTION_REQUESTS_PER_MINUTE"
    given = sources.flags.get(name) or sources.environment.get(variable) or sources.file.get(name)
    if given is None:
        return DEFAULT_REQUESTS_PER_MINUTE
    if not given.strip().isdecimal() or not 1 <= int(given) <= 100_000:
        raise ConfigurationError(
            f"{variable} must be a whole number of at least 1", hint="Notion allows 180 a minute"
        )
    return int(given)


def _query_lag_seconds(sources: Sources) -> int:
    name, variable = "notion.query_lag_seconds", "NOTION_QUERY_LAG_SECONDS"
    given = sources.flags.get(name) or sources.environment.get(variable) or sources.file.get(name)
    if given is None:
        return DEFAULT_QUERY_LAG_SECONDS
    if not given.strip().isdecimal() or int(given) > 600:
        raise ConfigurationError(
            f"{variable} must be a whole number from 0 to 600", hint="leave it out: 10 seconds"
        )
    return int(given)
