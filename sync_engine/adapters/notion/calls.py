"""One request to Notion as a value, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sync_engine.domain.values import JsonObject


class Effect(Enum):
    """What repeating a request would do: nothing (`READ`), the same again (`SET`), a second thing (`CREATE`)."""

    READ = "read"
    SET = "set"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Call:
    """`path` without `/v1/`; `query` is the URL's query, `body` the JSON body (None: no body)."""

    method: str
    path: str
    effect: Effect = Effect.READ
    body: JsonObject | None = None
    query: dict[str, str] = field(default_factory=dict)

    @property
    def idempotent(self) -> bool:
        """Whether it may be sent again when nobody knows if it was done."""
        return self.effect is not Effect.CREATE

    @property
    def writes(self) -> bool:
        """Whether it changes anything in Notion."""
        return self.effect is not Effect.READ

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON object, and Notion's clock when it was made (HTTP `Date`, whole seconds)."""

    body: JsonObject
    served_at: datetime


def get(path: str, **query: str) -> Call:
    """A read by GET; empty query values are left out."""
    return Call("GET", path, query={key: value for key, value in query.items() if value})
