"""Cases of tests that try one thing at very many places: CI takes some of them, `make thorough` all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Case = TypeVar("Case")


def some(cases: Iterable[Case], *, every: int) -> list[Case]:
    """Every n-th case, always the same ones; all of them when THOROUGH is set in the environment."""
    found = list(cases)
    return found if os.environ.get("THOROUGH") else found[::every]
