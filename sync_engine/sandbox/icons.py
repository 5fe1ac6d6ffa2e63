"""Icons and covers: emoji, external file, upload, custom emoji and Notion's own icons."""

from __future__ import annotations

import re

from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.validation import fix_one, problem, stated_type, want_object, want_string, want_uuid

_ICON_KINDS = ("emoji", "external", "custom_emoji", "icon", "file_upload", "file")
_BUILTIN = re.compile(r"^https://www\.notion\.so/icons/(.+)_([a-z]+)\.svg$")
"""An address of Notion's own icons comes back as an `icon` (recorded)."""

_COVER_KINDS = ("external", "file_upload", "file")


def icon_in(path: str, raw: Json) -> Json:
    """Check an icon of a request and return it as stored; None clears it."""
    return _image_in(path, raw, _ICON_KINDS)


def cover_in(path: str, raw: Json) -> Json:
    """Check a cover of a request and return it as stored; None clears it."""
    return _image_in(path, raw, _COVER_KINDS)


def _image_in(path: str, raw: Json, kinds: tuple[str, ...]) -> Json:
    if raw is None:
        return None
    given = want_object(path, raw)
    kind = stated_type(path, given) or next((name for name in kinds if name in given), None)
    if kind not in kinds or kind not in given:
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in kinds)
    inner = _inner(f"{path}.{kind}", kind, given[kind])
    builtin = _BUILTIN.match(inner["url"]) if kind == "external" else None
    if builtin and "icon" in kinds:
        return {"type": "icon", "icon": {"name": builtin.group(1), "color": builtin.group(2)}}
    return {"type": kind, kind: inner}


def _inner(path: str, kind: str, raw: Json) -> Json:
    if kind == "emoji":
        return want_string(path, raw)
    inner: JsonObject = want_object(path, raw)
    if kind in ("external", "file"):
        return {"url": want_string(f"{path}.url", inner.get("url", UNDEFINED), most=2000)}
    if kind == "custom_emoji":
        emoji_id = want_uuid(f"{path}.id", inner.get("id", UNDEFINED))
        return {"id": emoji_id, "name": inner.get("name", ""), "url": inner.get("url", "")}
    if kind == "icon":
        name = want_string(f"{path}.name", inner.get("name", UNDEFINED))
        return {"name": name, "color": inner.get("color", "gray")}
    return {"id": want_uuid(f"{path}.id", inner.get("id", UNDEFINED))}
