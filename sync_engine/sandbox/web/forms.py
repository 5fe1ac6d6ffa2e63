"""From the fields of an edited cell to the value that the API takes."""

from __future__ import annotations

from collections.abc import Sequence

from sync_engine.sandbox.apierrors import invalid
from sync_engine.sandbox.call import Call
from sync_engine.sandbox.jsontypes import Json
from sync_engine.sandbox.model import Page, Property, User
from sync_engine.sandbox.richtext import split_plain
from sync_engine.sandbox.shapes.pages import title_text
from sync_engine.sandbox.web.cells import UNTITLED


class Fields:
    """The fields of a form; a field may come several times."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values

    def one(self, name: str) -> str:
        """Return a field's value with plain line ends, or an empty text."""
        return (self._values.get(name) or [""])[-1].replace("\r\n", "\n")

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return self._values.get(name, [])


def value_of(call: Call, prop: Property, fields: Fields) -> Json:
    """Return the value to write, inside its type's key. Raises ApiError when it cannot be understood."""
    text = fields.one("value")
    if prop.type in ("title", "rich_text"):
        return {prop.type: split_plain(text)}
    if prop.type in ("url", "email", "phone_number"):
        return {prop.type: text.strip() or None}
    if prop.type == "number":
        return {"number": _number(text)}
    if prop.type == "checkbox":
        return {"checkbox": "on" in fields.all("value")}
    if prop.type == "status":
        return {"status": {"name": text} if text else None}
    if prop.type == "select":
        wanted = fields.one("new").strip() or text
        return {"select": {"name": wanted} if wanted else None}
    if prop.type == "multi_select":
        added = [each.strip() for each in fields.one("new").split(",") if each.strip()]
        return {"multi_select": [{"name": each} for each in [*fields.all("value"), *added]]}
    if prop.type == "people":
        return {"people": _people(call, fields.all("value"))}
    if prop.type == "relation":
        return {"relation": _pages(call, prop, text.splitlines())}
    return {"date": _date(fields)}


def _number(text: str) -> float | None:
    cleaned = text.strip().replace(",", "")
    if not cleaned:
        return None
    try:
        return int(cleaned) if cleaned.lstrip("+-").isdigit() else float(cleaned)
    except ValueError as error:
        raise invalid(f"{text.strip()} is not a number.") from error


def _people(call: Call, names: Sequence[str]) -> list[Json]:
    return [{"id": user.id} for user in call.store.every(User) if user.name in names]


def _pages(call: Call, prop: Property, titles: Sequence[str]) -> list[Json]:
    wanted = [title.strip() for title in titles if title.strip()]
    by_title: dict[str, list[str]] = {}
    for _, page_id in call.store.order(prop.config["data_source_id"]).by_creation:
        page = call.store.take(Page, page_id)
        by_title.setdefault(title_text(page) or UNTITLED, []).append(page_id)
    chosen: list[Json] = []
    for title in wanted:
        found = by_title.get(title, [])
        if not found:
            raise invalid(f"There is no page titled “{title}” to link to.")
        if len(found) > 1:
            raise invalid(f"{len(found)} pages are titled “{title}”; rename one before linking to it.")
        chosen.append({"id": found[0]})
    return chosen


def _date(fields: Fields) -> Json:
    start, end = (_moment(fields, name) for name in ("start", "end"))
    if start is None:
        return None
    return {"start": start, "end": end}


def _moment(fields: Fields, name: str) -> str | None:
    day, time = fields.one(f"{name}_date").strip(), fields.one(f"{name}_time").strip()
    if not day:
        return None
    return f"{day}T{time}:00Z" if time else day
