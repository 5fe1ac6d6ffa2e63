"""Every request that was handled, for assertions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sync_engine.sandbox.jsontypes import Json, JsonObject

KEPT = 100_000
"""Requests remembered; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One handled request. `status` is 0 when the connection was cut; `path` has no query string."""

    at: str
    method: str
    path: str
    query: str
    status: int
    user: str | None
    version: str | None
    body: Json
    fault: str | None = None
    code: str | None = None
    """The error code of the answer, if it is one."""
    committed: bool = False
    """Whether the request changed anything."""

    def as_json(self) -> JsonObject:
        """Return it as the control endpoint shows it."""
        return asdict(self)


class RequestLog:
    """The handled requests, oldest first; counts, indexes and iterates like a list."""

    def __init__(self) -> None:
        self._entries: deque[Logged] = deque(maxlen=KEPT)

    def append(self, entry: Logged) -> None:
        """Add a request."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def matching(self, method: str = "*", path: str = "") -> list[Logged]:
        """Return the requests with this method (`*` for any) whose path contains `path`."""
        return [each for each in self._entries if method in ("*", each.method) and path in each.path]

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, place: int) -> Logged:
        return self._entries[place]

    def __iter__(self) -> Iterator[Logged]:
        return iter(list(self._entries))
