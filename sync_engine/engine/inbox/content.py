"""What the row of a conflict shows, and what identifies the conflict and the values that were shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, Value
from sync_engine.engine.inbox import columns
from sync_engine.ports.conflicts import ConflictRow, SideValue

_NAMES = ("name", "sub", "set_role", "role", "app", "notion_user")
"""Keys of an actor, the most telling first."""


def digest_of(row: ConflictRow) -> str:
    """Names the values that a person chooses between."""
    return _hash([row.base, row.postgres.value, row.notion.value])


def key_of(row: ConflictRow) -> str:
    """Names the conflict on its page, beyond this installation: numbers begin anew when another one is set up."""
    seen = iso(row.detected_at) if row.detected_at else ""
    return f"conflict {row.id} {_hash([row.id, row.record_id, row.field, seen])}"


def number_in(key: str) -> int:
    """The conflict's id in such a name, or 0."""
    parts = key.split(" ")
    return int(parts[1]) if len(parts) == 3 and parts[0] == "conflict" and parts[1].isdecimal() else 0


def _hash(values: list[Json]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def text_of(value: Value) -> str:
    """A value as a person reads it: texts as they are, everything else as JSON; nothing for no value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, indent=None if isinstance(value, int | float) else 2)


def cells_of(row: ConflictRow, table: str, page_id: str) -> dict[str, Json]:
    """All that the engine writes into the row of an open conflict, but for `Keep`, `State` and `Answer`."""
    return {
        columns.TITLE: columns.title_cell(f"{table} {row.key}: {row.field}"),
        columns.POSTGRES: columns.text_cell(text_of(row.postgres.value)),
        columns.NOTION: columns.text_cell(text_of(row.notion.value)),
        columns.BASE: columns.text_cell(text_of(row.base)),
        columns.WHY: columns.text_cell(row.reason),
        columns.POSTGRES_BY: columns.text_cell(_whence(row.postgres)),
        columns.NOTION_BY: columns.text_cell(_whence(row.notion)),
        columns.NUMBER: columns.number_cell(row.id),
        columns.TABLE: columns.text_cell(table),
        columns.RECORD: columns.text_cell(row.key),
        columns.FIELD: columns.text_cell(row.field),
        columns.PAGE: columns.url_cell(f"https://www.notion.so/{page_id.replace('-', '')}" if page_id else ""),
        columns.TIMES: columns.number_cell(row.occurrences),
        columns.SINCE: columns.date_cell(row.detected_at),
        columns.KEY: columns.text_cell(key_of(row)),
    }


def long_texts(row: ConflictRow) -> Sequence[tuple[str, str]]:
    """(label, text) of the values that are too long for a cell."""
    values = (("Postgres", row.postgres.value), ("Notion", row.notion.value), ("Before", row.base))
    texts = [(label, text_of(value)) for label, value in values]
    return [(label, text) for label, text in texts if columns.is_long(text)]


def _whence(side: SideValue) -> str:
    who = next((str(side.actor[key]) for key in _NAMES if side.actor.get(key)), "")
    if side.at is None:
        return who
    since, until = _readable(side.at.since.isoformat()), _readable(side.at.until.isoformat())
    when = until if since == until else f"between {since} and {until}"
    return f"{who}, {when}" if who else when


def _readable(moment: str) -> str:
    return f"{moment[:10]} {moment[11:19]} UTC"
