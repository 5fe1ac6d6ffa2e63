"""Archived: what is not in the log any more, said to whoever asks about the past, and proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sync_engine.domain.archive import Archive, dropped_digest, dropped_events
from sync_engine.domain.chain import Link, Problem
from sync_engine.domain.redaction import redaction_proof
from sync_engine.domain.times import iso
from sync_engine.engine.context import Context
from sync_engine.errors import UsageError
from sync_engine.ports.database import UnitOfWork


def archived_until(uow: UnitOfWork) -> datetime | None:
    """The time before which the log tells only what was still so then; None when nothing was archived."""
    return max((archive.until for archive in uow.archives.all() if archive.dropped), default=None)


def refuse_archived(context: Context, *moments: datetime | None) -> None:
    """Raise UsageError for a time before which events were archived: the answer would be wrong, not only short."""
    with context.database.transaction() as uow:
        until = archived_until(uow)
        files = [archive.file for archive in uow.archives.all() if archive.dropped]
    for moment in moments:
        if until is not None and moment is not None and moment < until:
            raise UsageError(
                f"what was before {iso(until)} is archived: {_named(files)}",
                hint="`sync-engine log read` shows what the archives hold",
            )


def archived_note(context: Context, since: datetime | None = None) -> str:
    """A sentence for whoever reads a history that begins before the archived time; empty when it is whole."""
    with context.database.transaction() as uow:
        until = archived_until(uow)
        files = [archive.file for archive in uow.archives.all() if archive.dropped]
    if until is None or (since is not None and since >= until):
        return ""
    return (
        f"before {iso(until)} only what was still so then is in the log; the rest is archived in {_named(files)}:"
        " `sync-engine log read` shows it"
    )


def _named(files: Sequence[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} to {files[-1]}"


class Ledger:
    """What `audit verify` needs of archives: which events of a link may be gone, and whether the notes hold."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._archives = uow.archives.all()
        self._redactions = uow.redactions.all()
        self._bits: dict[int, bytes] = {}

    def gone(self, link: Link) -> frozenset[int]:
        """The numbers of the link's events that left the log for an archive."""
        bits = self._uow.archives.bits(link.id) if self._archives else None
        if bits is None:
            return frozenset()
        self._bits[link.id] = bits
        return dropped_events(link, bits)

    def as_sealed(self, digests: Mapping[int, bytes]) -> Mapping[int, bytes]:
        """The digests, those of redacted events as they were sealed, unless these were changed again since."""
        redacted = self._uow.redactions.of([*digests]) if self._redactions else {}
        kept = {seq: sealed for seq, (sealed, now) in redacted.items() if digests[seq] == now}
        return {**digests, **kept}

    def false_redactions(self) -> Iterator[Problem]:
        """Redactions that the log does not tell of in these words."""
        for logged, rows in self._redactions.items():
            reason = self._uow.archives.reason_of(logged) or ""
            if not reason.endswith(redaction_proof(rows)):
                yield Problem(rows[0][0], f"redacted, which event {logged} does not tell of as it was")

    def problems(self, context: Context) -> Sequence[Problem]:
        """Notes that the log does not confirm, and files that are not what was archived."""
        found: list[Problem] = [*self.false_redactions()]
        for archive in self._archives:
            links = range(archive.first_link, archive.last_link + 1)
            bits = {link: self._bits.get(link, b"") for link in links}
            if dropped_digest(bits) != archive.digest or (
                self._uow.archives.reason_of(archive.logged_seq) != archive.reason()
            ):
                told = f"the note of archive {archive.file} is not what the log tells of it"
                found.append(Problem(archive.first_seq, told))
            elif (sha256 := _sha256(context, archive)) not in (None, archive.sha256):
                altered = f"archive {archive.file} was altered: its SHA-256 is {sha256}"
                found.append(Problem(archive.first_seq, altered))
        return found

    def missing_files(self, context: Context) -> Sequence[str]:
        """Archives that are not in the folder: kept elsewhere, or lost."""
        return [archive.file for archive in self._archives if _sha256(context, archive) is None]


def _sha256(context: Context, archive: Archive) -> str | None:
    return context.archives.sha256(archive.file) if context.archives is not None else None
