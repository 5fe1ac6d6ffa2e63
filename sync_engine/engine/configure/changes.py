"""One thing that `setup` would do, or did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sync_engine.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class SetupChange:
    """One thing that setup would do or did; `drift` is one that a person has to decide."""

    side: Literal["postgres", "notion"]
    action: Literal["create", "change", "drift", "remove"]
    object: str
    detail: str

    def to_json(self) -> JsonObject:
        """As `plan --json` prints it."""
        return {"side": self.side, "action": self.action, "object": self.object, "detail": self.detail}
