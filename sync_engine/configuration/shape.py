"""The shape of `sync.toml`: frozen models that know every key and every allowed value."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Direction = Literal["both", "to-notion", "from-notion"]
ConflictPolicy = Literal["newest", "postgres", "notion", "manual", "union", "min", "max", "delta", "lines"]
GroupPolicy = Literal["newest", "postgres", "notion", "manual"]
LinkPolicy = Literal["newest", "postgres", "notion", "manual", "union"]
AmbiguousPolicy = Literal["notion", "postgres", "manual"]
DeleteFromPostgres = Literal["ignore", "hold", "soft", "trash", "delete"]
DeleteFromNotion = Literal["ignore", "hold", "soft", "delete"]
PropertyType = Literal[
    "title",
    "rich_text",
    "number",
    "select",
    "multi_select",
    "checkbox",
    "date",
    "url",
    "email",
    "phone_number",
    "relation",
]

Name = Annotated[str, Field(min_length=1)]
Resolver = Annotated[str, Field(pattern=r"^(sql:[^.:]+\.[^.:]+|python:[\w.]+:\w+)$")]
"""`sql:SCHEMA.FUNCTION` or `python:MODULE:FUNCTION`."""


class Shape(BaseModel):
    """Base of all: unknown keys are errors, values are never converted, errors never repeat the input."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class DeletePolicies(Shape):
    """What a delete on one side does to the other. `soft` needs a `soft_column`, here or beside `delete`."""

    from_postgres: DeleteFromPostgres = "trash"
    from_notion: DeleteFromNotion = "hold"
    soft_column: Name | None = None


class BrakeSettings(Shape):
    """The mass-change brake: a pass may delete or update that share of a table, and always `min` records.

    `update_share` is another share for updates; where a brake is given without it, `share` holds for them too.
    Where none is given, updates may take half of a table: a job that goes over many rows is nothing unusual.
    """

    share: float = Field(default=0.1, ge=0, le=1)
    min: int = Field(default=20, ge=0)
    update_share: float | None = Field(default=None, ge=0, le=1)


class PostgresSection(Shape):
    """`[postgres]`."""

    url: Name | None = None
    schema_: Name = Field(default="public", alias="schema")


class NotionSection(Shape):
    """`[notion]`."""

    token: Name | None = None
    parent_page: Name | None = None
    api_url: Name | None = None
    requests_per_minute: int | None = Field(default=None, ge=1, le=100_000)
    query_lag_seconds: int | None = Field(default=None, ge=0, le=600)
    webhook_token: Name | None = None
    webhook_max_age_hours: float = Field(default=48.0, gt=0, le=720)


class Defaults(Shape):
    """`[defaults]`: what holds for a table that does not say otherwise.

    `ambiguous` says who wins when the order of two edits cannot be known: Notion by default, because a person
    made that edit, and the value of Postgres is kept beside it.
    """

    direction: Direction = "both"
    conflict: ConflictPolicy = "newest"
    ambiguous: AmbiguousPolicy = "notion"
    delete: DeletePolicies = DeletePolicies()
    soft_column: Name | None = None
    brake: BrakeSettings = BrakeSettings(update_share=0.5)


class RunSettings(Shape):
    """`[run]`: how `run` watches both sides. Seconds, but for `full_scan_hours`.

    `log_seconds` between two looks at the log of Postgres; `poll_seconds` between two polls of a table of Notion
    at first, down to `poll_min_seconds` after an edit and up to `poll_max_seconds` in silence; `full_scan_hours`
    between two readings of every page; `lease_seconds` after which a `run` that was killed is replaced.
    """

    log_seconds: float = Field(default=1.0, ge=0.1, le=60)
    poll_seconds: float = Field(default=10.0, ge=1, le=3600)
    poll_min_seconds: float = Field(default=3.0, ge=1, le=3600)
    poll_max_seconds: float = Field(default=60.0, ge=1, le=3600)
    full_scan_hours: float = Field(default=24.0, ge=1, le=720)
    lease_seconds: float = Field(default=30.0, ge=5, le=600)


class RetentionSettings(Shape):
    """`[retention]`: how long the engine keeps what it does not need for its own work.

    `conflicts_days`: closed conflicts, counted from the decision. Open ones are kept whatever their age.
    `log_days`: events of the log, which then go to files in the folder `archive` (beside `sync.toml` when it is no
    absolute path); without it they stay for ever.
    """

    log_days: float | None = Field(default=None, ge=1, le=36_500)
    archive: Name = ".sync-engine/archive"
    conflicts_days: float = Field(default=90.0, ge=1, le=36_500)


class InboxSettings(Shape):
    """`[inbox]`: a database in Notion in which people decide open conflicts; `rows` of them on show at once."""

    enabled: bool = False
    title: Name = "Sync Conflicts"
    rows: int = Field(default=200, ge=1, le=5000)


class FieldSettings(Shape):
    """`[tables.fields.COLUMN]`. `secret` keeps the column out of Notion and out of the log.

    `values` are other names in Notion, by the text of the value.
    """

    property: Name | None = None
    type: PropertyType | None = None
    ignore: bool = False
    secret: bool = False
    direction: Direction | None = None
    conflict: ConflictPolicy | Resolver | None = None
    values: dict[str, str] | None = Field(default=None, min_length=1)


class GroupSettings(Shape):
    """One of `groups`: fields that win or lose together. Without `conflict` the table's policy decides."""

    fields: tuple[Name, ...] = Field(min_length=2, strict=False)
    conflict: GroupPolicy | None = None


class RelationSettings(Shape):
    """`[tables.relations.NAME]`: many-to-many `through` a junction table, or to one by several `columns`.

    `from_column` and `to_column` say which of its foreign keys are meant, where it links the two tables in several
    ways (as a table that links rows of one and the same table does).
    """

    through: Name | None = None
    columns: tuple[Name, ...] | None = Field(default=None, min_length=2, strict=False)
    to: Name
    property: Name | None = None
    from_column: Name | None = None
    to_column: Name | None = None
    direction: Direction | None = None
    conflict: LinkPolicy | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if (self.through is None) == (self.columns is None):
            raise ValueError("say either through = the junction table, or columns = the foreign key's columns")
        return self


class TableSettings(Shape):
    """`[[tables]]`. A group may be written as the list of its fields alone."""

    @field_validator("groups", mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        if not isinstance(given, list):
            return given
        return [{"fields": item} if isinstance(item, list) else item for item in given]

    name: Name
    where: Name | None = None
    database_id: Name | None = None
    match: tuple[Name, ...] | None = Field(default=None, strict=False)
    unmatched: Literal["create", "hold"] = "create"
    title: Name | None = None
    icon: Name | None = None
    database_title: Name | None = None
    direction: Direction | None = None
    conflict: ConflictPolicy | None = None
    delete: DeletePolicies | None = None
    soft_column: Name | None = None
    brake: BrakeSettings | None = None
    groups: tuple[GroupSettings, ...] = Field(default=(), strict=False)
    fields: dict[str, FieldSettings] = {}
    relations: dict[str, RelationSettings] = {}


class SyncToml(Shape):
    """The whole file."""

    version: Literal[1]
    postgres: PostgresSection = PostgresSection()
    notion: NotionSection = NotionSection()
    defaults: Defaults = Defaults()
    run: RunSettings = RunSettings()
    inbox: InboxSettings = InboxSettings()
    retention: RetentionSettings = RetentionSettings()
    tables: tuple[TableSettings, ...] = Field(default=(), strict=False)


SHAPES: dict[tuple[str, ...], type[Shape]] = {
    (): SyncToml,
    ("postgres",): PostgresSection,
    ("notion",): NotionSection,
    ("defaults",): Defaults,
    ("run",): RunSettings,
    ("inbox",): InboxSettings,
    ("retention",): RetentionSettings,
    ("defaults", "delete"): DeletePolicies,
    ("defaults", "brake"): BrakeSettings,
    ("tables", "*"): TableSettings,
    ("tables", "*", "delete"): DeletePolicies,
    ("tables", "*", "brake"): BrakeSettings,
    ("tables", "*", "groups", "*"): GroupSettings,
    ("tables", "*", "fields", "*"): FieldSettings,
    ("tables", "*", "relations", "*"): RelationSettings,
}
"""The model behind each place of the file; `*` stands for a position or a name of the user's own."""


def known_keys(place: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that may stand at a place, as they are written."""
    model = SHAPES.get(pattern(place))
    return tuple(info.alias or name for name, info in model.model_fields.items()) if model else ()


def pattern(place: tuple[str | int, ...]) -> tuple[str, ...]:
    """A place with the user's own names and positions replaced by `*`."""
    parts = tuple("*" if isinstance(part, int) else part for part in place)
    if len(parts) > 3 and parts[0] == "tables" and parts[2] in ("fields", "relations"):
        parts = (*parts[:3], "*", *parts[4:])
    return parts
