"""Rich text in both directions: limits of a write, and the merging of equal neighbours that Notion does.

Limits (documented): 100 runs, 2,000 UTF-16 units of content or link a run, 1,000 of an expression.
Two adjacent runs of equal format come back as one (recorded: 2000 + 1 became 2001).
"""

from __future__ import annotations

from sync_engine.sandbox.dates import date_in
from sync_engine.sandbox.jsontypes import UNDEFINED, Json, JsonObject
from sync_engine.sandbox.validation import (
    fix_one,
    problem,
    stated_type,
    want_bool,
    want_list,
    want_object,
    want_one_of,
    want_string,
    want_uuid,
)

FLAGS = ("bold", "italic", "strikethrough", "underline", "code")
_BASE = ("gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
COLORS = ("default", *_BASE, *(f"{name}_background" for name in ("default", *_BASE)))
PLAIN: JsonObject = {**dict.fromkeys(FLAGS, False), "color": "default"}
_KINDS = ("text", "mention", "equation")


def plain_run(content: str) -> JsonObject:
    """Return a stored run of unformatted text."""
    return _text_run(content, None, dict(PLAIN))


def plain_text(runs: list[Json]) -> str:
    """Return the text of stored or shown runs without its formatting."""
    return "".join(run.get("plain_text") or "" for run in runs)


def split_plain(text: str, size: int = 2000) -> list[Json]:
    """Return the runs a client would send for a text: each at most `size` UTF-16 units."""
    pieces: list[str] = []
    piece: list[str] = []
    used = 0
    for character in text:
        width = 2 if ord(character) > 0xFFFF else 1
        if used + width > size:
            pieces.append("".join(piece))
            piece, used = [], 0
        piece.append(character)
        used += width
    pieces.append("".join(piece))
    return [{"type": "text", "text": {"content": each}} for each in pieces if each]


def runs_in(path: str, raw: Json) -> list[Json]:
    """Check the runs of a request and return them as stored: complete, merged, empty ones left out."""
    runs: list[Json] = []
    for number, item in enumerate(want_list(path, raw)):
        run = _run_in(f"{path}[{number}]", want_object(f"{path}[{number}]", item))
        if run["type"] == "text" and not run["plain_text"]:
            continue
        if runs and _mergeable(runs[-1], run):
            runs[-1] = _joined(runs[-1], run)
        else:
            runs.append(run)
    return runs


def _run_in(path: str, item: JsonObject) -> JsonObject:
    kind = stated_type(path, item)
    if kind is None:
        kind = next((name for name in _KINDS if name in item), None)
    if kind not in _KINDS or kind not in item:
        names = (kind,) if kind in _KINDS else _KINDS
        raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in names)
    annotations = _annotations_in(f"{path}.annotations", item.get("annotations"))
    inner = want_object(f"{path}.{kind}", item[kind])
    if kind == "text":
        content = want_string(f"{path}.text.content", inner.get("content", UNDEFINED), most=2000)
        return _text_run(content, _link_in(f"{path}.text.link", inner.get("link")), annotations)
    if kind == "equation":
        expression = want_string(f"{path}.equation.expression", inner.get("expression", UNDEFINED), most=1000)
        return _run("equation", {"expression": expression}, annotations, expression, None)
    mention = _mention_in(f"{path}.mention", inner)
    return _run("mention", mention, annotations, str(item.get("plain_text") or ""), item.get("href"))


def _text_run(content: str, link: JsonObject | None, annotations: JsonObject) -> JsonObject:
    href = link["url"] if link else None
    return _run("text", {"content": content, "link": link}, annotations, content, href)


def _run(kind: str, inner: JsonObject, annotations: JsonObject, text: str, href: Json) -> JsonObject:
    return {"type": kind, kind: inner, "annotations": annotations, "plain_text": text, "href": href}


def _link_in(path: str, raw: Json) -> JsonObject | None:
    if raw is None:
        return None
    return {"url": want_string(f"{path}.url", want_object(path, raw).get("url", UNDEFINED), most=2000)}


def _annotations_in(path: str, raw: Json) -> JsonObject:
    if raw is None:
        return dict(PLAIN)
    given = want_object(path, raw)
    made = {name: want_bool(f"{path}.{name}", given.get(name, False)) for name in FLAGS}
    return {**made, "color": want_one_of(f"{path}.color", given.get("color", "default"), COLORS)}


def _mention_in(path: str, raw: JsonObject) -> JsonObject:
    kind = stated_type(path, raw) or next(
        (name for name in ("user", "page", "database", "date") if name in raw), None
    )
    if kind in ("user", "page", "database", "data_source"):
        target = want_object(f"{path}.{kind}", raw.get(kind, UNDEFINED))
        return {"type": kind, kind: {"id": want_uuid(f"{path}.{kind}.id", target.get("id", UNDEFINED))}}
    if kind == "date":
        return {"type": "date", "date": date_in(f"{path}.date", raw.get("date"))}
    if isinstance(kind, str) and kind in raw:
        return {"type": kind, kind: raw[kind]}
    names = ("user", "date", "page", "database", "template_mention", "custom_emoji")
    raise fix_one(problem(f"{path}.{name}", "defined", UNDEFINED) for name in names)


def _mergeable(left: JsonObject, right: JsonObject) -> bool:
    if not left["type"] == right["type"] == "text":
        return False
    return bool(left["annotations"] == right["annotations"] and left["text"]["link"] == right["text"]["link"])


def _joined(left: JsonObject, right: JsonObject) -> JsonObject:
    content = left["text"]["content"] + right["text"]["content"]
    return _text_run(content, left["text"]["link"], left["annotations"])
