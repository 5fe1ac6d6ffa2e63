"""The hash chain over the log, as it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync_engine.domain.chain import Link


@dataclass(frozen=True, slots=True)
class Sealed:
    """Counts at one moment: events that links hold, events in the log that links must hold, and the others."""

    held: int
    due: int
    unsealed: int


class Chain(Protocol):
    """Made by the log's reader (`EventLog.advance`, `EventLog.seal`); read here."""

    def links(self, after: int = 0) -> Iterator[Link]:
        """All links after that one, streamed."""
        ...

    def newest(self) -> Link | None:
        """The last link, or None before the first."""
        ...

    def digests(self, link: Link) -> Mapping[int, bytes]:
        """The digest of each event of the link as it is in the log now; those that are gone have none."""
        ...

    def counts(self) -> Sealed:
        """How much of the log is sealed; one look at all of it."""
        ...

    def is_guarded(self) -> bool:
        """Whether the triggers that keep the log and the chain append-only are there and on."""
        ...

    def strays(self, limit: int) -> Sequence[int]:
        """Numbers of events that links must hold and do not."""
        ...
