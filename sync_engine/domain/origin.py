"""Origin: which engine run caused a change; a change without one was made by a person or an application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Origin:
    """As text, `run:<id>`, `rollback:<id>` or `replay:<id>`: what the log stores and `audit log --origin` filters
    by."""

    run_id: str
    kind: Literal["run", "rollback", "replay"] = "run"

    def __str__(self) -> str:
        return f"{self.kind}:{self.run_id}"
