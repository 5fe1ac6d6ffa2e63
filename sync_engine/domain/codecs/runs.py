"""Rich text runs: joining what Notion returns, and cutting text into runs that Notion takes.

Notion counts UTF-16 units, takes at most 2,000 a run and 100 runs a value, and merges equal neighbours on its
side, so run boundaries mean nothing and only the joined text is compared.
"""

from __future__ import annotations

import unicodedata

from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.values import Json

RUN_UNITS = 2_000
MAX_RUNS = 100
MAX_BYTES = 450_000
"""Share of Notion's 500 KB request that one value may take."""

_SURELY_FITS = 50_000
_LOOK_BACK = 32
_JOINER = "\u200d"


def utf16_units(text: str) -> int:
    """Length as Notion counts it: an emoji outside the basic plane is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def joined(runs: Json) -> str:
    """The text of a rich text array: mentions and equations by their plain text. Raises FieldError."""
    if not isinstance(runs, list):
        raise FieldError("the property holds no text")
    return "".join(_run_text(run) for run in runs)


def _run_text(run: Json) -> str:
    if isinstance(run, dict):
        plain = run.get("plain_text")
        if isinstance(plain, str):
            return plain
        text = run.get("text")
        if isinstance(text, dict) and isinstance(text.get("content"), str):
            return str(text["content"])
    raise FieldError("the property holds a piece of text that has no plain form")


def rich_text(text: str) -> list[Json]:
    """The runs to send for a text that fits."""
    return [{"type": "text", "text": {"content": piece}} for piece in pieces(text)]


def pieces(text: str) -> list[str]:
    """The text in pieces of at most 2,000 units, never inside a character; where cheap, not inside what a person
    sees as one character either (CRLF, combining marks, emoji sequences)."""
    if len(text) <= RUN_UNITS // 2:
        return [text] if text else []
    found = _cut(text, gently=True)
    return found if len(found) <= MAX_RUNS else _cut(text, gently=False)


def _cut(text: str, *, gently: bool) -> list[str]:
    found: list[str] = []
    start = 0
    while start < len(text):
        end = min(start + RUN_UNITS, len(text))
        while (excess := utf16_units(text[start:end]) - RUN_UNITS) > 0:
            end -= (excess + 1) // 2
        if gently and end < len(text):
            end = _gentle_end(text, end)
        found.append(text[start:end])
        start = end
    return found


def _gentle_end(text: str, end: int) -> int:
    """The nearest cut at or a little before `end` that splits no visible character; `end` when there is none."""
    for candidate in range(end, end - _LOOK_BACK, -1):
        if not _joins(text[candidate - 1], text[candidate]):
            return candidate
    return end


def _joins(before: str, after: str) -> bool:
    """Whether the two characters belong together on the screen (the cheap part of UAX #29)."""
    if after < "\u0300":
        return before == "\r" and after == "\n"
    return (
        _JOINER in (before, after)
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
        or unicodedata.combining(after) != 0
    )


def too_long(text: str) -> str:
    """Why the text does not fit one property value, or empty."""
    if len(text) <= _SURELY_FITS:
        return ""
    units = utf16_units(text)
    if units > RUN_UNITS * MAX_RUNS or len(pieces(text)) > MAX_RUNS:
        return f"the text has {units:,} characters as Notion counts them; a property holds 200,000"
    if _json_bytes(text) > MAX_BYTES:
        return f"the text takes more than {MAX_BYTES // 1000:,} KB; Notion refuses requests above 500 KB"
    return ""


def _json_bytes(text: str) -> int:
    """UTF-8 bytes of the text inside JSON; control characters cost six, quotes and backslashes two."""
    escaped = sum(text.count(chr(code)) for code in range(32)) * 5 + text.count('"') + text.count("\\")
    return len(text.encode("utf-8", "surrogatepass")) + escaped
