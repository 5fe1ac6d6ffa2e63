"""The difference of two texts, word by word, so that a reviewer sees at once where they part."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.domain.words import COMPARED, stretches

_AROUND = 70


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; `kind` is `same`, `other` (what the other side has not) or `gap` (equal, left out)."""

    text: str
    kind: str


def pieces(left: str, right: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces. Long equal stretches are shortened; texts too long to compare are one piece."""
    if max(len(left), len(right)) > COMPARED:
        return [Piece(left[:COMPARED], "same")], [Piece(right[:COMPARED], "same")]
    both: tuple[list[Piece], list[Piece]] = ([], [])
    for stretch in stretches(left, right):
        for told, text in ((both[0], stretch.before), (both[1], stretch.after)):
            if stretch.equal:
                told.extend(_shortened(text, first=not told))
            elif text:
                told.append(Piece(text, "other"))
    return both


def _shortened(text: str, *, first: bool) -> list[Piece]:
    """An equal stretch: what surrounds the differences is kept."""
    if len(text) <= 3 * _AROUND:
        return [Piece(text, "same")]
    head = "" if first else text[:_AROUND]
    parts = [Piece(head, "same")] if head else []
    return [*parts, Piece(text[len(head) : -_AROUND], "gap"), Piece(text[-_AROUND:], "same")]
