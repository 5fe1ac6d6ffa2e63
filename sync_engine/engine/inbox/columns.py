"""The columns of the inbox: their names, Notion's schema of them, and reading and writing single cells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sync_engine.domain.codecs.runs import pieces, rich_text, utf16_units
from sync_engine.domain.mapping import KEY_PROPERTY
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.ports.inbox import InboxPlace
from sync_engine.ports.workspace import Page

TITLE = "Conflict"
KEEP = "Keep"
OWN_VALUE = "Value"
POSTGRES = "Postgres"
NOTION = "Notion"
BASE = "Before"
WHY = "Why"
ANSWER = "Answer"
STATE = "State"
POSTGRES_BY = "Postgres By"
NOTION_BY = "Notion By"
NUMBER = "Number"
TABLE = "Table"
RECORD = "Record"
FIELD = "Field"
PAGE = "Page"
TIMES = "Times"
SINCE = "Since"
KEY = KEY_PROPERTY

KEEP_POSTGRES, KEEP_NOTION, KEEP_BOTH, KEEP_OWN = "Postgres", "Notion", "Both merged", "Edit"
CHOICES = (KEEP_POSTGRES, KEEP_NOTION, KEEP_BOTH, KEEP_OWN)

WAITING, ASKED_AGAIN, DECIDED = "Waiting", "Look again", "Decided"

SHOWN_WHOLE = 20_000
"""UTF-16 units of the longest text that a cell holds; what is longer is whole in the body of the page."""

_TEXTS = (OWN_VALUE, POSTGRES, NOTION, BASE, WHY, ANSWER, POSTGRES_BY, NOTION_BY, TABLE, RECORD, FIELD, KEY)


def schema() -> JsonObject:
    """Notion's schema of the inbox, by name."""
    return {
        TITLE: {"title": {}},
        KEEP: _select(CHOICES),
        STATE: _select((WAITING, ASKED_AGAIN, DECIDED)),
        **{name: {"rich_text": {}} for name in _TEXTS},
        NUMBER: {"number": {}},
        TIMES: {"number": {}},
        SINCE: {"date": {}},
        PAGE: {"url": {}},
    }


def _select(names: tuple[str, ...]) -> JsonObject:
    options: list[Json] = [{"name": name} for name in names]
    return {"select": {"options": options}}


def type_of(column: str) -> str:
    """Notion's type of a column."""
    kinds = schema()[column]
    return next(iter(kinds)) if isinstance(kinds, dict) else ""


def by_id(place: InboxPlace, cells: Mapping[str, Json]) -> dict[str, Json]:
    """Cells under the ids of their properties; columns that the database lost are left out."""
    return {str(place.properties[name]): value for name, value in cells.items() if place.properties.get(name)}


def text_cell(text: str) -> Json:
    """A text, whole where it is not too long for a cell, else its beginning and where the rest is."""
    if not is_long(text):
        return {"rich_text": rich_text(text)}
    start = pieces(text)[0]
    told = f"{start} […] {utf16_units(text):,} characters; the whole value is inside this page"
    return {"rich_text": rich_text(told)}


def is_long(text: str) -> bool:
    """Whether the text does not fit into a cell."""
    return utf16_units(text) > SHOWN_WHOLE


def title_cell(text: str) -> Json:
    """The title; a very long one ends with an ellipsis, since every part of it is in a column of its own."""
    return {"title": rich_text(text if len(text) <= 300 else f"{text[:299]}…")}


def select_cell(name: str | None) -> Json:
    """A chosen option, or none."""
    return {"select": None if name is None else {"name": name}}


def number_cell(number: int) -> Json:
    """A number."""
    return {"number": number}


def date_cell(at: datetime | None) -> Json:
    """A moment; Notion keeps its minute."""
    return {"date": None if at is None else {"start": iso(at)}}


def url_cell(address: str) -> Json:
    """An address, or none."""
    return {"url": address or None}


def chosen(place: InboxPlace, page: Page) -> str:
    """The option of `Keep`; empty when none is chosen."""
    found = _cell(place, page, KEEP).get("select")
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""


def text_in(place: InboxPlace, page: Page, column: str) -> str:
    """The whole text of a cell."""
    runs = _cell(place, page, column).get("rich_text")
    return "".join(_run(run) for run in runs) if isinstance(runs, list) else ""


def _run(run: Json) -> str:
    plain = run.get("plain_text") if isinstance(run, dict) else None
    return plain if isinstance(plain, str) else ""


def _cell(place: InboxPlace, page: Page, column: str) -> JsonObject:
    found = page.properties.get(str(place.properties.get(column) or ""))
    return found if isinstance(found, dict) else {}
