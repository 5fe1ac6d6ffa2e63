"""Cells of the table: what to show of a value, and what the editor needs to begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import DataSource, Page, Property, User
from sync_engine.sandbox.properties.registry import kind_of
from sync_engine.sandbox.shapes.pages import title_text
from sync_engine.sandbox.usershapes import person_value

EDITABLE = (
    *("title", "rich_text", "number", "select", "multi_select", "status", "date", "checkbox"),
    *("url", "email", "phone_number", "relation", "people"),
)
UNTITLED = "Untitled"
_SUGGESTED = 40
_NUMERIC = ("number", "unique_id")


@dataclass(frozen=True, slots=True)
class Chip:
    """A small coloured label: an option, a linked page, a person."""

    text: str
    color: str = "default"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value for the table. `text` or `chips` is what it shows."""

    prop: Property
    text: str = ""
    chips: list[Chip] = field(default_factory=list)
    checked: bool = False

    @property
    def editable(self) -> bool:
        """Return whether a person may change it here."""
        return self.prop.type in EDITABLE

    @property
    def look(self) -> str:
        """Return the CSS class of its column."""
        return "number" if self.prop.type in _NUMERIC else self.prop.type


@dataclass(frozen=True, slots=True)
class Editor:
    """What the form of one cell starts with."""

    page_id: str
    prop: Property
    text: str = ""
    options: list[tuple[str, bool]] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)


def cell_of(call: Call, prop: Property, page: Page) -> Cell:
    """Return a value as the table shows it."""
    kind = kind_of(prop)
    if prop.type in ("select", "status"):
        option = kind.value_out(call, prop, page)
        return Cell(prop, chips=[Chip(option["name"], option["color"])] if option else [])
    if prop.type == "multi_select":
        return Cell(prop, chips=[Chip(each["name"], each["color"]) for each in kind.value_out(call, prop, page)])
    if prop.type == "relation":
        return Cell(prop, chips=[Chip(name) for name in linked_titles(call, prop, page)])
    if prop.type == "people":
        users = (person_value(call, each) for each in page.values.get(prop.id) or [])
        return Cell(prop, chips=[Chip(user.get("name") or user["id"]) for user in users])
    if prop.type == "checkbox":
        return Cell(prop, checked=bool(kind.value_out(call, prop, page)))
    if prop.type == "date":
        return Cell(prop, text=_date_text(_date_parts(page.values.get(prop.id))))
    if prop.type in ("formula", "rollup"):
        return Cell(prop, text=_computed(kind.comparable(call, prop, page)))
    return Cell(prop, text=kind.text(call, prop, page))


def _computed(value: Json) -> str:
    if value is None or value == {}:
        return ""
    return str(value)


def linked_titles(call: Call, prop: Property, page: Page) -> list[str]:
    """Return the titles of the pages a relation links to."""
    found = (call.store.find(Page, each) for each in page.values.get(prop.id) or [])
    return [title_text(each) or UNTITLED for each in found if each]


def editor_of(call: Call, prop: Property, page: Page) -> Editor:
    """Return what the form of a cell starts with."""
    made = Editor(page.id, prop, text=kind_of(prop).text(call, prop, page))
    stored = page.values.get(prop.id)
    if prop.type in ("select", "status", "multi_select"):
        chosen = [chip.text for chip in cell_of(call, prop, page).chips]
        names = [option["name"] for option in prop.config["options"]]
        return Editor(page.id, prop, options=[(name, name in chosen) for name in names])
    if prop.type == "people":
        people = [user for user in call.store.every(User) if user.listed]
        return Editor(page.id, prop, options=[(user.name, user.id in (stored or [])) for user in people])
    if prop.type == "relation":
        text = "\n".join(linked_titles(call, prop, page))
        return Editor(page.id, prop, text=text, suggestions=_titles(call, prop))
    if prop.type == "checkbox":
        return Editor(page.id, prop, options=[("on", bool(stored))])
    if prop.type == "date":
        return Editor(page.id, prop, parts=_date_parts(stored))
    return made


def _titles(call: Call, prop: Property) -> list[str]:
    target = call.store.find(DataSource, prop.config["data_source_id"])
    order = call.store.order(target.id).by_creation[:_SUGGESTED] if target else []
    return [title_text(call.store.take(Page, page_id)) or UNTITLED for _, page_id in order]


def _date_text(parts: dict[str, str]) -> str:
    """Return `2026-03-04`, `2026-03-04 08:30 UTC` or a range of either."""
    ends = [f"{parts[f'{end}_date']} {parts[f'{end}_time']}".strip() for end in ("start", "end")]
    return " → ".join(each for each in ends if each) + (" UTC" if parts["start_time"] else "")


def _date_parts(stored: Json) -> dict[str, str]:
    parts: dict[str, str] = {}
    for end in ("start", "end"):
        text = (stored or {}).get(end) or ""
        if len(text) > 10:
            moment = datetime.fromisoformat(text).astimezone(UTC)
            parts[f"{end}_date"], parts[f"{end}_time"] = moment.strftime("%Y-%m-%d"), moment.strftime("%H:%M")
        else:
            parts[f"{end}_date"], parts[f"{end}_time"] = text, ""
    return parts
