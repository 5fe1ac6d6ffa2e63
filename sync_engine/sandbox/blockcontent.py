"""The content of each block type: which keys a request may have, and the shown form with its defaults."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from sync_engine.sandbox.icons import icon_in
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.richtext import COLORS, runs_in
from sync_engine.sandbox.validation import (
    bad,
    fix_one,
    problem,
    refuse_unknown,
    want_bool,
    want_list,
    want_object,
    want_one_of,
    want_string,
    want_uuid,
)

Reader = Callable[[str, Json], Json]


def _color(path: str, raw: Json) -> Json:
    return want_one_of(path, raw, COLORS)


def _text(path: str, raw: Json) -> Json:
    return want_string(path, raw)


def _url(path: str, raw: Json) -> Json:
    return want_string(path, raw, most=2000)


def _expression(path: str, raw: Json) -> Json:
    return want_string(path, raw, most=1000)


def _number(path: str, raw: Json) -> Json:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise bad(path, "a number", raw)
    return raw


def _cells(path: str, raw: Json) -> Json:
    return [runs_in(f"{path}[{number}]", each) for number, each in enumerate(want_list(path, raw))]


def _as_given(path: str, raw: Json) -> Json:
    return raw


_TEXTUAL: dict[str, tuple[Reader, Json]] = {"rich_text": (runs_in, UNDEFINED), "color": (_color, "default")}
_HEADING: dict[str, tuple[Reader, Json]] = {
    "rich_text": (runs_in, UNDEFINED),
    "is_toggleable": (want_bool, False),
    "color": (_color, "default"),
}
_LINK: dict[str, tuple[Reader, Json]] = {"caption": (runs_in, []), "url": (_url, UNDEFINED)}
_NOTHING: dict[str, tuple[Reader, Json]] = {}

_KEYS: dict[str, dict[str, tuple[Reader, Json]]] = {
    "paragraph": {"rich_text": (runs_in, UNDEFINED), "icon": (icon_in, None), "color": (_color, "default")},
    **dict.fromkeys(("heading_1", "heading_2", "heading_3"), _HEADING),
    **dict.fromkeys(("bulleted_list_item", "numbered_list_item", "quote", "toggle"), _TEXTUAL),
    "to_do": {
        "rich_text": (runs_in, UNDEFINED),
        "checked": (want_bool, False),
        "color": (_color, "default"),
    },
    "callout": {
        "rich_text": (runs_in, UNDEFINED),
        "icon": (icon_in, {"type": "emoji", "emoji": "💡"}),
        "color": (_color, "default"),
    },
    "code": {"caption": (runs_in, []), "rich_text": (runs_in, UNDEFINED), "language": (_text, UNDEFINED)},
    **dict.fromkeys(("divider", "breadcrumb", "column_list", "tab"), _NOTHING),
    "equation": {"expression": (_expression, UNDEFINED)},
    **dict.fromkeys(("bookmark", "embed"), _LINK),
    "synced_block": {"synced_from": (_as_given, None)},
    "table": {
        "table_width": (_number, UNDEFINED),
        "has_column_header": (want_bool, False),
        "has_row_header": (want_bool, False),
    },
    "table_row": {"cells": (_cells, UNDEFINED)},
    "table_of_contents": {"color": (_color, "gray")},
}
_FILES = ("image", "video", "pdf", "audio", "file")
_SOURCES = ("external", "file_upload", "file")
TYPES = (*_KEYS, *_FILES, "column", "link_to_page")


def content_in(path: str, kind: str, raw: JsonObject, old: JsonObject | None = None) -> JsonObject:
    """Check the content of a block and return it as shown; keys left out keep `old`, or their default."""
    if kind in _FILES:
        return _file(path, kind, raw, old)
    if kind == "link_to_page":
        return _link_to_page(path, raw)
    if kind == "column":
        ratio = raw.get("width_ratio", (old or {}).get("width_ratio"))
        return {} if ratio is None else {"width_ratio": _number(f"{path}.width_ratio", ratio)}
    if kind not in _KEYS:
        raise bad(path, "not present", raw)
    keys = _KEYS[kind]
    refuse_unknown(raw, (*keys, "children"), path)
    made: JsonObject = {}
    for name, (read, default) in keys.items():
        if name in raw:
            made[name] = read(f"{path}.{name}", raw[name])
        elif old is not None and name in old:
            made[name] = old[name]
        elif default is UNDEFINED:
            raise bad(f"{path}.{name}", "defined", UNDEFINED)
        else:
            made[name] = default
    return made


def _file(path: str, kind: str, raw: JsonObject, old: JsonObject | None) -> JsonObject:
    before = old or {}
    source = next((name for name in _SOURCES if name in raw), before.get("type"))
    if source is None:
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in _SOURCES)
    inner = want_object(f"{path}.{source}", raw.get(source, before.get(source, UNDEFINED)))
    caption = runs_in(f"{path}.caption", raw["caption"]) if "caption" in raw else before.get("caption", [])
    made: JsonObject = {"caption": caption, "type": source, source: inner}
    if kind == "file":
        address = urlsplit(str(inner.get("url", ""))).path
        made["name"] = _with_suffix(raw.get("name") or before.get("name") or "", address.rsplit("/", 1)[-1])
    return made


def _with_suffix(name: str, address: str) -> str:
    """Return the name of a file, with the suffix of its address when it has none (recorded)."""
    if not name:
        return address
    suffix = address.rpartition(".")[2] if "." in address else ""
    return name if "." in name or not suffix else f"{name}.{suffix}"


def _link_to_page(path: str, raw: JsonObject) -> JsonObject:
    for name in ("page_id", "database_id", "comment_id"):
        if name in raw:
            return {"type": name, name: want_uuid(f"{path}.{name}", raw[name])}
    names = ("page_id", "database_id")
    raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in names)
