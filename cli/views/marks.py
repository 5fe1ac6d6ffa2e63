"""Where the values of a conflict part, word by word: what each side put in, and what the base had instead."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import orjson

from sync_engine.domain.values import Json
from sync_engine.domain.words import Span, Stretch, stretches

AROUND = 80
"""Characters of an equal stretch that are kept next to a difference."""

LONG = 1_200
"""Characters of a value, or of one difference, that are shown unless all of it is asked for."""

_TURNS_TEXT_ROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Marked:
    """The three values of a conflict, in runs that differ or do not."""

    postgres: Sequence[Span]
    base: Sequence[Span]
    notion: Sequence[Span]

    def shortened(self) -> Marked:
        """Without what is equal and far from any difference, and the middle of what is very long."""
        return Marked(*(list(_shortened(spans)) for spans in (self.postgres, self.base, self.notion)))


def marked(base: Json, postgres: Json, notion: Json) -> Marked:
    """Each side compared with the base; where there is none, with the other side.

    Only texts, and only lists and objects, are compared with one another, and only when they share something.
    """
    if base is None:
        found = _compared(postgres, notion)
        return Marked(
            _side([(each.equal, each.before) for each in found], postgres),
            [Span("equal", shown(base))],
            _side([(each.equal, each.after) for each in found], notion),
        )
    left, right = _compared(base, postgres), _compared(base, notion)
    return Marked(
        _side([(each.equal, each.after) for each in left], postgres),
        _taken_out(shown(base), [left, right]),
        _side([(each.equal, each.after) for each in right], notion),
    )


def shown(value: Json) -> str:
    """A value in full and as text; a list or an object over several lines. Nothing in it steers the terminal."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return visible(value) or '""'
    return visible(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def visible(text: str) -> str:
    """The text with control characters, other than the ends of lines and tabs, as the escapes that name them."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    steers = unicodedata.category(character) == "Cc" or character in _TURNS_TEXT_ROUND
    return ascii(character)[1:-1] if steers else character


def _compared(before: Json, after: Json) -> Sequence[Stretch]:
    """Both, cut where they differ; nothing when they have no word in common."""
    alike = isinstance(before, str) if isinstance(after, str) else _has_parts(before) and _has_parts(after)
    found = stretches(shown(before), shown(after)) if alike else []
    return found if any(each.equal and each.before.strip() for each in found) else []


def _has_parts(value: Json) -> bool:
    return isinstance(value, list | dict)


def _side(runs: Sequence[tuple[bool, str]], value: Json) -> Sequence[Span]:
    found = [Span("equal" if equal else "insert", text) for equal, text in runs if text]
    return found or [Span("equal", shown(value))]


def _taken_out(base: str, compared: Sequence[Sequence[Stretch]]) -> Sequence[Span]:
    """The base, with what either side does not have any more."""
    gone = bytearray(len(base))
    for found in compared:
        place = 0
        for each in found:
            end = place + len(each.before)
            if not each.equal:
                gone[place:end] = b"\1" * (end - place)
            place = end
    runs = groupby(zip(base, gone, strict=True), key=lambda one: one[1])
    return [Span("delete" if flag else "equal", "".join(letter for letter, _ in run)) for flag, run in runs]


def _shortened(spans: Sequence[Span]) -> Iterator[Span]:
    for place, span in enumerate(spans):
        if span.op != "equal" or len(spans) == 1:
            yield Span(span.op, _cut(span.text, LONG // 2, LONG // 2))
        else:
            before, after = AROUND * (place > 0), AROUND * (place < len(spans) - 1)
            yield Span("equal", _cut(span.text, before, after))


def _cut(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail + AROUND:
        return text
    return f"{text[:head]} … {text[len(text) - tail :]}".strip(" ")
