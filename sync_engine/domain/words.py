"""The difference of two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")

COMPARED = 20_000
"""Characters up to which two texts are compared; beyond that the comparison would take seconds."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of two texts: equal in both, or what the earlier had (`before`) and the later has (`after`)."""

    before: str
    after: str

    @property
    def equal(self) -> bool:
        """Whether both texts have it."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text that both have, or that was taken out, or put in."""

    op: Literal["equal", "delete", "insert"]
    text: str


def stretches(before: str, after: str) -> Sequence[Stretch]:
    """Both texts, in order, cut where they begin and cease to differ; one stretch when they are too long."""
    if max(len(before), len(after)) > COMPARED:
        return [Stretch(before, after)]
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [Stretch("".join(old[i:j]), "".join(new[k:m])) for _, i, j, k, m in matcher.get_opcodes()]


def spans(before: str, after: str) -> Sequence[Span]:
    """What to take out of the earlier text, and what to put in, to make the later one."""
    found: list[Span] = []
    for stretch in stretches(before, after):
        if stretch.equal:
            found.append(Span("equal", stretch.before))
            continue
        if stretch.before:
            found.append(Span("delete", stretch.before))
        if stretch.after:
            found.append(Span("insert", stretch.after))
    return found
