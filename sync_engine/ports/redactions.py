"""Redaction of what is stored of a record's past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Scope(NamedTuple):
    """Which values: of these events and records, these names (columns and fields; all but `keep` when empty)."""

    seqs: Sequence[int]
    records: Sequence[int]
    names: Sequence[str]
    keep: Sequence[str]


class Redactions(Protocol):
    """`sync_redactions`, and the tables that hold past values."""

    def count(self, scope: Scope) -> Mapping[str, int]:
        """How many events, journal entries and conflicts hold a value that would go."""
        ...

    def waiting(self, records: Sequence[int]) -> Sequence[str]:
        """Why values of these records are still needed: open conflicts, holds, something left to carry across."""
        ...

    def redact(self, scope: Scope, why: str) -> Mapping[str, int]:
        """Take the values out of log, journal and closed conflicts, and log that it was done and why; counts as
        `count`. In the caller's transaction; does nothing where nothing is left to take out."""
        ...

    def of(self, seqs: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        """Digest when sealed and digest now, of those of these events that were redacted."""
        ...

    def all(self) -> Mapping[int, Sequence[tuple[int, bytes, bytes]]]:
        """By the event that tells of it: number, digest before and after of each event redacted."""
        ...
