"""Title templates: `title = "{name} ({code})"` of a table, checked against its columns."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.configuration.complaints import did_you_mean
from sync_engine.domain.codecs.registry import scalar_for
from sync_engine.domain.naming import looks_secret
from sync_engine.domain.template import Template, is_template, places
from sync_engine.engine.configure.known_columns import KnownColumn, TableContext


def title_template(context: TableContext, known: Sequence[KnownColumn]) -> Template | None:
    """The template of the table's title; None when the title is a column, or nobody named one.

    Raises ConfigurationError for a place that names no column, or one that must not be shown.
    """
    wanted = context.wanted.title
    names = {name: item for item in known for name in (item.column.name, item.name)}
    if wanted is None or wanted in names or not is_template(wanted):
        return None
    try:
        found = places(wanted)
    except ValueError as error:
        raise context.error(
            f"title {wanted!r} has {error}", "title", hint="write {column} for each place"
        ) from error
    for name in found:
        if name not in names:
            hint = did_you_mean(name, names)
            raise context.error(f"there is no column {name!r} for the title", "title", hint=hint)
        settings = names[name].settings
        shown = settings is not None and not settings.secret
        if (settings is not None and settings.secret) or (looks_secret(names[name].column) and not shown):
            raise context.error(
                f"the column {name!r} looks like a secret and would stand in the title",
                "title",
                hint="leave it out",
            )
    columns = {name: names[name].column for name in found}
    return Template(
        wanted,
        {name: column.name for name, column in columns.items()},
        {name: scalar_for(column) for name, column in columns.items()},
    )
