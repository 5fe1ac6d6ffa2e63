"""Ids: random uuids, property ids of four characters, and the percent-encoding of the latter."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import quote, unquote

_PROPERTY_ALPHABET = "".join(chr(code) for code in range(0x3A, 0x7F))
"""Recorded property ids use `:` to `~`, so many need percent-encoding."""


class IdSource:
    """Makes ids. With a seed the sequence is the same in each run."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """Return a random uuid, dashed and lower case."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def property_id(self, taken: Collection[str]) -> str:
        """Return an unused decoded property id of four characters."""
        while True:
            made = "".join(self._random.choices(_PROPERTY_ALPHABET, k=4))
            if made not in taken:
                return made

    def chance(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()


@lru_cache(maxsize=10_000)
def encoded(property_id: str) -> str:
    """Return a property id as the API shows it (recorded: `%5BVHf`, `~ak%40`)."""
    return quote(property_id, safe="~!*'()-_.")


def decoded(property_id: str) -> str:
    """Return the inner form of a property id that a client sent, encoded or not."""
    return unquote(property_id)
