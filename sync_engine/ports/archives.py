"""What left the log: as the database remembers it, and the files that hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from sync_engine.domain.archive import Archive, Stored
from sync_engine.domain.chain import Link


class Holder(NamedTuple):
    """What still needs the log: everything after this number has to stay, and why."""

    seq: int
    why: str


class Remaining(NamedTuple):
    """What is left to archive: links, events in them, and the highest number of these."""

    links: int
    events: int
    end: int


class Archives(Protocol):
    """`sync_archives`."""

    def all(self) -> Sequence[Archive]:
        """By first link."""
        ...

    def holders(self) -> Sequence[Holder]:
        """Everything that keeps events, each with the last number that may leave."""
        ...

    def due(self, until: datetime, last_seq: int, events: int) -> Sequence[Link]:
        """The next links that no archive holds, without a gap: sealed by then, up to that number, and as many as
        hold so many events (one at least)."""
        ...

    def remaining(self, until: datetime, last_seq: int) -> Remaining:
        """What `due` would give in the end."""
        ...

    def hash_before(self, link: int) -> bytes:
        """The hash of the link before this one; empty for the first."""
        ...

    def stored(self, link: Link) -> Sequence[Stored]:
        """The link's events as they are in the log now, by number."""
        ...

    def superseded(self, seqs: Sequence[int], until: datetime, last_seq: int) -> frozenset[int]:
        """Those of these events on which nothing rests any more: all that they told had been told anew by then."""
        ...

    def drop(self, archive: Archive, bits: Mapping[int, bytes], dropped: Sequence[int]) -> Archive:
        """Take these events out of the log, with unprotected marks before its end, and remember and log where they
        are; in the caller's transaction. An archive with an id is brought up to date."""
        ...

    def bits(self, link: int) -> bytes | None:
        """Which events of the link left (`domain.archive.dropped_bits`); None when no archive holds it."""
        ...

    def reason_of(self, seq: int) -> str | None:
        """What the event with that number says why the log was changed; None when there is none such."""
        ...


class ArchiveFiles(Protocol):
    """The folder of the archives."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def write(self, name: str, lines: Iterable[str]) -> str:
        """Write a file, force it to disk and only then give it its name; returns the SHA-256 of its bytes.

        Whatever was left of an earlier attempt is replaced. Raises ConfigurationError when it cannot be written.
        """
        ...

    def read(self, name: str) -> Iterator[str]:
        """Its lines. Raises FileNotFoundError, and ArchiveBroken when it cannot be unpacked."""
        ...

    def remove(self, name: str) -> None:
        """Remove it; nothing happens when it is not there."""
        ...

    def sha256(self, name: str) -> str | None:
        """The hash of its bytes, or None when it is not there."""
        ...
