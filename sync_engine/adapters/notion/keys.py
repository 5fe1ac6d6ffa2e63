"""Which spelling of a property id the server takes in a request body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import unquote

from sync_engine.errors import NotionRejected

T = TypeVar("T")
Spell = Callable[[str], str]


def as_returned(property_id: str) -> str:
    """The id as Notion returns it, percent-encoded."""
    return property_id


class PropertySpelling:
    """Ids come back percent-encoded and are accepted so as keys of a PATCH (recorded).

    Nothing proves the same for filters, nor how the refusal of an unknown one is worded. So a 400 is tried again
    with the other spelling, until one of the two has worked for an id that they spell differently; most ids are
    the same in both.
    """

    def __init__(self) -> None:
        self._spell: Spell = as_returned
        self._proved = False

    def run(self, property_ids: Iterable[str], action: Callable[[Spell], T]) -> T:
        """`action` with a spelling that the server knows. A refused request did nothing, so it may be repeated."""
        spell = self._spell
        tells = any(unquote(key) != key for key in property_ids)
        try:
            result = action(spell)
        except NotionRejected as refused:
            if not tells or self._proved or refused.status != 400:
                raise
            return self._other(spell, action, refused)
        self._proved = self._proved or tells
        return result

    def _other(self, spell: Spell, action: Callable[[Spell], T], refused: NotionRejected) -> T:
        other: Spell = unquote if spell is as_returned else as_returned
        try:
            result = action(other)
        except NotionRejected as again:
            raise refused from again
        self._spell, self._proved = other, True
        return result
