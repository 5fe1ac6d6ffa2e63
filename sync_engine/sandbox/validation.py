"""Checks of a request body, with the texts of Notion's validator.

The form is `body failed validation: <path> should be <what>, instead was `<value>`.` Several possible
mends are listed under `body failed validation. Fix one:`. Values are shown as JSON, absent ones as
`undefined`. A path looks like `body.properties.Name.title[0].text.content.length`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import orjson

from sync_engine.sandbox.apierrors import ApiError, invalid
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject, Undefined

_UUID = re.compile(
    r"^([0-9a-f]{8})-?([0-9a-f]{4})-?([1-8][0-9a-f]{3})-?([89ab][0-9a-f]{3})-?([0-9a-f]{12})$", re.IGNORECASE
)
_NIL = "00000000-0000-0000-0000-000000000000"


def shown(value: Json | Undefined) -> str:
    """Return a value as the validator quotes it: JSON, or `undefined`."""
    if isinstance(value, Undefined):
        return "undefined"
    return orjson.dumps(value).decode()


def problem(path: str, should: str, value: Json | Undefined) -> str:
    """Return one line of complaint, without the leading `body failed validation`."""
    return f"{path} should be {should}, instead was `{shown(value)}`."


def bad(path: str, should: str, value: Json | Undefined) -> ApiError:
    """Return the 400 with one complaint; the part before the first dot or bracket is named as failing."""
    part = re.split(r"[.\[]", path, maxsplit=1)[0]
    return invalid(f"{part} failed validation: {problem(path, should, value)}")


def fix_one(problems: Iterable[str]) -> ApiError:
    """Return the 400 that lists several ways to mend a body."""
    return invalid("body failed validation. Fix one:\n" + "\n".join(problems))


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, as Notion counts (an emoji is 2)."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def uuid_or_none(value: Json) -> str | None:
    """Return the dashed lower-case form, or None when Notion would not call it a valid uuid."""
    if not isinstance(value, str):
        return None
    if value.replace("-", "") == "0" * 32:
        return _NIL
    match = _UUID.match(value)
    return "-".join(match.groups()).lower() if match else None


def want_uuid(path: str, value: Json | Undefined) -> str:
    """Return the dashed lower-case uuid, or raise the recorded 400."""
    found = uuid_or_none(value)
    if found is None:
        raise bad(path, "defined" if isinstance(value, Undefined) else "a valid uuid", value)
    return found


def want_object(path: str, value: Json | Undefined) -> JsonObject:
    """Return the value as an object, or raise 400."""
    if isinstance(value, Undefined):
        raise bad(path, "defined", value)
    if not isinstance(value, dict):
        raise bad(path, "an object", value)
    return value


def want_list(path: str, value: Json | Undefined, *, most: int | None = 100) -> list[Json]:
    """Return the value as a list of at most `most` elements, or raise 400."""
    if isinstance(value, Undefined):
        raise bad(path, "defined", value)
    if not isinstance(value, list):
        raise bad(path, "an array", value)
    if most is not None and len(value) > most:
        raise bad(f"{path}.length", f"≤ `{most}`", len(value))
    return value


def want_string(path: str, value: Json | Undefined, *, most: int | None = None) -> str:
    """Return the value as a string of at most `most` UTF-16 units, or raise 400."""
    if isinstance(value, Undefined):
        raise bad(path, "defined", value)
    if not isinstance(value, str):
        raise bad(path, "a string", value)
    if most is not None and utf16_length(value) > most:
        raise bad(f"{path}.length", f"≤ `{most}`", utf16_length(value))
    return value


def want_bool(path: str, value: Json | Undefined) -> bool:
    """Return the value as a boolean, or raise 400."""
    if not isinstance(value, bool):
        raise bad(path, "defined" if isinstance(value, Undefined) else "a boolean", value)
    return value


def want_one_of(path: str, value: Json | Undefined, allowed: Iterable[str]) -> str:
    """Return the value when it is one of the allowed strings, or raise 400 that lists them."""
    names = [f'`"{name}"`' for name in allowed]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + f", or {names[-1]}"
    if not isinstance(value, str) or f'`"{value}"`' not in names:
        raise bad(path, listed, value)
    return value


def refuse_unknown(body: JsonObject, allowed: Iterable[str], path: str = "body") -> None:
    """Raise the documented 400 for the first key that the endpoint does not know (since 2021-08-16)."""
    known = set(allowed)
    for key, value in body.items():
        if key not in known:
            raise bad(f"{path}.{key}", "not present", value)


def key(body: JsonObject, name: str) -> Json | Undefined:
    """Return the value of a key, or UNDEFINED."""
    return body.get(name, UNDEFINED)


def stated_type(path: str, value: JsonObject) -> str | None:
    """Return the `type` of an object, None when it does not say; 400 when it is no string."""
    return None if value.get("type") is None else want_string(f"{path}.type", value["type"])


def one_key(path: str, value: JsonObject, names: Iterable[str]) -> str:
    """Return which of the names is a key of the object, or raise the `Fix one` 400."""
    candidates = list(names)
    for name in candidates:
        if name in value:
            return name
    raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in candidates)
