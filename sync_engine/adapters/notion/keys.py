"""Which spelling of a property id the server takes in a request body."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar
from urllib.parse import unquote

from sync_engine.adapters.notion.errors import names_unknown_property
from sync_engine.errors import NotionRejected

T = TypeVar("T")
Spell = Callable[[str], str]


def as_returned(property_id: str) -> str:
    """The id as Notion returns it, percent-encoded."""
    return property_id


class PropertySpelling:
    """Ids come back percent-encoded and are accepted so as keys of a PATCH (recorded).

    Nothing proves the same for filters, so when the server knows no such property the decoded spelling is tried
    once, and kept when it works. Both spellings are the same for most ids.
    """

    def __init__(self) -> None:
        self._spell: Spell = as_returned

    def run(self, property_ids: Iterable[str], action: Callable[[Spell], T]) -> T:
        """`action` with a spelling that the server knows. A refused request did nothing, so it may be repeated."""
        spell = self._spell
        try:
            return action(spell)
        except NotionRejected as refused:
            if not names_unknown_property(refused) or all(unquote(key) == key for key in property_ids):
                raise
            return self._other(spell, action, refused)

    def _other(self, spell: Spell, action: Callable[[Spell], T], refused: NotionRejected) -> T:
        other: Spell = unquote if spell is as_returned else as_returned
        try:
            result = action(other)
        except NotionRejected as again:
            if names_unknown_property(again):
                raise refused from again
            raise
        self._spell = other
        return result
